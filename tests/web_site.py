"""The web form on a real server on a free port, in front of an inbox that remembers."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from typing import Any

import aiohttp
from aiohttp import web
from doors import LeanInbox
from listening import listening

from channels.contract import Accepted, Cursor, Delivery, NotStored, PublicStatus
from channels.web import Web
from channels.web_options import WebOptions

KEY = bytes(range(32))
CODE = "7Q4M2KXR9"
TOKEN = re.compile(r'name="token" value="([^"]+)"')
RECEIVED = datetime(2026, 1, 3, 1, 30, tzinfo=UTC)


class Inbox(LeanInbox):
    """Holds what was accepted in memory; `full` makes it refuse, as a full disk would."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.full = False
        self.asked: list[str] = []
        self.known = {
            CODE: PublicStatus(
                case_code=CODE, state="diteruskan", received_at=RECEIVED, updated_at=RECEIVED
            )
        }

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Keep each external id once."""
        del cursor
        if self.full:
            raise NotStored
        accepted = []
        for delivery in deliveries:
            new = delivery.external_id not in self.rows
            self.rows.setdefault(delivery.external_id, delivery.payload)
            number = list(self.rows).index(delivery.external_id)
            accepted.append(Accepted(id=number, new=new))
        return accepted

    def case_code(self, accepted: Accepted) -> str:
        """A code that tells the rows apart."""
        return f"{CODE[:-1]}{accepted.id}"

    async def status(self, case_code: str) -> PublicStatus | None:
        """One of `cases`."""
        self.asked.append(case_code)
        return self.known.get(case_code)


class Site:
    """An address, the channel and the inbox behind it."""

    def __init__(self, url: str, channel: Web, inbox: Inbox) -> None:
        self.url = url
        self.channel = channel
        self.inbox = inbox

    @property
    def host(self) -> str:
        """As it stands in a Host header."""
        return self.url.removeprefix("http://")


class Time:
    """Seconds since 1970, standing still until somebody changes them."""

    def __init__(self) -> None:
        self.now = 1_767_403_800.0

    def __call__(self) -> float:
        """Tell it."""
        return self.now


class Visitor:
    """A browser without pictures: keeps cookies and reads the token out of the form."""

    def __init__(self, site: Site, session: aiohttp.ClientSession) -> None:
        self.site = site
        self.session = session
        self.status = 0
        self.page = ""
        self.headers: Any = {}

    async def get(self, path: str = "/lapor", **headers: str) -> str:
        """Open a page."""
        async with self.session.get(self.site.url + path, headers=headers) as response:
            return await self._read(response)

    async def post(
        self, form: aiohttp.FormData | bytes | AsyncIterator[bytes], **headers: str
    ) -> str:
        """Send a body to the form."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.site.url + "/lapor"
        async with self.session.post(url, data=form, headers=names) as response:
            return await self._read(response)

    async def send(
        self,
        text: str = "Jalan di depan pasar rusak.",
        *,
        token: str | None = None,
        **fields: object,
    ) -> str:
        """Fill in the form of the page that is open and send it."""
        return await self.post(self.filled(text, token=token, **fields))

    def filled(
        self, text: str = "Jalan rusak.", *, token: str | None = None, **fields: object
    ) -> aiohttp.FormData:
        """The form as the browser would send it; `files` are (name, bytes) pairs."""
        form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
        form.add_field("token", self.token if token is None else token)
        form.add_field("text", text)
        files: Any = fields.pop("files", ())
        for name, value in fields.items():
            form.add_field(name, str(value))
        for name, content in files:
            form.add_field("files", content, filename=name)
        return form

    @property
    def token(self) -> str:
        """The token in the page that is open."""
        found = TOKEN.search(self.page)
        return found[1] if found else ""

    @property
    def text(self) -> str:
        """What stands in the text field of the page that is open."""
        return unescape(re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", self.page, re.DOTALL)[0])

    async def _read(self, response: aiohttp.ClientResponse) -> str:
        self.status, self.headers = response.status, response.headers
        self.page = await response.text()
        return self.page


@asynccontextmanager
async def running_site(
    options: WebOptions | None = None, clock: Time | None = None
) -> AsyncIterator[Site]:
    """The form on 127.0.0.1, until the block ends."""
    inbox = Inbox()
    channel = Web(options or WebOptions(), KEY, clock or Time())
    app = web.Application()
    app.add_routes(channel.routes(inbox))
    runner = web.AppRunner(app, shutdown_timeout=1)
    async with listening(runner) as url:
        yield Site(url, channel, inbox)


@asynccontextmanager
async def visiting(site: Site) -> AsyncIterator[Visitor]:
    """A visitor who has the empty form open."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        visitor = Visitor(site, session)
        await visitor.get()
        yield visitor
