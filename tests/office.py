"""
A Diskominfo in one test: citizens on five channels, officers in Debian's Chromium.

Chromium is driven by Playwright; a page's own errors, and what its policy refused, fail the test.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import peers
import pyotp
from access_site import PASSWORD
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from console_site import Site, console_site
from door_browser import account
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from sms_gateway import SendApiPeer, serving

from forwarder.ports import Transaction
from gateway.access import users
from gateway.access.person import Role
from gateway.console.frame import ROOT

API_KEY = "kunci-aplikasi-kabupaten-01"
CITY_KEY = "kunci-peta-kota-0000000001"
SECRETS = {
    "LAPOR_APP_KEY": API_KEY,
    "LAPOR_CITY_KEY": CITY_KEY,
    "LAPOR_DOOR": "kunci-pintu-0000000001",
}
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TOML = """
[tenant]
area = "36.03"
[notices]
fold = 1.0
quiet_from = "00:00"
quiet_until = "00:00"
[central.central]
kind = "sqlite"
[central.sp4n]
kind = "handoff"
[channels.sms]
send_url = "{sms}/send"
[channels.api]
enabled = true
[[channels.api.apps]]
name = "aplikasi-kabupaten"
keys = ["app_key"]
[channels.open311]
enabled = true
[[channels.open311.clients]]
name = "peta-kota"
keys = ["city_key"]
"""


@dataclass(slots=True)
class Citizens:
    """People with something to say, each on a channel of their own."""

    site: Site
    #: What the operator's SMS centre was asked to send.
    answers: SendApiPeer = field(default_factory=SendApiPeer)

    async def by_mail(self, subject: str, text: str) -> None:
        """Write to the office's address."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "warga@example.org", "lapor@localhost", subject
        mail["Message-ID"] = "<satu@example.org>"
        mail.set_content(text)
        host, _, port = self.site.smtp.rpartition(":")
        await aiosmtplib.send(mail, hostname=host, port=int(port))

    async def by_form(self, browser: Browser, text: str, place: str) -> None:
        """Fill in the web form."""
        page = await browser.new_page()
        await page.goto(f"{self.site.url}/lapor")
        await page.fill("[name=text]", text)
        await page.fill("[name=place]", place)
        await page.click("main form button")
        await page.wait_for_selector(".code")
        await page.close()

    async def by_app(self, text: str) -> None:
        """Use the regency's own app."""
        headers = {"Authorization": f"Bearer {API_KEY}"}
        await self._post("/api/v1/reports", headers=headers, json={"text": text, "id": "a-1"})

    async def by_map(self, text: str) -> None:
        """Put a pin on a map that speaks Open311."""
        form = {
            "api_key": CITY_KEY,
            "service_code": "jalan_rusak",
            "lat": "-6.2",
            "long": "106.5",
            "description": text,
        }
        await self._post("/open311/v2/requests.json", data=form)

    async def _post(self, path: str, **said: Any) -> None:  # noqa: ANN401 (as aiohttp takes it)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.site.url}{path}", **said) as response,
        ):
            assert response.status in (200, 201), await response.text()


@dataclass
class Office:
    """A running gateway, its citizens, and a browser for its officers."""

    site: Site
    citizens: Citizens
    chromium: Browser
    #: What pages complained about.
    complaints: list[str] = field(default_factory=list)
    _used: dict[str, str] = field(default_factory=dict)

    async def seat(
        self, *, size: dict[str, int] = DESK, scripts: bool = True, dark: bool = False
    ) -> Page:
        """A browser of somebody's own."""
        context = await self.chromium.new_context(
            viewport=size,  # type: ignore[arg-type]  # a plain dict is one
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
        )
        page = await context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    async def sign_in(self, page: Page, login: str = "rini", role: Role = Role.OFFICER) -> None:
        """The first time: password, app, recovery codes; later the password and a code."""
        known = await self.site.parts.store.read(lambda tx: users.find(tx, login))
        if known is None:
            await account(self.site, login, role)
        await page.goto(f"{self.site.internal}{ROOT}")
        await self.pass_the_door(page, login)
        if known is None:
            await page.click("main a.button")

    async def pass_the_door(self, page: Page, login: str = "rini") -> None:
        """Password and code; no code of the app opens twice, so the next one may be waited for."""
        await page.fill("[name=login]", login)
        await page.fill("[name=password]", PASSWORD)
        await page.click("main form button")
        await page.wait_for_selector("[name=code]")
        secret = await self.site.parts.store.read(lambda tx: self._secret(tx, login))
        used = self._used.get(login)
        while (code := pyotp.TOTP(secret).now()) == used:  # noqa: ASYNC110 (time itself)
            await asyncio.sleep(0.5)
        self._used[login] = code
        await page.fill("[name=code]", code)
        await page.click("main form button")

    async def told(self, words: str) -> None:
        """Wait until the SMS centre was asked to send these words."""
        async with asyncio.timeout(30):
            while not any(words in str(one) for one in self.citizens.answers.asked):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def barriers(self, page: Page) -> list[str]:
        """What axe-core finds serious or critical on a page."""
        found = await Axe().run(page)
        return [
            f"{one['id']}: {node['html'][:160]}"
            for one in found.response["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]

    def _secret(self, tx: Transaction, login: str) -> str:
        user = users.find(tx, login)
        assert user
        return users.totp_secret(tx, self.site.parts.vault, user.id) or ""

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")


@asynccontextmanager
async def office(home: Path, more: str = "") -> AsyncIterator[Office]:
    """Everything, running, with `more` settings; skipped where there is no Chromium."""
    program = peers.need("chromium")
    centre = SendApiPeer()
    async with (
        serving(centre.routes()) as sms,
        console_site(
            home, TOML.replace("{sms}", sms) + more, people=None, environment=SECRETS
        ) as site,
        async_playwright() as playwright,
    ):
        chromium = await playwright.chromium.launch(
            executable_path=str(program), args=["--no-sandbox"]
        )
        running = Office(site, Citizens(site, centre), chromium)
        yield running
        await chromium.close()
        assert running.complaints == [], running.complaints
