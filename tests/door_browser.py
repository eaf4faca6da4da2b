"""A browser at the real door: it keeps cookies, and posts forms with what stands in them."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus

import aiohttp
from access_site import KEPT, PASSWORD
from console_site import Site
from yarl import URL

from gateway.access import ordering
from gateway.access.ordering import UserOrder
from gateway.access.person import Role
from gateway.clock import now_ms
from gateway.console.frame import ROOT
from gateway.custody.duty import Done

INPUT = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(slots=True)
class Browser:
    """One browser; redirects are followed by hand, to be looked at."""

    site: Site
    session: aiohttp.ClientSession
    page: str = ""
    #: The page whose form is filled in; a redirect has none.
    form: str = ""
    status: int = 0
    location: str = ""
    cookies: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    async def look(self, path: str, **headers: str) -> str:
        """Open a page."""
        return await self._ask("GET", path, headers=headers)

    async def send(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> str:
        """Post a form with the hidden fields of the page at hand; given ones win."""
        hidden = {name: unescape(value) for name, value in INPUT.findall(self.form)}
        return await self._ask("POST", path, data=hidden | fields, headers=headers or {})

    async def sign_in(self, login: str = "sari", password: str = PASSWORD) -> str:
        """Login and password; what comes next."""
        await self.look("/login")
        return await self.send("/login", login=login, password=password)

    @property
    def token(self) -> str:
        """What it holds of its session."""
        found = [one.value for one in self.session.cookie_jar if one.key == "__Host-lapor"]
        return found[0] if found else ""

    async def _ask(self, method: str, path: str, **said: object) -> str:
        url = f"{self.site.internal}{path if path.startswith(ROOT) else ROOT + path}"
        async with self.session.request(
            method,
            url,
            allow_redirects=False,
            **said,  # type: ignore[arg-type]
        ) as answer:
            self.status, self.page = answer.status, await answer.text()
            self.form = self.page if answer.status != HTTPStatus.SEE_OTHER else self.form
            self.location = answer.headers.get("Location", "")
            self.cookies = answer.headers.getall("Set-Cookie", [])
            self.headers = answer.headers
        return self.page


@asynccontextmanager
async def browser(site: Site) -> AsyncIterator[Browser]:
    """A fresh one."""
    # A browser takes this machine for safe without https; so does this jar.
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=URL(site.internal))
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(site, session)


async def order(site: Site, **said: object) -> Done:
    """What an admin orders by the command line."""
    wanted = UserOrder(who="root", **said)  # type: ignore[arg-type]
    return await site.parts.store.write(
        lambda tx: ordering.carry_out(tx, site.parts.vault, wanted, now_ms())
    )


async def account(
    site: Site, login: str = "sari", role: Role = Role.OFFICER, **said: object
) -> None:
    """An account with PASSWORD."""
    await order(site, verb="add", login=login, role=role, password=KEPT, **said)
