"""
Where the messages of one kind of SMS gateway come in: by the usual way, and by the quick one.

Both ask the same questions in the same order; the quick one leaves every refusal to the usual one.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web
from multidict import CIMultiDictProxy

from channels.acknowledgement import Acknowledgement
from channels.body import read_body
from channels.capture import pack
from channels.contract import Accepted, Delivery, Inbox, NotStored
from channels.posted import Posted, QuickDoor
from channels.problem import problem
from channels.secrets import Guard
from channels.sms_form import external_id, id_finder
from channels.sms_presets import PRESETS, Names

# The longest SMS there is has 255 parts of 153 characters.
_LARGEST_BODY = 64 * 1024
_RETRY_SECONDS = 5


class SmsDoor:
    """The door of one preset; the guard is asked for each time, for it may be another one."""

    def __init__(self, inbox: Inbox, name: str, names: Names, guard: Callable[[], Guard]) -> None:
        preset = PRESETS[name]
        self._inbox = inbox
        self._name = name
        self._names = names
        self._guard = guard
        self._preset = preset
        self._find_id = id_finder(preset.id_name(names)) if preset.id_name else None
        self._answer = Acknowledgement(preset.acknowledgement)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        guard, query = self._guard(), request.raw_path.partition("?")[2]
        if not (request.content.is_eof() or guard.may_admit(request, query)):
            return problem(HTTPStatus.FORBIDDEN)
        body = await read_sms(request)
        if body is None:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not guard.admits(request, query, body):
            return problem(HTTPStatus.FORBIDDEN)
        delivery = self._delivery(guard.without_secret(query), request.headers, body)
        if delivery is None:
            return problem(HTTPStatus.BAD_REQUEST, "the request is empty")
        return await keep(self._inbox, delivery, self._answer.to(request))

    def quick(self) -> QuickDoor:
        """The same for a POST that is here as a whole."""
        return QuickDoor(self._take, self._answer)

    def _take(self, posted: Posted) -> asyncio.Future[Accepted] | None:
        guard, query, body = self._guard(), posted.query, posted.body
        if len(body) > _LARGEST_BODY or not guard.admits(posted, query, body):
            return None
        delivery = self._delivery(guard.without_secret(query), posted.headers, body)
        return self._inbox.begin(delivery) if delivery else None

    def _delivery(self, query: str, given: CIMultiDictProxy[str], body: bytes) -> Delivery | None:
        """What is worth keeping of a request that may come in; None: it is empty."""
        headers = {name: given[name] for name in self._preset.headers if name in given}
        raw = (query, headers, body)
        key = self._find_id(raw) if self._find_id else None
        if key is None:
            fields = self._preset.read(raw, self._names)
            if not (body or query or fields.get("from")):
                return None
            key = external_id(fields)
        return Delivery(external_id=key, payload=pack(f"{self._name}?{query}", headers, body))


async def read_sms(request: web.Request) -> bytes | None:
    """The body, or None where it is larger than any SMS."""
    if not request.content.is_eof():
        return await read_body(request, _LARGEST_BODY)
    # It came together with the head, as nearly every SMS does.
    body = request.content.read_nowait()
    return body if len(body) <= _LARGEST_BODY else None


async def keep(inbox: Inbox, delivery: Delivery, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer once the delivery is on disk, 503 where that cannot be promised."""
    try:
        await inbox.accept((delivery,))
    except NotStored:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, wait=_RETRY_SECONDS)
    return answer
