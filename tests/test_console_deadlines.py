"""Tenggat: what is overdue, at risk or due soon, and the week on paper, on both engines."""

import io
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
from console_site import ADMIN, OFFICER, Desk, Site, console_site
from town import DAY_MS, Town

from forwarder.ports import Transaction
from gateway import due
from gateway.access.person import Person, Role
from gateway.build_craft import build_clock
from gateway.clock import now_ms
from gateway.figures.paper import Column, Paper, Table, Tile, printed
from gateway.figures.weekly import Wanted, monday_of, week_of
from gateway.naming import moment
from gateway.sheets import Sheet, as_csv, as_xlsx

WATER = Person(
    id=5, login="budi", name="Budi", role=Role.OFFICER, agency="Perumda Air Minum (PDAM)"
)


@pytest.fixture
async def site(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    people = (OFFICER, ADMIN, WATER)
    async with console_site(tmp_path, people=people, store=database_url) as running:
        yield running


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    async with site.desk() as signed_in:
        yield signed_in


async def a_town(site: Site, count: int = 120, days: int = 60) -> None:
    town = Town(database=site.parts.store, vault=site.parts.vault, now=now_ms())
    await town.fill(count, days)
    await town.watch(build_clock(site.parts.settings))


async def overdue(site: Site, agency: str = "") -> list[due.Case]:
    now = now_ms()

    def read(tx: Transaction) -> list[due.Case]:
        return due.cases(tx, until=now, between=(0, now), agency=agency, each=False)

    return await site.parts.store.read(read)


async def test_an_office_without_delay_is_told_so(desk: Desk) -> None:
    page = await desk.look("/deadlines")

    assert "Tidak ada yang lewat tenggat" in page


async def test_a_case_stands_once_with_its_oldest_step_and_leads_to_the_report(
    site: Site, desk: Desk
) -> None:
    await a_town(site)
    cases = await overdue(site)

    page = await desk.look("/deadlines")

    listed = [case.case_code for case in cases[:50]]
    assert len(set(listed)) == len(listed)
    places = [page.index(f'href="/console/report/{code}"') for code in listed]
    assert places == sorted(places)
    assert f"<strong>{len(cases)}</strong>" in page


async def test_the_list_goes_on_and_narrows_by_its_address(site: Site, desk: Desk) -> None:
    await a_town(site, count=800, days=160)
    cases = await overdue(site)
    agency = str(cases[0].agency)

    second = await desk.look("/deadlines?page=2")
    narrowed = await desk.look(f"/deadlines?agency={agency}")

    assert cases[50].case_code in second
    assert cases[0].case_code not in second
    listed = [case.case_code for case in await overdue(site, agency)]
    others = {case.case_code for case in cases} - set(listed)
    assert listed[0] in narrowed
    assert not [code for code in others if code in narrowed]


@pytest.mark.parametrize("address", ["show=risk", "show=soon", "show=nonsense&page=-4&agency=-"])
async def test_every_address_shows_a_page(site: Site, desk: Desk, address: str) -> None:
    await a_town(site, count=40, days=20)

    await desk.look(f"/deadlines?{address}")

    assert desk.status == 200


async def test_an_agency_sees_its_own_alone(site: Site) -> None:
    """In the list, in the figures, in the files, and whatever the address asks for."""
    await a_town(site)
    others = [case for case in await overdue(site) if case.agency != WATER.agency]
    async with site.desk(WATER) as desk:
        page = await desk.look("/deadlines?agency=Dinas+Perhubungan")
        book = openpyxl.load_workbook(io.BytesIO(await desk.fetch("/deadlines/week.xlsx")))

    assert "Dinas Perhubungan" not in page
    assert not [case for case in others if case.case_code in page]
    assert {row[0].value for row in book.worksheets[0].iter_rows(min_row=2)} <= {
        WATER.agency,
        "Jumlah",
    }


async def test_the_week_is_counted_beside_the_week_before(site: Site) -> None:
    """What came by the board, what was solved by the clocks; the sum is that of the agencies."""
    await a_town(site)
    now, clock = now_ms(), build_clock(site.parts.settings)
    first = monday_of(moment(now - 7 * DAY_MS).astimezone(clock.zone).date())

    this = await site.parts.store.read(lambda tx: week_of(tx, clock, Wanted(first=first, now=now)))
    before = Wanted(first=first - (this.until - first), now=now)
    last = await site.parts.store.read(lambda tx: week_of(tx, clock, before))

    assert this.total.came_before == last.total.came > 0
    assert this.total.solved_before == last.total.solved
    assert this.behind == len(await overdue(site))
    assert [late.days for late in this.late] == sorted((x.days for x in this.late), reverse=True)


async def test_the_meeting_gets_a_pdf_and_a_workbook(site: Site, desk: Desk) -> None:
    await a_town(site)

    paper = await desk.fetch("/deadlines/week.pdf?week=2026-11-18")
    kind, name = desk.headers["Content-Type"], desk.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(await desk.fetch("/deadlines/week.xlsx?week=x")))

    assert (paper[:5], kind) == (b"%PDF-", "application/pdf")
    assert name == f'attachment; filename="tenggat-{date(2026, 11, 16)}.pdf"'
    assert [sheet.title for sheet in book.worksheets] == ["Per perangkat daerah", "Lewat tenggat"]
    assert book.worksheets[1].cell(2, 1).value == (await overdue(site))[0].case_code


async def test_no_letter_breaks_the_paper() -> None:
    """Names with dashes, styled letters, signs the fonts do not have, and long ones."""
    words = ("Dinas \u2013 Łódź \U0001d42d\U0001d41e 😀 \x00\n\u202e", "=1+1", "kata" * 200)
    columns = tuple(Column(head=word, width=1 / 3) for word in words)
    tile = Tile(label=words[0], value="1.234", note=words[2], tone="bad")
    table = Table(heading=words[0], columns=columns, rows=(words,) * 80, note=words[2])

    made = await printed(
        Paper(
            language="id",
            title=words[0],
            subtitle="",
            office=words[0],
            tiles=(tile,) * 5,
            tables=(table, table),
            foot="{page} / {pages}",
        )
    )

    assert made.startswith(b"%PDF-")


def test_no_cell_of_a_table_is_run() -> None:
    """What begins like a formula is text; numbers stay numbers."""
    rows = [("=1+1", -3), ("\t@x", 2.5), ("biasa", None)]

    book = openpyxl.load_workbook(
        io.BytesIO(as_xlsx(Sheet(name="a/b:c", head=("kata", "angka"), rows=rows)))
    )

    assert as_csv(("kata", "angka"), rows).decode("utf-8-sig").splitlines() == [
        "kata,angka",
        "'=1+1,-3",
        "'\t@x,2.5",
        "biasa,",
    ]
    cells = [cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    assert [cell.value for cell in cells[:2]] == ["=1+1", -3]
