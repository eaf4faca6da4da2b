"""Page Laporan in a real browser: by keys alone, live, and shown before it is sent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chromium import DESK, Browser, Page, running_chromium
from console_site import ADMIN, OFFICER, Site, console_site

WORDS = "Lampu jalan depan SD Negeri Talagasari Cikupa mati total sudah tiga hari"
PATIENCE = 30


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path) as running:
        yield running


async def opened(browser: Browser, site: Site, login: str, code: str) -> Page:
    """The case, in the browser of somebody who is signed in."""
    page = await browser.page(DESK, scripts=True)
    await page.ask("Network.enable")
    await page.ask("Network.setCookie", name="as", value=login, url=site.internal)
    await page.go(f"{site.internal}/console/report/{code}")
    return page


async def press(page: Page, key: str) -> None:
    """One key, with nothing typed into."""
    await page.evaluate("document.activeElement.blur()")
    await page.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
    await page.ask("Input.dispatchKeyEvent", type="keyUp", key=key)


async def until(page: Page, script: str) -> None:
    """Wait until this is so on the page."""
    async with asyncio.timeout(PATIENCE):
        while not await page.evaluate(script):  # noqa: ASYNC110 (a page, nobody tells)
            await asyncio.sleep(0.1)


@pytest.mark.peer
async def test_a_case_is_worked_on_by_keys_and_two_officers_see_each_other(
    site: Site, tmp_path: Path
) -> None:
    code = await site.sms("+6281200000001", WORDS)
    async with running_chromium(tmp_path / "browser") as browser, site.desk(ADMIN) as ayu:
        rini = await opened(browser, site, OFFICER.login, code)
        await ayu.look(f"/report/{code}")
        await until(rini, "document.querySelector('#present').innerText.includes('Ayu')")
        await press(rini, "e")
        assert await rini.evaluate("document.querySelector('#fix-type').open")
        await press(rini, "r")
        assert await rini.evaluate("document.activeElement.id") == "text"
        await rini.ask("Input.insertText", text="Besok pagi diganti.")
        await until(rini, "document.querySelector('#preview').innerText.includes('Besok pagi')")
        assert "SMS untuk tiap pelapor" in await rini.text("#preview")
        await press(rini, "a")
        await until(rini, "document.querySelector('#derived').innerText.includes('petugas')")
