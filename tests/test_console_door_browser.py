"""The door in a real browser: the whole way in, with scripts and without, on a phone too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
from access_site import KEPT, PASSWORD
from chromium import DESK, PHONE, Browser, Page, running_chromium
from console_site import Site, console_site
from door_browser import account, order

from forwarder.ports import Transaction
from gateway.access import users
from gateway.access.person import Role

pytestmark = pytest.mark.peer
#: On every page, one press behind one's own name.
LEAVE = 'details.me form[action="/console/logout"] button'
PLAIN = "plain text that was typed before the session ended"


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    async with running_chromium(tmp_path / "profile") as running:
        yield running


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    home = tmp_path / "home"
    home.mkdir()
    async with console_site(home, people=None) as running:
        await order(running, verb="add", login="ayu", name="Ayu", role=Role.ADMIN, password=KEPT)
        yield running


async def app_of(site: Site) -> pyotp.TOTP:
    def look(tx: Transaction) -> str:
        user = users.find(tx, "ayu")
        assert user
        return users.totp_secret(tx, site.parts.vault, user.id) or ""

    return pyotp.TOTP(await site.parts.store.read(look))


async def come_to_the_app(page: Page, site: Site) -> None:
    await page.go(f"{site.internal}/console")
    await page.type("#login", "ayu")
    await page.type("#password", PASSWORD)
    await page.follow("main form button")
    # A picture the policy keeps out would have no size.
    assert await page.evaluate("document.querySelector('main img').naturalWidth") > 100


@pytest.mark.parametrize(("phone", "dark", "scripts"), [(False, False, True), (True, True, False)])
async def test_the_way_in_and_around(
    chromium: Browser, site: Site, *, phone: bool, dark: bool, scripts: bool
) -> None:
    """App, recovery codes, accounts, the trail, out; on this machine the cookie needs no https."""
    page = await chromium.page(PHONE if phone else DESK, dark=dark, scripts=scripts)
    await page.go(f"{site.internal}/console")
    await _paste(page, PASSWORD)
    assert await page.value("#password") == PASSWORD
    assert await page.evaluate("document.querySelector('#password').type") == "password"
    await come_to_the_app(page, site)
    await page.type("#code", (await app_of(site)).now())
    await page.follow("main form button")
    assert len((await page.text("main ul")).split()) == 10
    assert not await page.evaluate("document.cookie")
    await page.follow("main a.button")
    for path in ("/people", "/people/ayu", "/trail", "/me"):
        await page.go(f"{site.internal}/console{path}")
        assert await page.evaluate("document.querySelector('h1') !== null"), path
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not await page.evaluate(wider), path
        assert await page.evaluate(f"document.querySelector({LEAVE!r}) !== null"), path
    assert "\tmasuk\t" in await _trail(page, site)
    await page.click("details.me summary")
    await page.follow(LEAVE)
    assert await page.value("#login") == ""
    await page.go(f"{site.internal}/console/me")
    assert await page.value("#login") == ""


async def test_what_was_typed_comes_back_in_a_browser(chromium: Browser, site: Site) -> None:
    """The session ends under the form; after the door it is there, and one press sends it."""
    await account(site, "sari")
    page = await chromium.page(DESK)
    await come_to_the_app(page, site)
    await page.type("#code", (await app_of(site)).now())
    await page.follow("main form button")
    await page.go(f"{site.internal}/console/me")
    await site.parts.store.write(lambda tx: tx.run("update sessions set seen_at = 0"))
    await page.evaluate("document.querySelector('#name').value = ''")
    await page.type("#name", PLAIN)
    await page.follow("form[action='/console/me/name'] button")
    await page.type("#login", "ayu")
    await page.type("#password", PASSWORD)
    await page.follow("main form button")
    await page.type("#code", (await app_of(site)).generate_otp((await _step(site)) + 1))
    await page.follow("main form button")
    assert PLAIN in await page.text("main")
    await page.follow("main form button")
    assert await page.value("#name") == PLAIN


async def _paste(page: Page, text: str) -> None:
    """Put a password into its field as a password manager's user does who copied it."""
    await page.type("#login", text)
    await page.edit("selectAll")
    await page.edit("cut")
    await page.evaluate("document.querySelector('#password').focus()")
    await page.edit("paste")


async def _trail(page: Page, site: Site) -> str:
    await page.go(f"{site.internal}/console/trail")
    return await page.text("main")


async def _step(site: Site) -> int:
    row = await site.parts.store.read(lambda tx: tx.one("select max(totp_step) from users"))
    assert row
    return int(row[0])
