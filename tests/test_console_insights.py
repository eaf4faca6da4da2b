"""Ikhtisar: the figures of a period, their pictures and tables, on both engines."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
from chromium import DESK, PHONE, Screen, running_chromium
from console_site import ADMIN, OFFICER, Desk, Site, console_site
from town import Town

from gateway.access.person import Person, Role
from gateway.clock import now_ms

TARGETS = '[tenant]\narea = "36.03"\n[targets]\nreports = 3000\nfollowed_percent = 99\n'
PDAM = "Perumda Air Minum (PDAM)"
WATER = Person(id=5, login="budi", name="Budi", role=Role.OFFICER, agency=PDAM)
YEARS = "from=2000-01-01&to=2999-12-31"
PICTURES = ("course", "channel", "topic", "agency", "place")


@pytest.fixture
async def site(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    people = (OFFICER, ADMIN, WATER)
    async with console_site(tmp_path, TARGETS, people=people, store=database_url) as running:
        yield running


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    async with site.desk() as signed_in:
        yield signed_in


async def a_town(site: Site, count: int = 150, days: int = 60) -> None:
    town = Town(database=site.parts.store, vault=site.parts.vault, now=now_ms())
    await town.fill(count, days)
    await town.watch()
    await site.parts.figures.look()


async def csv(desk: Desk, path: str) -> list[list[str]]:
    text = (await desk.fetch(path)).decode("utf-8-sig")
    return [line.split(",") for line in text.splitlines()]


async def test_an_office_without_reports_is_told_so(desk: Desk) -> None:
    page = await desk.look("/insights")

    assert "Belum ada laporan pada periode ini" in page
    assert "Sasaran tahun" in page


async def test_a_page_holds_the_figures_their_pictures_and_tables(site: Site, desk: Desk) -> None:
    """Each picture has words for who does not see it, and a table with the same numbers."""
    await a_town(site)

    page = await desk.look(f"/insights?{YEARS}")

    assert "<strong>150</strong>" in page
    for name in PICTURES:
        assert f'src="/console/insights/{name}.svg?from=' in page
    assert len(re.findall(r'<img class="drawn"[^>]* alt="[^"]{20,}"', page)) == len(PICTURES)
    assert page.count("<details><summary>Tabel") == len(PICTURES)
    assert "Curug" in page


@pytest.mark.parametrize("name", PICTURES)
async def test_every_picture_is_a_drawing_without_script(site: Site, desk: Desk, name: str) -> None:
    await a_town(site, count=60)

    for query in (YEARS, "period=days7", "period=year&against=year&narrow=1&lang=en"):
        drawn = await desk.fetch(f"/insights/{name}.svg?{query}")
        assert (desk.status, desk.headers["Content-Type"]) == (200, "image/svg+xml")
        assert b"<script" not in drawn


async def test_a_split_adds_up_to_the_total(site: Site, desk: Desk) -> None:
    await a_town(site)

    for name in PICTURES:
        head, *rows = await csv(desk, f"/insights/{name}.csv?{YEARS}")
        at = head.index("Laporan")
        assert sum(int(row[at]) for row in rows) == 150
    book = openpyxl.load_workbook(io.BytesIO(await desk.fetch(f"/insights/all.xlsx?{YEARS}")))
    assert len(book.worksheets) == len(PICTURES)


async def test_the_period_stands_in_the_address(site: Site, desk: Desk) -> None:
    """Every link of the page keeps what was chosen; what makes no sense shows the usual page."""
    await a_town(site, count=40)

    page = await desk.look("/insights?period=quarter&against=year")
    assert 'href="/console/insights?period=quarter&amp;against=year" aria-current' in page
    assert "/console/insights/topic.csv?period=quarter&amp;against=year" in page
    await desk.look("/insights?from=never&to=2026-99-99&period=x&against=y")
    assert desk.status == 200


async def test_the_year_is_measured_by_its_target(site: Site, desk: Desk) -> None:
    await a_town(site, count=30, days=1)

    page = await desk.look("/insights")

    assert "dari 3.000 laporan (1 %)" in page
    assert "Belum tercapai" in page


async def test_an_agency_sees_its_own_figures(site: Site, desk: Desk) -> None:
    """And no comparison of agencies, nor the office's target."""
    await a_town(site)
    _, *rows = await csv(desk, f"/insights/agency.csv?{YEARS}")
    theirs = next(int(row[2]) for row in rows if row[0] == PDAM)
    async with site.desk(WATER) as other:
        page = await other.look(f"/insights?{YEARS}")
        table = await csv(other, f"/insights/agency.csv?{YEARS}")
        drawn = (await other.fetch(f"/insights/agency.svg?{YEARS}")).decode()

    assert f"<strong>{theirs}</strong>" in page
    assert "Dinas" not in page
    assert "Sasaran tahun" not in page
    assert [row[0] for row in table[1:]] == [PDAM]
    assert "Dinas" not in drawn


async def test_figures_follow_a_report_that_comes_in(site: Site, desk: Desk) -> None:
    await a_town(site, count=20)
    await site.sms("+628000000001", "Lampu jalan padam di Jalan Mawar")
    await site.parts.board.look()
    await site.parts.figures.look()

    assert "<strong>21</strong>" in await desk.look(f"/insights?{YEARS}")


@pytest.mark.peer
@pytest.mark.parametrize("screen", [DESK, PHONE])
async def test_nothing_is_wider_than_the_screen(tmp_path: Path, screen: Screen) -> None:
    async with console_site(tmp_path, TARGETS) as site:
        await a_town(site)
        async with running_chromium(tmp_path / "home") as browser:
            page = await browser.page(screen, scripts=True)
            await page.ask("Network.setCookie", name="as", value=OFFICER.login, url=site.internal)
            for path in ("insights", "deadlines", "handoff"):
                await page.go(f"{site.internal}/console/{path}")
                wide = "document.documentElement.scrollWidth <= innerWidth"
                assert await page.evaluate(wide), path
            await page.go(f"{site.internal}/console/insights")
            drawn = "[...document.images].every(one => one.complete && one.naturalWidth > 0)"
            assert await page.evaluate(drawn)
