"""Serah: an officer copies a record into a form elsewhere and brings its number back."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
from chromium import DESK, Page, running_chromium
from console_site import ADMIN, OFFICER, Desk, Site, console_site

from gateway.access.person import Person, Role
from gateway.access.trail_list import Wanted, entries
from gateway.console import handoff
from gateway.console.handoff_many import pairs_in

LIST = '[central.sp4n]\nkind = "handoff"\n'
WASTE_OFFICE = "Dinas Lingkungan Hidup"
BOARDED = "select count(*) from board"
VIEWER = Person(id=3, login="tono", name="Tono", role=Role.VIEWER)
ELSEWHERE = Person(id=4, login="sari", name="Sari", role=Role.OFFICER, agency="Dinas Kebun")
PEOPLE = (OFFICER, ADMIN, VIEWER, ELSEWHERE)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path, LIST, people=PEOPLE) as running:
        yield running


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:
    async with site.desk() as signed_in:
        yield signed_in


async def report(site: Site, number: int, text: str = "Lampu jalan padam di Jalan Mawar") -> str:
    return await site.sms(f"+62800000000{number}", f"{text} nomor {number}")


async def press(page: Page, key: str) -> None:
    """A key, as the keyboard sends it."""
    text = {"Enter": "\r"}.get(key, key)
    await page.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
    await page.ask("Input.dispatchKeyEvent", type="keyUp", key=key)


async def until(page: Page, true: str) -> None:
    async with asyncio.timeout(20):
        loaded = "document.readyState == 'complete'"
        while not await page.evaluate(f"{loaded} && ({true})"):  # noqa: ASYNC110 (a browser)
            await asyncio.sleep(0.05)


async def test_without_such_a_store_the_page_says_what_to_configure(tmp_path: Path) -> None:
    async with console_site(tmp_path) as site, site.desk() as desk:
        page = await desk.look("/handoff")

    assert 'kind = "handoff"' in page


async def test_an_empty_list_says_that_all_is_done(desk: Desk) -> None:
    assert "Semua sudah diserahkan" in await desk.look("/handoff")


async def test_a_case_stands_as_the_form_has_it(site: Site, desk: Desk) -> None:
    """Every field in its order, each and all of them with what a key copies."""
    code = await report(site, 1)

    page = await desk.look(f"/handoff/sp4n/case/{code}")

    labels = ["Klasifikasi laporan", "Judul laporan", "Isi laporan", "Tanggal kejadian"]
    assert sorted(labels, key=page.index) == labels
    assert 'data-copy="Lampu jalan padam di Jalan Mawar nomor 1"' in page
    assert 'data-copy="Klasifikasi laporan: ' in page


async def test_whoever_reads_a_case_or_takes_the_table_stands_in_the_trail(
    site: Site, desk: Desk
) -> None:
    code = await report(site, 1)

    await desk.look(f"/handoff/sp4n/case/{code}")
    await desk.fetch("/handoff/sp4n/list.csv")

    found = await site.parts.store.read(lambda tx: entries(tx, Wanted(who=OFFICER.login), 10))
    assert [entry.what for entry in found] == [
        "exported 1 cases of sp4n",
        f"read {code} to hand it over",
    ]


async def test_the_number_closes_it_and_the_next_case_opens(site: Site, desk: Desk) -> None:
    first, second = await report(site, 1), await report(site, 2)

    await desk.look(f"/handoff/sp4n/case/{first}")
    page = await desk.send(f"/handoff/sp4n/case/{first}", number="No. 10456", last="")

    assert f"Laporan {first} selesai diserahkan" in page
    assert f'action="/console/handoff/sp4n/case/{second}"' in page
    assert first not in await desk.look("/handoff")


@pytest.mark.parametrize(
    ("number", "said"), [("sepuluh", "bukan nomor"), ("10456", "laporan lain")]
)
async def test_a_refused_number_stays_in_its_field(
    site: Site, desk: Desk, number: str, said: str
) -> None:
    """It is no number of that store, or another case has it."""
    taken, code = await report(site, 1), await report(site, 2)
    await desk.look(f"/handoff/sp4n/case/{taken}")
    await desk.send(f"/handoff/sp4n/case/{taken}", number="10456")

    page = await desk.send(f"/handoff/sp4n/case/{code}", number=number)

    assert (desk.status, said in page) == (422, True)
    assert f'name="number" value="{number}"' in page


async def test_who_comes_second_is_told_and_loses_nothing(site: Site, desk: Desk) -> None:
    code = await report(site, 1)
    await desk.look(f"/handoff/sp4n/case/{code}")
    async with site.desk(ADMIN) as faster:
        await faster.look(f"/handoff/sp4n/case/{code}")
        await faster.send(f"/handoff/sp4n/case/{code}", number="10456")

    page = await desk.send(f"/handoff/sp4n/case/{code}", number="10457")

    assert (desk.status, "10457" in page) == (409, True)
    assert f"{code} tidak lagi menunggu" in page


async def test_what_comes_after_the_page_was_opened_still_waits(site: Site, desk: Desk) -> None:
    """Only what the officer saw is settled with the number."""
    code = await report(site, 1)
    page = await desk.look(f"/handoff/sp4n/case/{code}")
    last = page.partition('name="last" value="')[2].partition('"')[0]
    await site.sms("+628000000001", f"TAMBAH {code} sudah tiga malam gelap")

    await desk.send(f"/handoff/sp4n/case/{code}", number="10456", last=last)

    page = await desk.look(f"/handoff/sp4n/case/{code}")
    assert "sudah tiga malam gelap" in page
    assert "10456" in page


async def test_many_numbers_are_pasted_with_a_result_for_each_line(site: Site, desk: Desk) -> None:
    """The lines that do not fit stay in the box."""
    first, second = await report(site, 1), await report(site, 2)
    await desk.look("/handoff/sp4n/many")

    lines = f"{first}\t10456\n{second}\tsepuluh\nABC\t10458\n"
    page = await desk.send("/handoff/sp4n/many", lines=lines)

    assert desk.status == 422
    assert page.count('class="tag good"') == 1
    assert page.count('class="tag bad"') == 2
    assert f">{second}\tsepuluh\nABC\t10458</textarea>" in page

    page = await desk.send("/handoff/sp4n/many", lines=f"{second}\t10457")

    assert "1 laporan selesai diserahkan" in page


def test_lines_are_read_as_spreadsheets_and_people_write_them() -> None:
    pasted = "Kode\tNo. SP4N\nABC\t10456\n\n  DEF ; 10457 \nGHI No. 10458\nJKL"

    assert [pair[1:] for pair in pairs_in(pasted)] == [
        ("ABC", "10456"),
        ("DEF", "10457"),
        ("GHI", "No. 10458"),
        ("JKL", ""),
    ]


async def test_the_list_is_a_table_too_and_no_cell_is_a_formula(site: Site, desk: Desk) -> None:
    await report(site, 1, "=HYPERLINK(0) jalan rusak berat di Jalan Mawar")

    table = (await desk.fetch("/handoff/sp4n/list.csv")).decode("utf-8-sig")
    book = openpyxl.load_workbook(io.BytesIO(await desk.fetch("/handoff/sp4n/list.xlsx")))

    assert "'=HYPERLINK(0)" in table
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {
        "s",
        "inlineStr",
        "n",
    }


async def test_who_may_only_read_sees_the_list_alone(site: Site) -> None:
    code = await report(site, 1)
    async with site.desk(VIEWER) as desk:
        assert code in await desk.look("/handoff")
        await desk.look(f"/handoff/sp4n/case/{code}")
        assert desk.status == 403
        await desk.fetch("/handoff/sp4n/list.csv")
        assert desk.status == 403


async def test_an_agency_sees_and_settles_its_own_cases_only(site: Site) -> None:
    code = await report(site, 1)
    async with site.desk(ELSEWHERE) as desk:
        assert code not in await desk.look("/handoff")
        await desk.look(f"/handoff/sp4n/case/{code}")
        assert desk.status == 404
        await desk.look("/handoff/sp4n/many")
        page = await desk.send("/handoff/sp4n/many", lines=f"{code} 10456")
        assert "tidak menunggu di daftar" in page
        assert code not in (await desk.fetch("/handoff/sp4n/list.csv")).decode()


async def test_older_cases_of_others_hide_none_of_an_agencys_own(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is full of one's own, and says how many of them there are."""
    monkeypatch.setattr(handoff, "PAGE", 2)
    waste = Person(id=5, login="dlh", name="Dina", role=Role.OFFICER, agency=WASTE_OFFICE)
    people = (OFFICER, waste)
    async with console_site(tmp_path, LIST, people=people, store=database_url) as site:
        lamps = [await report(site, number) for number in (1, 2)]
        mine = [
            await report(site, number, "Sampah menumpuk di TPS liar dan tidak diangkut")
            for number in (3, 4, 5)
        ]
        async with site.desk(waste) as desk:
            await boarded(site, 5)
            page = await desk.look("/handoff")
            assert [code in page for code in (*lamps, *mine)] == [False, False, True, True, False]
            assert "3 laporan menunggu" in page
            assert "Ditampilkan 2 yang pertama" in page
            await desk.look(f"/handoff/sp4n/case/{mine[0]}")
            page = await desk.send(f"/handoff/sp4n/case/{mine[0]}", number="10456")
            assert f'action="/console/handoff/sp4n/case/{mine[1]}"' in page


async def boarded(site: Site, count: int) -> None:
    """Wait until the board has so many rows."""
    async with asyncio.timeout(20):
        while await site.parts.store.read(lambda tx: tx.all(BOARDED)) != [(count,)]:  # noqa: ASYNC110 (a table)
            await asyncio.sleep(0.1)


@pytest.mark.peer
async def test_a_case_is_copied_with_one_key_and_closed_without_a_mouse(
    site: Site, tmp_path: Path
) -> None:
    """Enter opens it, c copies field after field, t goes to the number, Enter saves."""
    code = await report(site, 1)
    async with running_chromium(tmp_path / "home") as browser:
        page = await browser.page(DESK, scripts=True)
        await page.ask("Network.setCookie", name="as", value=OFFICER.login, url=site.internal)
        await page.go(f"{site.internal}/console/handoff")
        for key in ("j", "Enter"):
            await press(page, key)
        await until(page, f"location.pathname.endsWith('{code}')")
        await press(page, "c")
        await press(page, "c")
        assert await page.evaluate("document.querySelectorAll('.copied').length") == 2
        await press(page, "t")
        await page.ask("Input.insertText", text="#10456")
        await press(page, "Enter")
        await until(page, "location.pathname.endsWith('/handoff/sp4n')")
        assert code in await page.text(".note.good")
