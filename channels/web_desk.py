"""
The counter behind the form: requests in, pages out, and `accept` between the two.

A refused form is shown again with everything that was typed, a fresh token and, where the old
token was ours, the same report id: sending it once more is still one report.
"""

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
from aiohttp import web

from channels.contract import Delivery, Inbox, NotStored
from channels.room import Room, lease_of
from channels.visitors import Buckets, address_of
from channels.web_contact import address
from channels.web_filing import clean
from channels.web_form import Form, Problem, read_form
from channels.web_guard import (
    HEADERS,
    HEX,
    TOKEN_SECONDS,
    Recent,
    Ticket,
    Tokens,
    is_foreign,
)
from channels.web_message import message_of
from channels.web_options import WebOptions
from channels.web_pages import Pages

# The id under which the journal holds the report; only `lapor-gateway send` looks at it.
REPORT_HEADER = "Lapor-Report-Id"
LANGUAGE_COOKIE = "lapor_lang"
YEAR = 365 * 24 * 3600
# The Retry-After of a 503, in seconds.
SOON = 30
CODE_LENGTH = 40
LOOKS_ALIKE = str.maketrans("OIL", "011")


class Desk:
    """Serves the form for one inbox; `clock` gives seconds since 1970."""

    def __init__(
        self, options: WebOptions, key: bytes, inbox: Inbox, *, clock: Callable[[], float]
    ) -> None:
        self._options = options
        self._inbox = inbox
        self._clock = clock
        self._pages = Pages(options)
        self._tokens = Tokens(key)
        self._room = Room(options.max_memory_bytes)
        self._reports = Buckets(options.reports_per_hour)
        self._lookups = Buckets(options.lookups_per_hour)
        self._counted = Recent()
        # A __Host- cookie cannot be planted by a neighbouring site, but needs https and path /.
        self._cookie = "__Host-lapor" if options.secure else "lapor"

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Everything below /lapor, and the way there."""
        return [
            web.get("/", self._home),
            web.get("/lapor", self._show_form),
            web.post("/lapor", self._take_form),
            web.get("/lapor/", self._home),
            web.get("/lapor/status", self._show_status),
            web.get("/lapor/style.css", self._show_style),
            web.get("/lapor/icon.svg", self._show_icon),
        ]

    async def _home(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={**HEADERS, "Location": "/lapor"})

    # --- the form ---

    async def _show_form(self, request: web.Request) -> web.Response:
        return self._form(request, Form(), problems=(), ticket=None)

    async def _take_form(self, request: web.Request) -> web.Response:
        with self._room.lease(lease_of(request)) as lease:
            form = await read_form(request, self._options, lease)
            token, cookie = form.values.get("token", ""), self._cookie_of(request)
            ticket = self._tokens.read(token, cookie, self._clock())
            problems = _objections(
                form, ticket, foreign=is_foreign(request, self._options.public_url)
            )
            if ticket and not problems:
                form, problems = self._warned(form)
            if ticket and not problems:
                answer = await self._file(request, form, ticket)
                if isinstance(answer, web.Response):
                    return answer
                problems = [answer]
        return self._form(request, form, problems=problems, ticket=ticket)

    def _warned(self, form: Form) -> tuple[Form, list[Problem]]:
        """
        Whoever stays anonymous and tells who they are hears of it before it is sent, once.

        What they were warned of stands in the form: sent again, it is meant so.
        """
        before = set(form.values.get("warned", "").split(","))
        kinds = self._inbox.self_told(message_of(form.filing()))
        if before.issuperset(kinds):
            return form, []
        warned = ",".join(sorted(before.union(kinds) - {""}))
        form = replace(form, values={**form.values, "warned": warned})
        return form, [Problem(key="self_told", status=422, field="text", kinds=tuple(kinds))]

    async def _file(
        self, request: web.Request, form: Form, ticket: Ticket
    ) -> web.Response | Problem:
        """Hand the form in and show its case code, or say why that was not possible."""
        filing = form.filing()
        payload = msgspec.msgpack.encode(filing)
        external_id = self._tokens.external_id(ticket.report, payload)
        if wait := self._wait_of(request, external_id):
            return Problem(key="too_often", status=429, wait=wait)
        try:
            [accepted] = await self._inbox.accept(
                [Delivery(external_id=external_id, payload=payload)]
            )
        except NotStored:
            return Problem(key="not_stored", status=503, wait=SOON)
        page = self._pages.done(
            self._language(request, form),
            self._inbox.case_code(accepted),
            filing.contact,
            reachable=bool(address(filing.contact)),
        )
        page.headers[REPORT_HEADER] = external_id
        return page

    def _wait_of(self, request: web.Request, external_id: str) -> int:
        """Seconds this address has to wait; the same report again costs nothing."""
        if external_id in self._counted:
            return 0
        address = address_of(request, self._options.trusted_proxy_header)
        wait = math.ceil(self._reports.take(address, self._clock()))
        if not wait:
            self._counted.add(external_id)
        return wait

    def _form(
        self,
        request: web.Request,
        form: Form,
        *,
        problems: Sequence[Problem],
        ticket: Ticket | None,
    ) -> web.Response:
        cookie = self._cookie_of(request) or secrets.token_hex(16)
        token = self._tokens.issue(cookie, self._clock(), report=ticket.report if ticket else None)
        page = self._pages.form(self._language(request, form), token, form, problems)
        # Lax, not Strict: a link from elsewhere must not change the cookie under an open form.
        page.set_cookie(
            self._cookie,
            cookie,
            max_age=TOKEN_SECONDS,
            path="/" if self._options.secure else "/lapor",
            secure=self._options.secure,
            httponly=True,
            samesite="Lax",
        )
        return self._remembering(request, page)

    def _cookie_of(self, request: web.Request) -> str:
        cookie = request.cookies.get(self._cookie, "")
        return cookie if HEX.fullmatch(cookie) else ""

    # --- the look-up ---

    async def _show_status(self, request: web.Request) -> web.Response:
        lang = self._language(request, Form())
        asked = clean(request.query.get("kode", "")).strip()[:CODE_LENGTH]
        if not asked:
            return self._remembering(request, self._pages.status(lang, "", None))
        address = address_of(request, self._options.trusted_proxy_header)
        if wait := math.ceil(self._lookups.take(address, self._clock())):
            return self._pages.too_many_look_ups(lang, asked, wait)
        status = await self._inbox.status(_canonical(asked))
        return self._remembering(request, self._pages.status(lang, asked, status))

    # --- what both need ---

    def _language(self, request: web.Request, form: Form) -> str:
        """Chosen in the form, in the address or on an earlier page."""
        return self._pages.language(
            form.values.get("lang"),
            request.query.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
        )

    def _remembering(self, request: web.Request, page: web.Response) -> web.Response:
        wish = request.query.get("lang")
        if wish and wish == self._pages.language(wish):
            page.set_cookie(
                LANGUAGE_COOKIE,
                wish,
                max_age=YEAR,
                path="/lapor",
                secure=self._options.secure,
                httponly=True,
                samesite="Lax",
            )
        return page

    async def _show_style(self, request: web.Request) -> web.Response:
        current = request.query.get("v") == self._pages.version
        age = "31536000, immutable" if current else "3600"
        return _asset(self._pages.style, "text/css", f"public, max-age={age}")

    async def _show_icon(self, _: web.Request) -> web.Response:
        return _asset(self._pages.icon, "image/svg+xml", "public, max-age=86400")


def _objections(form: Form, ticket: Ticket | None, *, foreign: bool) -> list[Problem]:
    # Half a form says nothing about its token: what cut it short is the thing to put right.
    if not form.complete:
        return list(form.problems)
    if foreign:
        return [Problem(key="foreign", status=403), *form.problems]
    if ticket is None or not ticket.fresh:
        return [Problem(key="token", status=403), *form.problems]
    return list(form.problems)


def _canonical(asked: str) -> str:
    """A code as people type it, in the spelling it was issued in."""
    plain = "".join(character for character in asked.upper() if character.isalnum())
    return plain.translate(LOOKS_ALIKE)


def _asset(body: bytes, media_type: str, caching: str) -> web.Response:
    headers = {**HEADERS, "Cache-Control": caching}
    return web.Response(body=body, content_type=media_type, charset="utf-8", headers=headers)
