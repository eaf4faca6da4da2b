"""
X calls us at /in/x: a challenge now and then (GET), and events (POST).

Challenge and event are signed with the same secret, so whoever got any words signed as an answer to
a challenge could send them as an event. A challenge is one word, an event is a JSON object, and
neither is taken for the other. Acknowledged is a 200 after `accept`; X waits 10 seconds for it.
https://docs.x.com/x-api/webhooks/introduction
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web

from channels.body import read_body
from channels.contract import Delivery, Inbox, NotStored, Secret
from channels.problem import problem
from channels.signatures import Signatures
from channels.x_items import Item, Wrapped, deliveries, event_of, is_v2, item_of

PATH = "/in/x"

_LARGEST_BODY = 4 << 20
_RETRY_SECONDS = 5
_CHALLENGE = re.compile(r"[A-Za-z0-9+/=_.~-]{1,256}", re.ASCII)


def signatures(secrets: Sequence[Secret]) -> Signatures:
    """X's way to sign."""
    return Signatures(secrets, "x-twitter-webhooks-signature", form="base64", prefix="sha256=")


class Hook:
    """The webhook; `signed` gives the signatures of now, which may change at a reload."""

    def __init__(self, inbox: Inbox, signed: Callable[[], Signatures]) -> None:
        self._inbox = inbox
        self._signed = signed

    def routes(self) -> list[web.AbstractRouteDef]:
        """/in/x, both ways."""
        return [web.get(PATH, self._challenge, allow_head=False), web.post(PATH, self._events)]

    async def _challenge(self, request: web.Request) -> web.Response:
        token = request.query.get("crc_token", "")
        response = self._signed().of(token.encode()) if _CHALLENGE.fullmatch(token) else ""
        if not response:
            return problem(HTTPStatus.BAD_REQUEST)
        return web.json_response({"response_token": response})

    async def _events(self, request: web.Request) -> web.Response:
        if not self._signed().is_shown(request.headers):
            return problem(HTTPStatus.FORBIDDEN)
        body = await read_body(request, _LARGEST_BODY)
        if body is None:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        # What a challenge could have signed is no event.
        is_object = body.lstrip().startswith(b"{")
        if not (self._signed().admits(request.headers, body) and is_object):
            return problem(HTTPStatus.FORBIDDEN)
        try:
            await self._inbox.accept(await rows_of(body, self._inbox))
        except NotStored:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, wait=_RETRY_SECONDS)
        return web.Response()


async def rows_of(body: bytes, inbox: Inbox) -> list[Delivery]:
    """Each event of a request as its own row; what cannot be taken apart stays whole."""
    try:
        items = items_of(json.loads(body))
        return await deliveries(items, inbox) or [_whole(body)]
    except (ValueError, RecursionError):
        return [_whole(body)]


def items_of(body: object) -> list[Item]:
    """The events in a request, of the Account Activity API or the X Activity API."""
    if not isinstance(body, Mapping):
        return []
    data = body.get("data")
    if isinstance(data, Mapping) and isinstance(data.get("event_type"), str):
        return _activity(data)
    account = _word(body, "for_user_id")
    return [
        event_of(kind, event, body.get("users"), account)
        for kind, events in body.items()
        if kind.endswith(("_events", "_event"))
        for event in (events if isinstance(events, list) else [events])
    ]


def _activity(data: Mapping[str, object]) -> list[Item]:
    kind, payload = str(data["event_type"]), data.get("payload")
    account = _word(data.get("filter"), "user_id")
    if is_v2(kind):
        wrapped = Wrapped(came="activity", account=account, event=kind)
        return [item_of(payload, data.get("includes"), wrapped, is_report=True)]
    messages = payload.get("direct_message_events") if isinstance(payload, Mapping) else None
    if isinstance(payload, Mapping) and isinstance(messages, list):
        users = payload.get("users")
        return [event_of("direct_message_events", one, users, account) for one in messages]
    return [event_of(kind, payload, None, account)]


def _whole(body: bytes) -> Delivery:
    return Delivery(external_id=f"bad.{hashlib.sha256(body).hexdigest()[:32]}", payload=body)


def _word(thing: object, name: str) -> str:
    value = thing.get(name) if isinstance(thing, Mapping) else None
    return value if isinstance(value, str) else ""
