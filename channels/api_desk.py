"""
The counter of /api/v1: who asks, how often, what for; then `accept`; then the answer.

The answer to a report depends on its stored row alone, so a repeated request gets the same bytes,
for as long as the journal is kept. Requests with one key are answered one after another; the
journal sees to it that processes beside this one make no second record either.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus

import msgspec
from aiohttp import web

from channels.api_filed import Filed
from channels.api_form import read_report
from channels.api_keys import Names, key_shown
from channels.api_openapi import document
from channels.api_options import ApiOptions, App, Scope
from channels.api_problem import KEY_BUSY, KEY_MISSING, KEY_REUSED, QUOTA, refusal
from channels.api_report import CaseState, Created, TopicEntry, TopicList
from channels.contract import Delivery, Inbox, NotStored
from channels.idempotency import HEADER, Turns, idempotency_key
from channels.keyholders import holder_of
from channels.quota import Quota

PATH = "/api/v1"
POLICY = "app"
RETRY_SECONDS = "5"

_Answer = Callable[[web.Request, App], Awaitable[web.Response]]


class Desk:
    """Serves the API for one inbox; `options` may be replaced while it runs."""

    def __init__(
        self, options: ApiOptions, names: Names, inbox: Inbox, *, clock: Callable[[], float]
    ) -> None:
        self.options = options
        self._names = names
        self._inbox = inbox
        self._quota = Quota(clock)
        self.turns = Turns()

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Every method goes to us, so that a wrong one hears which there are."""
        answers: Mapping[str, tuple[str, Scope, _Answer]] = {
            "/reports": ("POST", "report", self._file),
            "/reports/{reference}": ("GET", "read", self._look_up),
            "/topics": ("GET", "read", self._list_topics),
        }
        return [
            web.route("*", f"{PATH}/openapi.json", self._show_document),
            *(
                web.route("*", PATH + path, partial(self._receive, method, scope, answer))
                for path, (method, scope, answer) in answers.items()
            ),
        ]

    async def _receive(
        self, method: str, scope: Scope, answer: _Answer, request: web.Request
    ) -> web.Response:
        if not _is_method(request, method):
            return _not_allowed(method)
        shown = key_shown(request.headers.get("Authorization", ""))
        app = holder_of(shown, self.options.apps)
        if app is None:
            # RFC 9110 wants the challenge; it is the same for no key and for a wrong one.
            return refusal(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        left = self._quota.take(app.name, app.rate_per_minute)
        headers = left.headers(POLICY)
        if not left.admitted:
            return refusal(
                HTTPStatus.TOO_MANY_REQUESTS, kind=QUOTA, violated=[POLICY], headers=headers
            )
        if scope in app.scopes:
            response = await answer(request, app)
        else:
            response = refusal(HTTPStatus.FORBIDDEN)
        response.headers.update(headers)
        return response

    # --- a report ---

    async def _file(self, request: web.Request, app: App) -> web.Response:
        report = await read_report(request, app.name, self.options)
        if isinstance(report, web.Response):
            return report
        key = idempotency_key(request.headers.getall(HEADER, []))
        key = report.id if key == "" else key
        if not key:
            return refusal(
                HTTPStatus.BAD_REQUEST,
                kind=KEY_MISSING,
                detail="send Idempotency-Key, or the app's own id of the report as `id`",
            )
        external_id = self._names.external_id(app.name, key)
        async with self.turns.turn(external_id) as is_ours:
            if not is_ours:
                headers = {"Retry-After": RETRY_SECONDS}
                return refusal(HTTPStatus.CONFLICT, kind=KEY_BUSY, headers=headers)
            return await self._keep(app, external_id, report)

    async def _keep(self, app: App, external_id: str, report: Filed) -> web.Response:
        payload = msgspec.msgpack.encode(report)
        try:
            [accepted] = await self._inbox.accept(
                [Delivery(external_id=external_id, payload=payload)]
            )
        except NotStored:
            headers = {"Retry-After": RETRY_SECONDS}
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)
        if not accepted.new and await self._is_another(external_id, report):
            return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, kind=KEY_REUSED)
        code = self._inbox.case_code(accepted)
        address = f"{PATH}/reports/{self._names.reference(app.name, code)}"
        created = Created(case_code=code, status_url=address)
        return _json(created, status=HTTPStatus.CREATED, headers={"Location": address})

    async def _is_another(self, external_id: str, report: Filed) -> bool:
        """Whether the journal holds something else under this key; nothing, once it is erased."""
        held = await self._inbox.stored(external_id)
        return held is not None and msgspec.msgpack.decode(held, type=Filed) != report

    # --- looking ---

    async def _look_up(self, request: web.Request, app: App) -> web.Response:
        code = self._names.case_code(app.name, request.match_info["reference"])
        if code is None:
            return refusal(HTTPStatus.NOT_FOUND)
        status = await self._inbox.status(code)
        if status is None:  # taken in and not read yet
            return _json(CaseState(case_code=code))
        return _json(
            CaseState(
                case_code=code,
                state=status.state,
                received_at=status.received_at,
                updated_at=status.updated_at,
            )
        )

    async def _list_topics(self, _: web.Request, __: App) -> web.Response:
        topics = self._inbox.topics()
        return _json(
            TopicList(
                topics=tuple(
                    TopicEntry(code=topic.code, name=topic.name, keywords=topic.keywords)
                    for topic in topics
                )
            )
        )

    async def _show_document(self, request: web.Request) -> web.Response:
        if not _is_method(request, "GET"):
            return _not_allowed("GET")
        body = document(self.options.max_files)
        return web.Response(body=body, content_type="application/json")


def _is_method(request: web.Request, method: str) -> bool:
    return request.method == method or (method == "GET" and request.method == "HEAD")


def _not_allowed(method: str) -> web.Response:
    allowed = "GET, HEAD" if method == "GET" else method
    return refusal(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": allowed})


def _json(
    body: msgspec.Struct,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=dict(headers or {}) | {"Cache-Control": "no-store"},
    )
