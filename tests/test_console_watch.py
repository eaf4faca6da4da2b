"""The page *Pantau* against a whole gateway: what is shown, to whom, and what one click does."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from console_site import ADMIN, OFFICER, Site, console_site, token_of
from public_talk import Said, say

from channels.contract import Cursor
from channels.rss_entry import Entry
from channels.x_money import READS, Ledger, Place
from gateway import cursors
from gateway.access.person import Person, Role
from gateway.console.pictures import POLICY
from gateway.monitor.rising import DAY, HOUR

HOSTILE = "<script>alert(1)</script>"
VIEWER = Person(id=3, login="vina", name="Vina", role=Role.VIEWER)
AGENCY = Person(id=4, login="dina", name="Dina", role=Role.OFFICER, agency="dinas_kesehatan")
ENGLISH = Person(id=5, login="eve", name="Eve", role=Role.OFFICER, language="en")
TOML = """
[channels.rss]
enabled = true
feeds = [{name = "kabar", url = "http://127.0.0.1:9/feed", private = true}]
[channels.x]
enabled = true
user_id = "900000000000000001"
api_url = "http://127.0.0.1:9"
rules = [{name = "banjir", query = "banjir tangerang"}]
[channels.instagram]
enabled = true
"""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    people = (OFFICER, ADMIN, VIEWER, AGENCY, ENGLISH)
    async with console_site(tmp_path, TOML, people=people) as site:
        yield site


@pytest.fixture
async def on_both(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    """On both engines in turn."""
    people = (OFFICER, ADMIN, VIEWER, AGENCY, ENGLISH)
    async with console_site(tmp_path, TOML, people=people, store=database_url) as site:
        yield site


def now() -> int:
    return int(time.time() * 1000)


async def put(site: Site, *said: Said) -> list[int]:
    numbers = await say(site.parts.store, site.parts.vault, said)
    await site.parts.monitor.look()
    return numbers


async def until_seen(site: Site, count: int) -> None:
    """Wait until the pipeline has brought so many."""
    async with asyncio.timeout(30):
        while len(site.parts.monitor.items()) < count:
            await asyncio.sleep(0.02)
            await site.parts.monitor.look()


async def rows(site: Site, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await site.parts.store.read(lambda tx: tx.all(sql))]


async def test_nothing_is_watched_and_the_page_says_how_to_begin(tmp_path: Path) -> None:
    async with console_site(tmp_path) as site, site.desk() as desk:
        page = await desk.look("/watch")

    assert desk.status == 200
    assert "[channels.rss]" in page
    assert "[channels.x]" in page


async def test_an_entry_of_a_feed_comes_by_itself_and_its_words_are_only_words(site: Site) -> None:
    """Through the real door: journal, pipeline, monitor."""
    entry = Entry(feed="kabar", newspaper=HOSTILE, id="1", title=f"Banjir &lt;b&gt; {HOSTILE}")
    link = Entry(feed="kabar", id="2", title="Macet", link="javascript:alert(1)")
    await site.parts.inboxes["rss"].accept([entry.delivery(), link.delivery()])
    await until_seen(site, 2)
    async with site.desk() as desk:
        page = await desk.look("/watch")

    assert "Banjir" in page
    assert "Macet" in page
    assert "<script>alert" not in page
    assert "javascript:" not in page


async def test_one_click_makes_a_report_and_puts_the_answer_ready(on_both: Site) -> None:
    site = on_both
    url = "https://x.com/warga/status/1800000000000000001"
    [number] = await put(site, Said(at=now(), text="Jalan rusak di Sepatan", url=url))
    async with site.desk() as desk:
        await desk.look("/watch")
        page = await desk.send(f"/watch/{number}/report")
        async with asyncio.timeout(30):
            while not await rows(site, "select 1 from records"):  # noqa: ASYNC110 (a table)
                await asyncio.sleep(0.02)
        [(code,)] = await rows(site, "select case_code from records where channel = 'officer'")
        again = await desk.send(f"/watch/{number}/report")

    assert f"Laporan {code} dibuat" in page
    assert f'href="/console/report/{code}"' in page
    assert "in_reply_to=1800000000000000001" in page
    assert f"Laporan {code} dibuat" in again
    audit = await rows(site, "select who, what from audit")
    assert audit == [("rini", f"made a report of signal {number}")]


async def test_who_may_only_look_changes_nothing(site: Site) -> None:
    [number] = await put(site, Said(at=now(), text="Jalan rusak"))
    async with site.desk(VIEWER) as desk:
        page = await desk.look("/watch")
        assert "Jalan rusak" in page
        assert f"/watch/{number}/report" not in page
        for what in ("report", "hide", "show"):
            await desk.send(f"/watch/{number}/{what}", csrf=token_of(VIEWER))
            assert desk.status == 403

    assert await rows(site, "select hidden_by from signals") == [(None,)]
    assert await rows(site, "select 1 from records") == []


async def test_put_aside_is_gone_until_it_is_taken_back(on_both: Site) -> None:
    site = on_both
    [number] = await put(site, Said(at=now(), text="Diskon besar"))
    async with site.desk() as desk:
        await desk.look("/watch")
        told = await desk.send(f"/watch/{number}/hide")
        put_aside = await desk.look("/watch?hidden=1")
        back = await desk.send(f"/watch/{number}/show")

    assert "Diskon besar" not in told
    assert f"/watch/{number}/show" in told  # undo
    assert "Diskon besar" in put_aside
    assert "Diskon besar" in back
    audit = await rows(site, "select who, what from audit order by id")
    assert audit == [("rini", f"put signal {number} aside"), ("rini", f"took signal {number} back")]


async def test_an_agency_sees_no_signal_and_decides_on_none(site: Site) -> None:
    """Signals are the whole office's; an agency sees public reports of its own alone."""
    [number] = await put(site, Said(at=now(), text="Jalan rusak"))
    async with site.desk(AGENCY) as desk:
        page = await desk.look("/watch")
        await desk.send(f"/watch/{number}/report", csrf=token_of(AGENCY))

    assert "Jalan rusak" not in page
    assert "USD" not in page
    assert desk.status == 403


async def test_a_spike_is_told_with_its_evidence(site: Site) -> None:
    at = now()
    usual = [Said(at=at - day * DAY - HOUR, text="Macet pagi") for day in range(1, 8)]
    flood = [
        Said(at=at - minute * 60_000, text=f"Banjir di Sepatan {minute}", author=f"@w{minute}")
        for minute in range(7)
    ]
    await put(site, *usual, *flood)
    async with site.desk(ENGLISH) as desk:
        page = await desk.look("/watch")

    alerts = page.partition('id="alerts"')[2].partition("</section>")[0]
    assert "banjir" in alerts
    assert "7 times in 3 hours, usually 0.5 · 7 different senders" in alerts
    assert "Evidence: 7 posts" in alerts
    assert "Macet" not in alerts


async def test_words_are_looked_for_in_all_columns(site: Site) -> None:
    await put(
        site,
        Said(at=now(), text="Jalan rusak"),
        Said(at=now(), text="Lampu padam", channel="rss", source="kabar"),
    )
    async with site.desk() as desk:
        page = await desk.look("/watch?q=LAMPU&n=99999999")

    assert "Lampu padam" in page
    assert "Jalan rusak" not in page


async def test_the_picture_runs_nothing_and_its_table_says_the_same(site: Site) -> None:
    await put(site, *(Said(at=now(), text=f"Jalan {number}") for number in range(3)))
    async with site.desk() as desk:
        page = await desk.look("/watch")
        drawn = await desk.fetch("/watch/volume.svg?narrow=1")
        policy = desk.headers["Content-Security-Policy"]

    assert policy == POLICY
    assert drawn.startswith(b"<svg")
    assert b"script" not in drawn
    assert '<td class="num">3</td>' in page


async def test_a_page_that_is_open_hears_of_what_is_new(site: Site) -> None:
    async with site.desk() as desk, desk.session.get(f"{desk.base}/console/live") as stream:
        await stream.content.readline()
        await put(site, Said(at=now(), text="Jalan rusak"))
        async with asyncio.timeout(30):
            while "watch" not in (heard := (await stream.content.readline()).decode()):
                pass

    assert heard.startswith("data: ")


async def test_what_reading_costs_stands_there_with_what_was_missed(site: Site) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    place = Place(since="1", missed="not looked at: since 07:00, the daily budget is used up")
    ledger = Ledger(day=day, today=4_900_000, month=9_000_000).after("rule banjir", place)
    value = msgspec.json.encode(ledger).decode()
    cursor = Cursor(name=READS, value=value)
    await site.parts.store.write(lambda tx: cursors.move(tx, channel="x", cursor=cursor, now=now()))
    async with site.desk() as desk:
        page = await desk.look("/watch")

    assert "4,90 dari 5,00 USD" in page
    assert "9,00 dari 100,00 USD" in page
    assert "Hampir habis" in page
    assert "the daily budget is used up" in page
