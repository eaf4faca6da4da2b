"""
The whole gateway in the test's own process, with its console: citizens write, officers look.

Everything is real: the database, the doors, the pipeline, the outbox, the central store. Pages are
fetched as a browser would, with cookies, and forms are posted with what the page put into them.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from types import MappingProxyType

import aiohttp
from aiohttp import web, web_app
from ports import unused_port
from yarl import URL

from gateway import work
from gateway.access.person import Person, Role
from gateway.app import App
from gateway.build import Parts
from gateway.console.csrf import masked
from gateway.console.frame import ROOT, Visitor
from gateway.settings import read_settings

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
SETTLE_SECONDS = 30.0
OFFICER = Person(id=1, login="rini", name="Rini", role=Role.OFFICER)
ADMIN = Person(id=2, login="ayu", name="Ayu", role=Role.ADMIN)


def token_of(person: Person) -> str:
    """What a page of theirs would carry, for those whose pages show no form."""
    return masked(_token(person))


def _token(person: Person) -> str:
    return f"token of {person.login}"


class Cookies:
    """Knows people by a cookie with their login."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        self.people = people

    async def visitor(self, request: web.Request) -> Visitor | None:
        """Whoever the cookie names."""
        person = self.people.get(request.cookies.get("as", ""))
        return Visitor(person=person, csrf=_token(person)) if person else None

    async def turn_away(self, request: web.Request) -> web.StreamResponse:
        """To the door."""
        del request
        raise web.HTTPSeeOther(f"{ROOT}/login")


@dataclass(slots=True, kw_only=True)
class Desk:
    """Somebody's browser, signed in."""

    base: str
    session: aiohttp.ClientSession
    #: Of the page that was looked at last.
    page: str = ""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    async def look(self, path: str, **headers: str) -> str:
        """Open a page."""
        async with self.session.get(f"{self.base}{ROOT}{path}", headers=headers) as response:
            return await self._take(response)

    async def fetch(self, path: str) -> bytes:
        """A file or picture."""
        async with self.session.get(f"{self.base}{ROOT}{path}") as response:
            self.status, self.headers = response.status, response.headers
            return await response.read()

    async def send(self, path: str, *, csrf: str | None = None, **fields: str | list[str]) -> str:
        """Post a form of the page looked at last, and follow to where it leads."""
        found = CSRF.search(self.page)
        token = csrf if csrf is not None else unescape(found[1]) if found else ""
        pairs = [("csrf", token)]
        for name, value in fields.items():
            pairs += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        async with self.session.post(f"{self.base}{ROOT}{path}", data=pairs) as response:
            return await self._take(response)

    async def _take(self, response: aiohttp.ClientResponse) -> str:
        self.status, self.headers = response.status, response.headers
        self.page = await response.text()
        return self.page


class Site:
    """A running gateway."""

    def __init__(self, app: App, parts: Parts, smtp: str = "") -> None:
        self.app = app
        self.parts = parts
        self.url = f"http://{parts.settings.http.public}"
        self.internal = f"http://{parts.settings.http.internal}"
        self.smtp = smtp
        self._count = 0

    @asynccontextmanager
    async def desk(self, person: Person = OFFICER) -> AsyncIterator[Desk]:
        """A browser in which this person is signed in."""
        jar = aiohttp.CookieJar(unsafe=True)
        jar.update_cookies({"as": person.login}, URL(self.internal))
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            yield Desk(base=self.internal, session=session)

    async def sms(self, sender: str, text: str, **fields: str) -> str:
        """A citizen writes; the case code, once there is a record."""
        self._count += 1
        form = {"from": sender, "text": text, "id": f"test-{self._count}"} | fields
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/in/sms", data=form) as response,
        ):
            assert response.status == 200, await response.text()
        await self.settled()
        row = await self.parts.store.read(
            lambda tx: tx.one(
                "select case_code from records where channel = 'sms' and external_id = :id",
                id=form["id"],
            )
        )
        return str(row[0]) if row else ""

    async def settled(self) -> None:
        """Wait until the pipeline has nothing before it."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while (await self.parts.store.read(work.backlog)).waiting:  # noqa: ASYNC110 (a table)
                await asyncio.sleep(0.02)


@asynccontextmanager
async def console_site(
    home: Path,
    toml: str = "",
    *,
    people: tuple[Person, ...] | None = (OFFICER, ADMIN),
    store: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Site]:
    """
    A gateway below `home` with these settings beside its addresses; on another store by URL.

    `people` is who a cookie may name; with None people sign in at the real door.
    """
    config, data = home / "config", home / "data"
    config.mkdir(exist_ok=True)
    public, internal, smtp = (f"127.0.0.1:{unused_port()}" for _ in range(3))
    head = f'[http]\npublic = "{public}"\ninternal = "{internal}"\n'
    head += f'[store]\nurl = "{store}"\n' if store else ""
    mail = f'[channels.mail]\nlisten = "{smtp}"\n' if "[channels.mail]" not in toml else ""
    (config / "gateway.toml").write_text(f"{head}{toml}\n{mail}")
    gate = None if people is None else Cookies({one.login: one for one in people})
    app = App(read_settings(config, data, environment), {}, gate=gate)
    ready = asyncio.Event()
    running = asyncio.create_task(app.run(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        await running
    assert app.parts
    try:
        yield Site(app, app.parts, smtp)
    finally:
        app.stop()
        await running
        # aiohttp remembers each handler with its application, and with it all of the gateway.
        web_app._cached_build_middleware.cache_clear()  # noqa: SLF001 (there is no other way)
