"""Page Masuk on the whole gateway: citizens write, officers sort, both engines where it matters."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from chromium import DESK, Page, running_chromium
from console_site import Desk, Site, console_site

from gateway.access.person import Person, Role

LAMP = "Lampu jalan padam di depan pasar Cikupa sudah seminggu, mohon diperbaiki"
RUBBISH = "Sampah menumpuk di pinggir jalan raya Serang dan bau sekali, belum diangkut"
FIRE = "Tolong ada kebakaran rumah di Desa Sukamulya Cikupa, api membesar"
RINI = Person(id=1, login="rini", name="Rini", role=Role.OFFICER)
BUDI = Person(id=2, login="budi", name="Budi", role=Role.OFFICER)
WATCHER = Person(id=3, login="wati", name="Wati", role=Role.VIEWER)
AGENCY = Person(id=4, login="dlh", name="Lia", role=Role.OFFICER, agency="Dinas Lingkungan Hidup")
PEOPLE = (RINI, BUDI, WATCHER, AGENCY)
PATIENCE = 60.0


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path, people=PEOPLE) as running:
        yield running


async def listed(desk: Desk, query: str = "") -> list[str]:
    """The case codes of the rows, in their order."""
    page = await desk.look(f"/inbox{query}")
    assert desk.status == 200, page
    return re.findall(r'<li data-row tabindex="-1" id="r-(\w+)"', page)


async def until_listed(desk: Desk, *codes: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not {*codes} <= {*await listed(desk, "?stand=all")}:  # noqa: ASYNC110 (a page)
            await asyncio.sleep(0.05)


def case_of(desk: Desk, code: str) -> str:
    """What the row's form sends for a case."""
    found = re.search(rf'value="({code}\.\d+)"', desk.page)
    assert found
    return found[1]


async def test_reports_are_listed_and_an_emergency_comes_first(site: Site) -> None:
    """A new report is there by itself, with what was derived."""
    lamp = await site.sms("+6280000000001", LAMP)
    fire = await site.sms("+6280000000002", FIRE)
    async with site.desk(RINI) as desk:
        await until_listed(desk, lamp, fire)

        assert await listed(desk) == [fire, lamp]
        assert 'data-news="board"' in desk.page
        assert "Darurat" in desk.page


async def test_a_suggestion_is_accepted_with_one_press_and_taken_back(site: Site) -> None:
    """The row goes, a notice offers to undo, undo brings it back."""
    code = await site.sms("+6280000000001", LAMP)
    async with site.desk(RINI) as desk:
        await until_listed(desk, code)
        await listed(desk)
        accepted = await desk.send("/inbox/accept", case=f"{case_of(desk, code)}.0", back="")
        gone = await listed(desk)
        back = await desk.send("/inbox/undo", back="")

        assert "1 laporan selesai diproses." in accepted
        assert gone == []
        assert f'id="r-{code}"' in back


async def test_the_top_three_and_all_others_are_one_press_away(site: Site) -> None:
    """Choosing another topic decides the case."""
    code = await site.sms("+6280000000001", LAMP)
    async with site.desk(RINI) as desk:
        await until_listed(desk, code)
        page = await desk.look(f"/inbox?pick={code}")
        topic = re.search(r'<button class="small quiet" name="topic" value="([^"]+)"', page)
        assert topic
        await desk.send("/inbox/correct", case=f"{case_of(desk, code)}.0", topic="sampah", back="")

        assert await listed(desk) == []
        assert await listed(desk, "?stand=mine&topic=sampah") == [code]


async def test_the_second_of_two_officers_is_told_and_overwrites_nothing(site: Site) -> None:
    """Their decision was about what stands there no more."""
    code = await site.sms("+6280000000001", LAMP)
    async with site.desk(RINI) as rini, site.desk(BUDI) as budi:
        await until_listed(rini, code)
        await listed(rini)
        await listed(budi)
        seen = case_of(budi, code)
        await rini.send("/inbox/accept", case=seen, back="")
        page = await budi.send("/inbox/correct", case=seen, topic="sampah", back="")

        assert "diubah orang lain lebih dulu" in page
        assert await listed(budi, "?stand=all&topic=sampah") == []


async def test_many_are_decided_and_merged_at_once(site: Site) -> None:
    """Each with its own outcome; those made one are shown together."""
    codes = [await site.sms(f"+628000000000{n}", text) for n, text in ((1, LAMP), (2, RUBBISH))]
    async with site.desk(RINI) as desk:
        await until_listed(desk, *codes)
        await listed(desk)
        cases = [case_of(desk, code) for code in codes]
        joined = await desk.send("/inbox/join", case=cases, back="")
        await listed(desk)
        cases = [case_of(desk, code) for code in codes]
        told = await desk.send("/inbox/accept", case=[*cases, "00000000T.1"], back="stand=all")

        assert "2 laporan sama" in joined
        assert "2 laporan selesai diproses." in told, re.findall(r'<p class="note[^<]*', told)


async def test_the_search_keeps_numbers_out_of_the_address(site: Site) -> None:
    """Words are in the address, a sender's number never is."""
    lamp = await site.sms("+6280000000001", LAMP)
    rubbish = await site.sms("+6280000000002", RUBBISH)
    async with site.desk(RINI) as desk:
        await until_listed(desk, lamp, rubbish)
        by_words = await desk.send("/inbox/search", words="padam lampu", back="")
        by_number = await desk.send("/inbox/search", words="0800-0000-0002", back="")

        assert "1 laporan" in by_words.partition('id="total"')[2][:80]
        assert (f'id="r-{lamp}"' in by_words, f'id="r-{rubbish}"' in by_words) == (True, False)
        assert (f'id="r-{lamp}"' in by_number, f'id="r-{rubbish}"' in by_number) == (False, True)
        assert "0000-0002" not in by_number
        assert await listed(desk, "?stand=all&words=padam") == [lamp]


async def test_a_list_is_kept_under_a_name(site: Site) -> None:
    """For oneself or for everybody, with its filter."""
    async with site.desk(RINI) as rini, site.desk(BUDI) as budi:
        await rini.look("/inbox?topic=sampah")
        await rini.send("/inbox/views", name="Sampah saja", back="topic=sampah")
        shared = await rini.send("/inbox/views", name="Pagi", shared="1", back="unrouted=1")
        other = await budi.look("/inbox")

        assert ("Sampah saja" in shared, "Sampah saja" in other) == (True, False)
        assert ("Pagi" in shared, "Pagi" in other) == (True, True)


async def test_who_may_only_read_sees_no_buttons_and_changes_nothing(site: Site) -> None:
    """A form that was made by hand is refused."""
    code = await site.sms("+6280000000001", LAMP)
    async with site.desk(WATCHER) as desk:
        await until_listed(desk, code)
        page = await desk.look("/inbox")
        await desk.send("/inbox/accept", case=f"{code}.1", back="")

        assert ('data-key="a"' in page, desk.status) == (False, 403)
        await desk.look("/inbox")
        await desk.send("/inbox/search", words="+6280000000001", back="")
        assert desk.status == 403


async def test_an_agency_sees_and_picks_its_own_cases_alone(site: Site) -> None:
    """Another agency's case cannot be opened by its code either."""
    lamp = await site.sms("+6280000000001", LAMP)
    rubbish = await site.sms("+6280000000002", RUBBISH)
    async with site.desk(RINI) as rini, site.desk(AGENCY) as desk:
        await until_listed(rini, lamp, rubbish)

        assert await listed(desk, "?stand=all") == [rubbish]
        assert 'class="pick' not in await desk.look(f"/inbox?stand=all&pick={lamp}")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Semua sudah diperiksa"),
        ("?topic=sampah", "Tidak ada yang cocok"),
        ("?stand=mine&order=newest", "Belum ada laporan"),
        ("?stand=%3Cscript%3E&within=-1&after=x.y&told=done.x&pick=%27&at=-1", "Semua sudah"),
    ],
)
async def test_an_empty_list_says_why(site: Site, query: str, said: str) -> None:
    """Nothing to do is another thing than nothing found; nonsense is the usual list."""
    async with site.desk(RINI) as desk:
        page = await desk.look(f"/inbox{query}")

        assert (desk.status, said in page) == (200, True)


async def test_what_a_citizen_wrote_stays_text(site: Site) -> None:
    """In titles, filters and search alike."""
    code = await site.sms("+6280000000001", '<script>alert(1)</script> "><img src=x> lampu padam')
    async with site.desk(RINI) as desk:
        await until_listed(desk, code)
        page = await desk.look("/inbox?words=%22%3E%3Cscript%3Ex&topic=%3Cb%3E&stand=all")
        page += await desk.look("/inbox?stand=all")

        assert ("<script>alert" in page, "<script>x" in page, "<b>" in page) == (False,) * 3
        assert "<img" not in page


@pytest.mark.peer
async def test_an_officer_sorts_without_a_mouse(site: Site, tmp_path: Path) -> None:
    """A accepts the row in focus, u takes it back, e and a number choose; new rows come by news."""
    first = await site.sms("+6280000000001", LAMP)
    second = await site.sms("+6280000000002", RUBBISH)
    async with site.desk(RINI) as desk, seated(site, desk, tmp_path, first, second) as page:
        await press(page, "j")
        await follow(page, "a")
        await until(page, "document.querySelectorAll('#list [data-row]').length == 1")
        await until(page, "document.activeElement.matches('[data-row]')")
        await follow(page, "u")
        await until(page, "document.querySelectorAll('#list [data-row]').length == 2")
        await press(page, "j")
        await follow(page, "e")
        await until(page, "document.activeElement.matches('.pick [data-key=\"1\"]')")
        await follow(page, "1")
        await until(page, "document.querySelectorAll('#list [data-row]').length == 1")
        fire = await site.sms("+6280000000003", FIRE)
        await until(page, f"document.querySelector('#r-{fire}.fresh')")
        await press(page, "j")
        await press(page, "m")

        shown = await page.evaluate("getComputedStyle(document.querySelector('#bulk')).display")
        assert shown == "flex"
        assert await listed(desk) == [fire, await page.evaluate(LAST)]


@pytest.mark.peer
async def test_news_take_the_focus_from_nobody(site: Site, tmp_path: Path) -> None:
    """A row comes in while the top three are open: the number pressed next still chooses."""
    lamp = await site.sms("+6280000000001", LAMP)
    async with site.desk(RINI) as desk, seated(site, desk, tmp_path, lamp) as page:
        await press(page, "j")
        await follow(page, "e")
        await until(page, "document.activeElement.matches('.pick [data-key=\"1\"]')")
        fire = await site.sms("+6280000000003", FIRE)
        await until(page, f"document.querySelector('#r-{fire}.fresh')")
        await follow(page, "1")
        await until(page, f"!document.querySelector('#r-{lamp}')")

        assert await listed(desk) == [fire]


LAST = "[...document.querySelectorAll('#list [data-row]')].at(-1).id.slice(2)"


@asynccontextmanager
async def seated(site: Site, desk: Desk, home: Path, *codes: str) -> AsyncIterator[Page]:
    """Rini's list in a real browser, once these reports are in it."""
    async with running_chromium(home / "browser") as browser:
        await until_listed(desk, *codes)
        page = await browser.page(DESK, scripts=True)
        await page.ask("Network.setCookie", name="as", value=RINI.login, url=site.internal)
        await page.go(f"{site.internal}/console/inbox")
        yield page


async def press(page: Page, key: str) -> None:
    """A key that types a sign, pressed and let go."""
    for kind in ("keyDown", "keyUp"):
        await page.ask("Input.dispatchKeyEvent", type=kind, key=key, text=key)


async def follow(page: Page, key: str) -> None:
    """Press a key that leads to another page, and wait until that is there."""
    await page.evaluate("window.before = true")
    await press(page, key)
    await until(page, "!window.before && document.readyState == 'complete'")


async def until(page: Page, true: str) -> None:
    """Wait until something is so in the page; while it loads the next one nothing is."""
    async with asyncio.timeout(PATIENCE):
        while not await asked(page, true):  # noqa: ASYNC110 (what is waited for is in a browser)
            await asyncio.sleep(0.05)


async def asked(page: Page, true: str) -> bool:
    try:
        return bool(await page.evaluate(f"!!({true})"))
    except AssertionError:
        return False
