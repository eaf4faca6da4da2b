"""An officer's whole day in the console, in a real browser."""

from pathlib import Path

import pytest
from office import PHONE, Office, office
from playwright.async_api import Locator, Page, expect

from gateway.access.person import Role

PATIENCE = 30_000.0

pytestmark = pytest.mark.peer

LAMP = "Lampu jalan di Jl Raya Serang km 14 Cikupa mati sudah tiga minggu, gelap sekali"
LAMP_AGAIN = "lampu penerangan jalan raya serang km 14 cikupa mati tiga minggu, mohon diperbaiki"
WASTE = "Sampah menumpuk di belakang pasar Curug sudah seminggu tidak diangkut"
CARD = "Kapan pendaftaran KTP elektronik di kecamatan Panongan dibuka lagi?"
HOLE = "Jalan berlubang besar di depan pasar, sudah dua motor jatuh"


async def five_reports(place: Office) -> None:
    citizens = place.citizens
    await place.site.sms("+6280000000101", LAMP)
    await citizens.by_mail("Sampah pasar Curug", WASTE)
    await citizens.by_form(place.chromium, LAMP_AGAIN, "Cikupa")
    await citizens.by_app(CARD)
    await citizens.by_map(HOLE)


def row(page: Page, words: str) -> Locator:
    return page.locator("#list li[data-row]", has_text=words)


async def press(page: Page, key: str) -> None:
    """A key, once the page listens to keys."""
    await page.locator("html.scripted").wait_for(state="attached")
    await page.keyboard.press(key)


async def rows(page: Page, number: int) -> None:
    await expect(page.locator("#list li[data-row]")).to_have_count(number, timeout=PATIENCE)


async def test_an_officers_day(tmp_path: Path) -> None:
    """Five reports arrive, one is corrected, two joined, one answered, one handed over."""
    async with office(tmp_path) as place:
        page = await place.seat()
        await place.sign_in(page)
        await expect(page.locator("#list")).to_contain_text("Semua sudah diperiksa")

        await five_reports(place)
        await rows(page, 5)

        # Corrected with the keyboard: the agency that stands second.
        await row(page, "Sampah").focus()
        await press(page, "e")
        await page.locator("li.picked").wait_for()
        await page.select_option("#pick-agency", label="Dinas Perhubungan")
        await page.click("li.picked .pick .line button")
        await expect(page.locator("#undo")).to_contain_text("Urungkan")
        await press(page, "u")
        await expect(row(page, "Sampah")).to_contain_text("Dinas Lingkungan Hidup")
        await row(page, "KTP").focus()
        await press(page, "a")
        await expect(row(page, "KTP")).to_have_count(0, timeout=PATIENCE)

        # Two people tell of one lamp.
        await row(page, "Lampu jalan di Jalan Raya").focus()
        await press(page, "Enter")
        await expect(page.locator("#likely")).to_contain_text("penerangan")
        await press(page, "j")
        await expect(page.locator("#likely [data-row]").first).to_be_focused()
        await press(page, "m")
        await expect(page.locator("body")).to_contain_text(
            "2 laporan dari 2 pengirim", timeout=PATIENCE
        )

        # Both hear of it; what it will look like is shown while it is written.
        await press(page, "r")
        await page.keyboard.type("Petugas memperbaiki lampu besok pagi. Terima kasih.")
        await expect(page.locator("#preview")).to_contain_text("besok pagi", timeout=PATIENCE)
        await page.click("#answer button[value=send]")
        await expect(page.locator("#track")).to_contain_text("besok pagi", timeout=PATIENCE)
        await place.told("besok pagi")

        # Handed over to the national system by its number.
        await page.click("nav >> text=Serah")
        await page.click("[data-open-row] >> nth=0")
        await press(page, "t")
        await page.keyboard.type("No. 7654321")
        await press(page, "Enter")
        await expect(page.locator("main")).to_contain_text("7654321", timeout=PATIENCE)

        await page.click("nav >> text=Ikhtisar")
        await expect(page.locator(".figures .figure >> nth=0")).to_contain_text("5")


PAGES = (
    "inbox",
    "inbox?stand=all",
    "watch",
    "handoff",
    "deadlines",
    "insights",
    "channels",
    "people",
    "trail",
    "me",
)


async def test_nobody_is_kept_out_by_how_a_page_is_made(tmp_path: Path) -> None:
    """axe-core finds nothing serious on any page, light or dark; on a phone nothing is cut off."""
    async with office(tmp_path) as place:
        page = await place.seat()
        await place.sign_in(page, "ayu", Role.ADMIN)
        await five_reports(place)
        await rows(page, 5)
        codes = [await one.inner_text() for one in await page.locator("#list .code").all()]
        paths = [*PAGES, *(f"report/{code}" for code in codes[:2])]
        barriers: dict[str, list[str]] = {}
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            for path in paths:
                await page.goto(f"{place.site.internal}/console/{path}")
                if found := await place.barriers(page):
                    barriers[f"{path} {scheme}"] = found
        assert not barriers
        await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        wide = {}
        for path in paths:
            await page.goto(f"{place.site.internal}/console/{path}")
            width = await page.evaluate("document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                wide[path] = width
        assert not wide


async def test_without_javascript_all_can_be_read_and_decided(tmp_path: Path) -> None:
    """Forms and links are enough."""
    async with office(tmp_path) as place:
        await five_reports(place)
        page = await place.seat(scripts=False)
        await place.sign_in(page)
        await rows_after_reload(page, 5)
        await row(page, "KTP").get_by_role("button", name="Setujui").click()
        await expect(page.locator("#list li[data-row]")).to_have_count(4)
        await row(page, "Sampah").locator("[data-open-row]").click()
        await expect(page.locator("main")).to_contain_text("tidak diangkut")
        await page.fill("#text", "Kami angkut hari ini.")
        await page.click("#answer button[value=send]")
        await expect(page.locator("#track")).to_contain_text("Kami angkut hari ini.")
        for path in PAGES[2:6]:
            await page.goto(f"{place.site.internal}/console/{path}")
            await expect(page.locator("h1")).to_be_visible()


async def test_two_officers_see_each_other(tmp_path: Path) -> None:
    """Who opens a report that somebody has open is told so, and the first one as well."""
    async with office(tmp_path) as place:
        code = await place.site.sms("+6280000000101", LAMP)
        address = f"{place.site.internal}/console/report/{code}"
        first, second = await place.seat(), await place.seat()
        await place.sign_in(first, "rini")
        await place.sign_in(second, "budi")
        await first.goto(address)
        await second.goto(address)
        await expect(second.locator("#present")).to_contain_text("rini", timeout=PATIENCE)
        await expect(first.locator("#present")).to_contain_text("budi", timeout=PATIENCE)


async def test_what_was_typed_outlives_the_session(tmp_path: Path) -> None:
    """Whoever was away for too long signs in again and sends what they had written."""
    async with office(tmp_path) as place:
        code = await place.site.sms("+6280000000101", LAMP)
        page = await place.seat()
        await place.sign_in(page)
        await page.goto(f"{place.site.internal}/console/report/{code}")
        await page.fill("#text", "Lampu sudah dipesan, dipasang hari Jumat.")
        await place.site.parts.store.write(lambda tx: tx.run("update sessions set seen_at = 0"))
        await page.click("#answer button[value=send]")
        await place.pass_the_door(page)
        await expect(page.locator("main")).to_contain_text("dipasang hari Jumat")
        await page.click("main form button")
        await expect(page.locator("#track")).to_contain_text("dipasang hari Jumat")
        await place.told("dipasang hari Jumat")
        refused = [one for one in place.complaints if "401" in one]
        assert refused.pop() == place.complaints.pop()


async def rows_after_reload(page: Page, number: int) -> None:
    for _ in range(60):
        if await page.locator("#list li[data-row]").count() == number:
            return
        await page.wait_for_timeout(500)
        await page.reload()
    raise AssertionError(await page.inner_text("#list"))
