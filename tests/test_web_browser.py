import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from chromium import DESK, PHONE, Browser, Page, Screen, running_chromium
from web_site import CODE, Site, running_site

from channels.web_filing import Filing

pytestmark = pytest.mark.peer

SMALLEST = Screen(320, 568)
NASTY = "<script>document.title='xss'</script><img src=x onerror=\"document.title='xss'\">"
PHOTO = b"\xff\xd8\xff\xe0" + bytes(100)

# What a screen reader would say of each thing that can be filled in or pressed.
UNNAMED = """[...document.querySelectorAll('input:not([type=hidden]), textarea, button, a')]
    .filter(e => !(e.labels?.length || e.innerText.trim())).map(e => e.outerHTML)"""
UNDESCRIBED = """[...document.querySelectorAll('[aria-describedby]')]
    .filter(e => e.getAttribute('aria-describedby').split(' ').some(id =>
        !document.getElementById(id))).map(e => e.outerHTML)"""
DEAD_LINKS = """[...document.querySelectorAll('a[href^="#"]')]
    .filter(a => !document.querySelector(a.getAttribute('href'))).map(a => a.outerHTML)"""
SMALL = """[...document.querySelectorAll('main input, textarea, main button, .button, .choice')]
    .filter(e => !e.matches('[type=hidden], [type=checkbox], #situs'))
    .filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"""
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with running_chromium(tmp_path / "profile") as running:
        yield running


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


async def assert_usable(page: Page) -> None:
    """Nothing is nameless, points nowhere, is too small for a thumb or wider than the screen."""
    assert await page.evaluate(UNNAMED) == []
    assert await page.evaluate(UNDESCRIBED) == []
    assert await page.evaluate(DEAD_LINKS) == []
    assert await page.evaluate(SMALL) == []
    assert await page.evaluate(TOO_WIDE) is False


async def until_focused(page: Page, name: str) -> None:
    async with asyncio.timeout(10):
        while await page.evaluate("document.activeElement.className") != name:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_report_without_javascript(browser: Browser, site: Site, tmp_path: Path) -> None:
    """On a phone with JavaScript off a citizen reports, puts a mistake right and looks it up."""
    photo = tmp_path / "lampu jalan (1).jpg"
    photo.write_bytes(PHOTO)
    page = await browser.page(PHONE)
    await page.go(site.url)
    await page.type("#text", "   ")
    await page.type("#place", "Jl. Contoh")
    await page.click(".choice #anonymous")
    await page.follow("button")
    complaint = await page.text(".alert")
    await until_focused(page, "alert")  # a browser does that when it first paints
    await page.type("#text", "Lampu jalan mati.")
    await page.attach("#files", photo)
    await page.follow("button")
    code = await page.text(".code")
    site.inbox.known[code] = site.inbox.known[CODE]
    await page.follow(".actions .button")
    step = await page.text("[aria-current=step]")

    assert "Tulis dulu isi laporan Anda." in complaint
    assert step.startswith("Diteruskan")
    [payload] = site.inbox.rows.values()
    filing = msgspec.msgpack.decode(payload, type=Filing)
    assert (filing.text.strip(), filing.place, filing.anonymous) == (
        "Lampu jalan mati.",
        "Jl. Contoh",
        True,
    )
    assert [(file.name, file.content) for file in filing.files] == [(photo.name, PHOTO)]


@pytest.mark.parametrize(
    ("screen", "dark"), [(PHONE, False), (PHONE, True), (DESK, True), (SMALLEST, False)]
)
async def test_every_page_is_usable(
    browser: Browser, site: Site, screen: Screen, *, dark: bool
) -> None:
    """All pages fit small and large screens and name all their parts, in light and dark."""
    page = await browser.page(screen, dark=dark)
    for path in ("/lapor", "/lapor?lang=en", "/lapor/status", f"/lapor/status?kode={CODE}"):
        await page.go(site.url + path)
        await assert_usable(page)
    await page.go(site.url + "/lapor/status?kode=" + "W" * 40)
    await assert_usable(page)
    await page.go(site.url + "/lapor?lang=id")
    await page.type("#text", " ")
    await page.type("#contact", "x" * 300)
    await page.follow("button")
    await assert_usable(page)
    background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.type("#text", "Cukup.")
    await page.evaluate("document.querySelector('#contact').value = 'siti@example.id'")
    await page.follow("button")
    await assert_usable(page)

    assert await page.text(".code")
    assert background == ("rgb(14, 21, 20)" if dark else "rgb(244, 246, 245)")


async def test_markup_runs_nowhere(browser: Browser, site: Site, tmp_path: Path) -> None:
    """In a browser with JavaScript on, nothing a citizen types ever becomes a script."""
    file = tmp_path / "<img src=x onerror=alert(1)>.svg"
    file.write_text(f"<svg xmlns='http://www.w3.org/2000/svg'>{NASTY}</svg>")
    page = await browser.page(DESK, scripts=True)
    await page.go(site.url + "/lapor")
    for field in ("#place", "#name"):
        await page.type(field, NASTY)
    await page.type("#contact", NASTY + "x" * 200)
    await page.type("#text", "</textarea>" + NASTY)
    await page.attach("#files", file)
    await page.follow("button")
    refused = await page.evaluate("document.title")
    kept = await page.value("#text")
    await page.evaluate(f"document.querySelector('#contact').value = {NASTY!r}")
    await page.follow("button")
    accepted = await page.evaluate("document.title")
    shown = await page.text("main")
    await page.go(f"{site.url}/lapor/status?kode={NASTY}")

    assert refused.startswith("Laporan belum terkirim")
    assert kept == "</textarea>" + NASTY
    assert accepted.startswith("Laporan Anda sudah kami terima")
    assert NASTY in shown
    assert (await page.evaluate("document.title")).startswith("Cek perkembangan")
    assert await page.evaluate("document.scripts.length + document.images.length") == 0


async def test_reloading_the_answer_is_one_report(browser: Browser, site: Site) -> None:
    """Reloading the page with the code sends the form again and changes nothing."""
    page = await browser.page(PHONE)
    await page.go(site.url + "/lapor")
    await page.type("#text", "Sekali.")
    await page.follow("button")
    first = await page.text(".code")
    await page.reload()

    assert await page.text(".code") == first
    assert len(site.inbox.rows) == 1
