"""
A new request on its way into the journal: whose it is, whether it is a repetition, its answer.

The api_key is taken out before anything is kept. Requests that say the same wait for each other,
so two that come at once are one.
"""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from channels.contract import Delivery, Inbox
from channels.idempotency import HEADER, Turns, idempotency_key
from channels.keyholders import holder_of
from channels.open311_answer import Fault, Format, Row, answer, refusal
from channels.open311_fields import Pairs, first, without
from channels.open311_filed import Filed, FiledFile, read_filed
from channels.open311_form import read_form
from channels.open311_names import Names, is_repeated
from channels.open311_options import Client, Open311Options
from channels.open311_rows import service_name
from channels.open311_rules import faults_of
from channels.quota import Quota

POLICY = "client"
RETRY_SECONDS = "5"

_NOT_KEPT = ("api_key",)
_NO_KEY = Fault(code=HTTPStatus.FORBIDDEN, description="Missing or invalid api_key")
_TOO_OFTEN = Fault(code=HTTPStatus.TOO_MANY_REQUESTS, description="Too many requests")
_BAD_KEY = Fault(code=HTTPStatus.BAD_REQUEST, description="Idempotency-Key is no key")
_REUSED = Fault(
    code=HTTPStatus.UNPROCESSABLE_ENTITY,
    description="This Idempotency-Key belongs to another request",
)
_BUSY = Fault(code=HTTPStatus.CONFLICT, description="This request is still being answered")


class Filing:
    """Takes new requests; `clock` gives seconds since 1970, `stopwatch` from any beginning."""

    def __init__(
        self,
        names: Names,
        inbox: Inbox,
        *,
        clock: Callable[[], float],
        stopwatch: Callable[[], float],
    ) -> None:
        self._names = names
        self._inbox = inbox
        self._clock = clock
        self._quota = Quota(stopwatch)
        self._turns = Turns()

    async def file(
        self, request: web.Request, options: Open311Options, form: Format
    ) -> web.Response:
        """The answer to a POST; raises Refused for a body that cannot be read, and NotStored."""
        if not options.clients:
            return refusal([_NO_KEY], form)
        pairs, files = await read_form(request, options)
        client = holder_of(first(pairs, "api_key"), options.clients)
        if client is None:
            return refusal([_NO_KEY], form)
        left = self._quota.take(client.name, client.rate_per_minute)
        headers = left.headers(POLICY)
        if not left.admitted:
            return refusal([_TOO_OFTEN], form, headers=headers)
        services = {topic.code: service_name(topic) for topic in self._inbox.topics()}
        faults = faults_of(pairs, services=services, jurisdiction=options.jurisdiction_id)
        key = idempotency_key(request.headers.getall(HEADER, []))
        if faults or key is None:
            return refusal([*faults, *([_BAD_KEY] if key is None else [])], form, headers=headers)
        filed = self._filed(client, pairs, files, services)
        kept = await self._keep(filed, key)
        if isinstance(kept, Fault):
            wait = {"Retry-After": RETRY_SECONDS} if kept is _BUSY else {}
            return refusal([kept], form, headers=headers | wait)
        row: Row = {**_promise(options, kept), "service_notice": None, "account_id": None}
        return answer("service_requests", [row], form, status=options.post_status, headers=headers)

    async def look_up(self, token: str) -> Row | None:
        """The pair of token and id, the token alone until the case can be asked for, or None."""
        held = await self._inbox.stored(token)
        if held is None:
            return None
        [accepted] = await self._inbox.accept([Delivery(external_id=token, payload=held)])
        code = self._inbox.case_code(accepted)
        known = await self._inbox.status(code)
        return {"service_request_id": code if known else None, "token": token}

    def _filed(
        self,
        client: Client,
        pairs: Pairs,
        files: tuple[FiledFile, ...],
        services: dict[str, str],
    ) -> Filed:
        return Filed(
            client=client.name,
            at=int(self._clock()),
            service_name=services[first(pairs, "service_code")],
            fields=without(pairs, _NOT_KEPT),
            files=files,
        )

    async def _keep(self, request: Filed, key: str) -> tuple[str, str] | Fault:
        """Token and case code of what the journal now holds."""
        name = self._names.by_key(request.client, key) if key else ""
        async with self._turns.turn(name or self._names.lasting(request)) as is_ours:
            if not is_ours:
                return _BUSY
            if not name:
                name, request = await self._first_of(request)
            payload = msgspec.msgpack.encode(request)
            [accepted] = await self._inbox.accept([Delivery(external_id=name, payload=payload)])
            if key and not accepted.new and await self._is_another(name, request):
                return _REUSED
            return name, self._inbox.case_code(accepted)

    async def _first_of(self, request: Filed) -> tuple[str, Filed]:
        """The same request of the last ten minutes and its name, or this one's."""
        for window in (0, 1):
            name = self._names.by_content(request, window=window)
            held = await self._inbox.stored(name)
            kept = read_filed(held) if held else None
            if kept and is_repeated(kept, request.at):
                return name, kept
        return self._names.by_content(request), request

    async def _is_another(self, name: str, request: Filed) -> bool:
        """Whether the journal holds something else under this key; nothing, once it is erased."""
        held = await self._inbox.stored(name)
        kept = read_filed(held) if held else None
        return kept is not None and not kept.is_like(request)


def _promise(options: Open311Options, kept: tuple[str, str]) -> Row:
    token, code = kept
    return {"service_request_id": code} if options.type == "realtime" else {"token": token}
