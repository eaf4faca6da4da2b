"""The page *Kanal* against a whole gateway: how it does, and what an operator may do to it."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from console_site import ADMIN, OFFICER, Desk, Site, console_site, token_of

from channels.contract import Delivery
from gateway.access.person import Person, Role
from gateway.back import strays
from gateway.console.channels import SHOWN
from gateway.console.channels_accounts import Accounts
from gateway.holdings import Holding
from gateway.store import StoreUnavailable

HOSTILE = "<script>alert(1)</script>"
AGENCY = Person(id=4, login="dina", name="Dina", role=Role.OFFICER, agency="dinas_kesehatan")
TOML = """
[channels.rss]
enabled = true
feeds = [{name = "kabar", url = "http://127.0.0.1:9/feed", private = true}]
[notices.budget]
sms = 40
"""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    people = (OFFICER, ADMIN, AGENCY)
    async with console_site(tmp_path, TOML, people=people) as site:
        yield site


@pytest.fixture
async def on_both(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    """On both engines in turn."""
    people = (OFFICER, ADMIN, AGENCY)
    async with console_site(tmp_path, TOML, people=people, store=database_url) as site:
        yield site


async def park(site: Site, name: str = "bad") -> str:
    """Something the pipeline cannot read; its id."""
    payload = f"not JSON: {HOSTILE}".encode()
    [kept] = await site.parts.inboxes["rss"].accept([Delivery(external_id=name, payload=payload)])
    await until(site, f"select 1 from work where journal_id = {kept.id} and state = 'parked'")
    return f"j{kept.id}"


async def until(site: Site, sql: str) -> None:
    async with asyncio.timeout(30):
        while not await site.parts.store.read(lambda tx: tx.all(sql)):  # noqa: ASYNC110 (a table)
            await asyncio.sleep(0.02)


async def until_page(desk: Desk, words: str) -> str:
    """Look again until the page says so: some of it is counted beside it."""
    async with asyncio.timeout(30):
        while words not in (page := await desk.look("/channels")):  # noqa: ASYNC110 (a page)
            await asyncio.sleep(0.02)
    return page


async def trail(site: Site) -> list[tuple[str, str]]:
    rows = await site.parts.store.read(lambda tx: tx.all("select who, what from audit order by id"))
    return [(row[0], row[1]) for row in rows]


async def test_every_message_is_accounted_for_as_an_equation(on_both: Site) -> None:
    site = on_both
    await site.sms("+6280000000001", "Jalan rusak di Sepatan")
    await park(site)
    await until(site, "select 1 from outbox where kind = 'record' and state = 'delivered'")
    async with site.desk() as desk:
        page = await until_page(desk, "Seimbang")

    equation = page.partition('class="equation"')[2].partition("</p>")[0]
    numbers = [part.partition("<")[0] for part in equation.split("<strong>")[1:]]
    assert numbers == ["2", "1", "0", "0", "0", "1", "0"]
    assert "Tidak seimbang" not in page


async def test_channels_and_stores_say_how_they_do(on_both: Site) -> None:
    site = on_both
    await site.sms("+6280000000001", "Jalan rusak di Sepatan")
    site.parts.troubles.note("sms", "no_credit", f"balance {HOSTILE}")
    await until(site, "select 1 from troubles where kind = 'no_credit'")
    await site.parts.rhythm.look()
    store = next(iter(site.parts.centrals))
    site.parts.holdings.last[store] = Holding(
        store=store, asked=10, there=7, missing=("one", "two"), silent=1
    )
    site.parts.metrics.channel_up("web", up=False)
    async with site.desk() as desk:
        page = await desk.look("/channels")

    assert "saldo habis" in page
    assert "<script>alert" not in page
    assert "mati, dicoba lagi" in page
    assert "dari 40 satuan" in page
    assert "2 dari 10 tidak ada" in page
    assert "1 tanpa jawaban" in page


async def test_the_days_a_token_has_left_are_counted(tmp_path: Path) -> None:
    """From the last day the operator wrote down; without it nobody knows."""
    today = datetime.now(UTC).date()
    toml = "".join(
        f'[channels.{name}]\nenabled = true\nsecrets = ["door"]\n{until}\n'
        for name, until in {
            "messenger": f"token_until = {today + timedelta(days=10)}",
            "line": f"token_until = {today - timedelta(days=5)}",
            "whatsapp": "",
        }.items()
    )
    environment = {"LAPOR_DOOR": "kunci-pintu-0000000001"}
    async with console_site(tmp_path, toml, environment=environment) as site, site.desk() as desk:
        page = await desk.look("/channels")
        rows = {name: page.partition(f">{name}</th>")[2] for name in ("Messenger", "LINE")}
        left = re.search(r'tag warn">(\d+) hari lagi', rows["Messenger"])
        over = re.search(r'tag bad">habis (\d+) hari lalu', rows["LINE"])
        assert left
        assert int(left[1]) in {9, 10}  # the office's day may be ahead
        assert over
        assert int(over[1]) in {5, 6}
        assert "tidak diketahui" in page.partition(">WhatsApp</th>")[2]


async def test_the_heads_of_the_chains_are_there_to_copy(site: Site) -> None:
    await site.sms("+6280000000001", "Jalan rusak di Sepatan")
    await site.parts.anchoring.drop()
    async with site.desk() as desk:
        page = await desk.look("/channels")

    assert 'data-copy="0:1:' in page
    assert 'data-copy="trail:' in page
    assert "nomor 1 ·" in page


async def test_of_very_much_that_is_parked_each_is_counted_and_found(on_both: Site) -> None:
    """The page shows the first of it; what stands further down is there by its address."""
    parked = [("sp4n", f"u{n}", f"r{n}", "", 1, b"", None) for n in range(1_002)]
    await on_both.parts.store.write(lambda tx: tx.insert("strays", strays.COLUMNS, parked))
    async with on_both.desk(ADMIN) as desk:
        page = await desk.look("/channels")
        assert "<strong>1.002</strong>" in page
        assert page.count('id="parked-s') == SHOWN
        await desk.look("/channels/parked/s1002")
        assert desk.status == 200
        await desk.send("/channels/parked/s1002/drop", reason="umpan uji coba")
        assert "<strong>1.001</strong>" in await desk.look("/channels")
        await desk.look("/channels/parked/s1002")
        assert desk.status == 404
        await desk.look("/channels")
        await desk.send("/channels/retry")
        assert desk.status == 200


async def test_accounts_that_cannot_be_made_now_are_made_later() -> None:
    """Nothing is thrown where nobody would catch it."""

    class Away:
        async def read(self, work: object) -> None:
            del work
            raise StoreUnavailable

    heard: list[int] = []
    accounts = Accounts(Away(), lambda: 0, lambda: heard.append(1))  # type: ignore[arg-type]
    await accounts.count()
    assert not heard


async def test_what_is_parked_is_read_only_by_who_operates_and_it_is_written_down(
    site: Site,
) -> None:
    id_ = await park(site)
    async with site.desk(OFFICER) as desk:
        page = await desk.look("/channels")
        assert f"parked-{id_}" in page
        assert f"/channels/parked/{id_}" not in page
        await desk.look(f"/channels/parked/{id_}")
        assert desk.status == 403
    async with site.desk(ADMIN) as desk:
        page = await desk.look(f"/channels/parked/{id_}")

    assert "not JSON: &lt;script&gt;" in page
    assert HOSTILE not in page
    assert await trail(site) == [("ayu", f"read parked {id_}")]


async def test_dropping_wants_a_reason_and_retrying_tries_again(site: Site) -> None:
    one, two = await park(site, "one"), await park(site, "two")
    async with site.desk(ADMIN) as desk:
        await desk.look(f"/channels/parked/{one}")
        refused = await desk.send(f"/channels/parked/{one}/drop", reason="  ")
        status = desk.status
        dropped = await desk.send(f"/channels/parked/{one}/drop", reason="umpan uji coba")
        await desk.send(f"/channels/parked/{two}/retry")
        await desk.look(f"/channels/parked/{one}")

    assert (status, desk.status) == (422, 404)
    assert "Tulis sebabnya dulu" in refused
    assert "Disisihkan." in dropped
    said = [what for _, what in await trail(site)]
    assert "drop 1 rows  umpan uji coba" in said
    assert "retry 1 rows" in said
    number = int(one[1:])
    row = await site.parts.store.read(
        lambda tx: tx.one("select state, reason from work where journal_id = :id", id=number)
    )
    assert tuple(row or ()) == ("ignored", "dropped: umpan uji coba")


async def test_an_officer_changes_nothing(site: Site) -> None:
    id_ = await park(site)
    async with site.desk(OFFICER) as desk:
        for path in ("retry", f"parked/{id_}/retry", f"parked/{id_}/drop"):
            await desk.send(f"/channels/{path}", csrf=token_of(OFFICER), reason="x")
            assert desk.status == 403

    assert await trail(site) == []


async def test_an_agency_sees_how_channels_do_and_nothing_of_others(site: Site) -> None:
    id_ = await park(site)
    async with site.desk(AGENCY) as desk:
        page = await desk.look("/channels")

    assert 'id="doors"' in page
    assert id_ not in page
    assert 'id="accounts"' not in page
