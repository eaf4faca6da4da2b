"""The monitor's memory: what it takes from the database, who sees what, and what it lets go."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from board_office import BoardOffice
from clock import Clock
from forwarding import record_id
from public_talk import Said, say

from gateway import signals
from gateway.build_craft import build_craft
from gateway.monitor.monitor import Monitor
from gateway.monitor.rising import DAY, HOUR, rising
from gateway.monitor.sources import Around
from gateway.settings import read_settings
from gateway.store import Store
from gateway.vault import Vault
from gateway.workshop import InThread

FLOOD = "Banjir di Pondok Kacang Timur Pondok Aren, air setinggi lutut di RT 03"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InThread]:
    """The craft with the rules we ship."""
    home = tmp_path_factory.mktemp("watch")
    settings = read_settings(Path(__file__).parents[1] / "config", home, {})
    shop = InThread(build_craft(settings, bytes(range(32))))
    yield shop
    shop.close()


@pytest.fixture
def monitor(database: Store, vault: Vault, clock: Clock, workshop: InThread) -> Monitor:
    around = Around(database=database, vault=vault, workshop=workshop)
    return Monitor(around, clock=lambda: clock.milliseconds)


async def test_signals_are_seen_newest_first_and_each_once(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    now = clock.milliseconds
    await say(
        database, vault, [Said(at=now - HOUR, text="Jalan rusak"), Said(at=now, text="Macet")]
    )
    told: list[int] = []
    monitor.watching.append(lambda: told.append(monitor.version))

    await monitor.look()
    await monitor.look()

    assert [item.text for item in monitor.items()] == ["Macet", "Jalan rusak"]
    assert monitor.caught_up
    assert len(told) == len(set(told)) == 2  # one for the slice, one for being there


async def test_what_a_person_decided_elsewhere_is_seen(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    """Another process hid one and made a report of the other."""
    now = clock.milliseconds
    one, two = await say(database, vault, [Said(at=now, text="Diskon"), Said(at=now, text="Macet")])
    await monitor.look()

    hidden = await database.write(lambda tx: signals.hide(tx, one, who="rini", now=now))
    again = await database.write(lambda tx: signals.hide(tx, one, who="budi", now=now))
    await database.write(lambda tx: signals.taken(tx, two, "a-record"))
    refused = await database.write(lambda tx: signals.hide(tx, two, who="rini", now=now))
    await monitor.look()

    first, second = monitor.find(f"s{one}"), monitor.find(f"s{two}")
    assert (hidden, again, refused) == (True, False, False)
    assert first
    assert second
    assert (first.hidden, first.record_id) == (True, None)
    assert (second.hidden, second.record_id) == (False, "a-record")


async def test_what_was_erased_is_gone(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    [one] = await say(database, vault, [Said(at=clock.milliseconds, text="Jalan rusak")])
    await monitor.look()
    await database.write(lambda tx: tx.run("update signals set data_key = null"))
    await monitor.look()

    assert monitor.find(f"s{one}") is None
    assert monitor.items() == []


async def test_the_same_incident_in_the_same_words_is_one_group(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    now = clock.milliseconds
    said = [
        Said(at=now - 3, text=FLOOD, author="@satu"),
        Said(at=now - 2, text="Lampu jalan padam di Serua Ciputat sejak Senin", author="@dua"),
        Said(at=now - 1, text=f"RT @satu: {FLOOD}", author="@tiga", channel="rss"),
    ]
    await say(database, vault, said)
    await monitor.look()
    groups = monitor.groups(monitor.items())

    assert [[item.author for item in group] for group in groups] == [["@tiga", "@satu"]]


async def test_a_flood_rises_with_its_evidence_and_an_usual_word_does_not(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    """Six people tell of a flood where none was; every day has five words about traffic."""
    now = clock.milliseconds
    said = [
        Said(
            at=now - day * DAY - 60_000 * number, text=f"Macet lagi {number}", author=f"@m{number}"
        )
        for day in range(8)
        for number in range(5)
    ]
    said += [
        Said(at=now - 600_000 * number, text=f"{FLOOD} hari {number}", author=f"@b{number}")
        for number in range(6)
    ]
    await say(database, vault, sorted(said, key=lambda one: one.at))
    await monitor.look()
    rises = rising(monitor.items(), now)
    words = {subject.value for rise in rises for subject in rise.subjects}

    assert "banjir" in words
    assert "macet" not in words
    assert rises[0].alerts
    assert rises[0].senders == 6
    assert rises[0].since == now - 3_000_000
    assert len(rises) == 1  # "banjir", "lutut" and the place are one piece of news


async def test_nothing_a_citizen_wrote_stands_in_plain(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    await say(database, vault, [Said(at=clock.milliseconds, text=FLOOD, author="@rahasia")])
    await monitor.look()
    rows = await database.read(lambda tx: tx.all("select * from signals"))

    assert "Banjir" not in str(rows)
    assert "rahasia" not in str(rows)


async def test_reports_everybody_can_read_are_mentions_without_their_authors(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    """A direct message, an anonymous report and a text message are nobody's here."""
    office = BoardOffice(database, vault, clock)
    post = "https://x.com/warga/status/1"
    await office.receive(1, channel="x", source_url=post)
    await office.receive(2, channel="x")
    await office.receive(3, channel="messenger", remarks=["a public comment"])
    await office.receive(4, channel="sms", source_url=post)
    await office.receive(5, channel="x", source_url=post, anonymous=True)
    await office.receive(6, channel="instagram", source_url=post, visibility="private")
    await monitor.look()
    seen = monitor.items()
    agency = seen[0].agency

    assert sorted((item.channel, item.url, item.author) for item in seen) == [
        ("messenger", "", ""),
        ("x", post, ""),
    ]
    assert agency
    assert len(monitor.items(agency)) == 2
    assert monitor.items("another agency") == []


async def test_a_citizens_post_that_was_erased_or_hidden_is_gone_at_the_next_look(
    database: Store, vault: Vault, clock: Clock, monitor: Monitor
) -> None:
    """Also one of days ago, between two looks at everything; what was not touched stays."""
    office = BoardOffice(database, vault, clock)
    post = "https://x.com/warga/status/1"
    for number in (1, 2, 3):
        await office.receive(number, channel="x", source_url=post)
    clock.advance(2 * 3_600)
    for number in (4, 5, 6):
        await office.receive(number, channel="x", source_url=post)
    await monitor.look()
    before = [item.record_id or "" for item in monitor.items()]
    version = monitor.version
    erased = "update records set data_key = null where record_id {among:ids}"
    await database.write(lambda tx: tx.run(erased, ids=[record_id(1), record_id(4)]))
    for number in (2, 5):
        await office.revise(number, visibility="private")
    clock.advance(5)
    await monitor.look()

    assert sorted(before) == sorted(map(record_id, range(1, 7)))
    assert sorted(item.record_id or "" for item in monitor.items()) == [record_id(3), record_id(6)]
    assert monitor.version > version
