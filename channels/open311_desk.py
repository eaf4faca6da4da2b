"""
The counter of the Open311 server: resource and format out of the address, then the answer.

A request is answered after `accept`, with its case code as service_request_id (realtime) or with
its journal name as token (batch). Both hold over a restart: they are what the journal knows. One
route takes everything, so that whatever is wrong is said in the format that was asked for.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeAlias

from aiohttp import web

from channels import open311_rows as rows
from channels.contract import CaseQuery, Inbox, NotStored
from channels.open311_answer import Fault, Format, Row, answer, refusal
from channels.open311_filing import Filing
from channels.open311_form import Refused, query_of
from channels.open311_names import Names
from channels.open311_options import Open311Options
from channels.open311_rules import unknown_jurisdiction
from channels.open311_search import MOST, search_of, span_of
from channels.visitors import Buckets, address_of

PATH = "/open311/v2"
RETRY_SECONDS = "5"
# A list may open thousands of sealed records; citizens' messages come first.
LISTS_AT_ONCE = 2
# Codes of cases that are not public are looked up one by one.
MOST_LOOKED_UP = 50

_Clock = Callable[[], float]
_Get: TypeAlias = Callable[[web.Request, str, Format], Awaitable[web.Response]]


class Desk:
    """Serves GeoReport v2 for one inbox; `options` may be replaced while it runs."""

    def __init__(
        self,
        options: Open311Options,
        names: Names,
        inbox: Inbox,
        *,
        clock: _Clock,
        stopwatch: _Clock,
    ) -> None:
        self.options = options
        self._inbox = inbox
        self._clock = clock
        self._filing = Filing(names, inbox, clock=clock, stopwatch=stopwatch)
        # Codes cannot be guessed as long as nobody may try millions of them.
        self._guesses = Buckets(options.guesses_per_hour)
        self._lists = asyncio.Semaphore(LISTS_AT_ONCE)
        self._gets: Mapping[str, _Get] = {
            "discovery": self._discovery,
            "services": self._services,
            "services/": self._service,
            "requests": self._requests,
            "requests/": self._request,
            "tokens/": self._token,
            "servicerequestupdates": self._updates,
        }

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Everything below /open311/v2."""
        return [web.route("*", f"{PATH}/{{resource:.*}}", self._receive)]

    async def _receive(self, request: web.Request) -> web.Response:
        path, _, extension = request.match_info["resource"].rpartition(".")
        form: Format = "json" if extension == "json" else "xml"
        resource, slash, name = path.partition("/")
        get = self._gets.get(resource + slash)
        if extension not in {"json", "xml"} or get is None or (slash and not name):
            return refusal([_fault(HTTPStatus.NOT_FOUND, "No such resource or format")], form)
        try:
            return await self._answer(request, get, name, form)
        except Refused as refused:
            return refusal([refused.fault], form)
        except NotStored:
            fault = _fault(HTTPStatus.SERVICE_UNAVAILABLE, "Not stored: send it again")
            return refusal([fault], form, headers={"Retry-After": RETRY_SECONDS})

    async def _answer(
        self, request: web.Request, get: _Get, name: str, form: Format
    ) -> web.Response:
        posts = get == self._requests
        if request.method == "POST" and posts:
            return await self._filing.file(request, self.options, form)
        if request.method not in {"GET", "HEAD"}:
            allowed = "GET, HEAD, POST" if posts else "GET, HEAD"
            fault = _fault(HTTPStatus.METHOD_NOT_ALLOWED, "Not with this method")
            return refusal([fault], form, headers={"Allow": allowed})
        faults = list(unknown_jurisdiction(query_of(request), self.options.jurisdiction_id))
        return refusal(faults, form) if faults else await get(request, name, form)

    # --- services ---

    async def _discovery(self, request: web.Request, _: str, form: Format) -> web.Response:
        base = self.options.public_url.rstrip("/") or _origin(request)
        return answer("discovery", rows.discovery_row(self.options, base + PATH), form)

    async def _services(self, _: web.Request, __: str, form: Format) -> web.Response:
        topics = self._inbox.topics()
        listed = [rows.service_row(topic, self.options.type) for topic in topics]
        return answer("services", listed, form)

    async def _service(self, _: web.Request, name: str, form: Format) -> web.Response:
        if name not in {topic.code for topic in self._inbox.topics()}:
            return refusal([_fault(HTTPStatus.NOT_FOUND, "service_code was not found")], form)
        definition: Row = {"service_code": name, "attributes": []}
        return answer("service_definition", definition, form)

    # --- requests ---

    async def _requests(self, request: web.Request, _: str, form: Format) -> web.Response:
        wanted = search_of(query_of(request), self._now())
        if not isinstance(wanted, CaseQuery):
            return refusal(wanted, form)
        return await self._cases(request, wanted, form)

    async def _request(self, request: web.Request, name: str, form: Format) -> web.Response:
        now = self._now()
        one = CaseQuery(received_from=now, received_until=now, case_codes=(name,))
        return await self._cases(request, one, form)

    async def _cases(self, request: web.Request, wanted: CaseQuery, form: Format) -> web.Response:
        address = address_of(request, self.options.trusted_proxy_header)
        if wanted.case_codes and (wait := self._guesses.wait(address, self._clock())):
            fault = _fault(HTTPStatus.TOO_MANY_REQUESTS, "Too many ids that do not exist")
            return refusal([fault], form, headers={"Retry-After": str(math.ceil(wait))})
        async with self._lists:
            cases = await self._inbox.cases(wanted)
        names = {topic.code: rows.service_name(topic) for topic in self._inbox.topics()}
        found = [rows.case_row(case, names) for case in cases]
        seen = {case.case_code for case in cases}
        for code in wanted.case_codes[:MOST_LOOKED_UP]:
            status = await self._inbox.status(code)
            if status and status.case_code not in seen:
                seen.add(status.case_code)
                found.append(rows.status_row(status))
            if status is None:
                self._guesses.take(address, self._clock())
        if wanted.case_codes and not found:
            fault = _fault(HTTPStatus.NOT_FOUND, "service_request_id was not found")
            return refusal([fault], form)
        return answer("service_requests", found, form)

    async def _token(self, _: web.Request, name: str, form: Format) -> web.Response:
        row = await self._filing.look_up(name)
        if row is None:
            return refusal([_fault(HTTPStatus.NOT_FOUND, "token was not found")], form)
        return answer("service_requests", [row], form)

    async def _updates(self, request: web.Request, _: str, form: Format) -> web.Response:
        faults: list[Fault] = []
        now = self._now()
        span = span_of(query_of(request), now, faults)
        if faults:
            return refusal(faults, form)
        # What changed lately came in within the last weeks; older cases are asked for by their id.
        recent = span_of((), now, faults)
        wanted = CaseQuery(received_from=recent.start, received_until=recent.end, limit=MOST)
        async with self._lists:
            cases = await self._inbox.cases(wanted)
        changed = [case for case in cases if span.start <= case.updated_at <= span.end]
        return answer("service_request_updates", rows.update_rows(changed), form)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _origin(request: web.Request) -> str:
    """The address the client used; raises Refused where its Host header names none."""
    try:
        return str(request.url.origin())
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "The Host header names no host") from error


def _fault(code: HTTPStatus, description: str) -> Fault:
    return Fault(code=code, description=description)
