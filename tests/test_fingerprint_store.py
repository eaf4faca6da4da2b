"""Finding earlier reports and counting those that say the same, on both engines."""

from collections.abc import Sequence

import msgspec

from forwarder.ports import Transaction
from gateway import clusters, neighbours, records, signals
from gateway.clusters import EVENT, GROWTH
from gateway.fingerprints import MOST, MOST_OF_A_FORM
from gateway.records import Joined, Stored, Written
from gateway.store import Store
from gateway.vault import Vault

NOW = 1_770_000_000_000
HOUR = 3_600_000


def row(
    number: int,
    keys: Sequence[int] = (),
    *,
    sender: str = "somebody",
    at: int = NOW,
    joined: Joined | None = None,
) -> Written:
    """A record to write, named by its number."""
    return Written(
        record_id=f"r{number}",
        revision=1,
        case_code=f"C{number}",
        channel="sms",
        external_id=f"m{number}",
        received_at=at,
        pseudonym=sender,
        document=(b"sealed", b"key"),
        identity=(b"sealed", b"key"),
        keys=keys,
        number=number,
        joined=joined,
    )


async def write(database: Store, *rows: Written) -> None:
    await database.write(lambda tx: records.write(tx, rows, now=NOW))


async def found(database: Store, *asked: tuple[str, Sequence[int]]) -> list[list[Stored]]:
    return await database.read(lambda tx: neighbours.find(tx, asked, since=NOW - 10 * HOUR))


async def ids(database: Store, *asked: tuple[str, Sequence[int]]) -> list[list[str]]:
    return [[one.record_id for one in each] for each in await found(database, *asked)]


async def test_a_batch_finds_for_each_message_who_shares_its_keys(database: Store) -> None:
    """The whole text before pairs, more pairs before fewer, newer before older; own ones last."""
    await write(
        database,
        row(1, [10, 21]),
        row(2, [20, 11, 12, 13], at=NOW - HOUR),
        row(3, [30, 11, 12]),
        row(4, [40, 11, 12], at=NOW - 2 * HOUR),
        row(5, [50], sender="me"),
    )
    both = await ids(database, ("me", [10, 11, 12, 13]), ("other", [30, 41]), ("other", []))

    assert both == [["r1", "r2", "r3", "r4", "r5"], ["r3"], []]


async def test_what_is_older_than_the_window_is_not_found(database: Store) -> None:
    """Neither by its words nor by its sender."""
    await write(database, row(1, [10], sender="me", at=NOW - 11 * HOUR))

    assert await ids(database, ("me", [10])) == [[]]


async def test_what_everybody_says_finds_nobody_alone(database: Store) -> None:
    """No look-up grows with the table; a key that few have is enough, two of a handful as well."""
    crowd = [row(number, [7, number, number // 5], at=NOW - number) for number in range(100, 200)]
    await write(database, *crowd)
    common, rare, handful, both = await ids(
        database, ("me", [1, 7]), ("me", [1, 199]), ("me", [1, 30]), ("me", [1, 7, 30])
    )

    assert (common, rare, handful) == ([], ["r199"], [])
    assert not set(both) - {f"r{number}" for number in range(150, 155)}


async def test_of_equal_texts_and_of_one_form_the_newest_are_enough(database: Store) -> None:
    """Copies of one campaign, and one letter filled in for many streets."""
    await write(database, *[row(n, [7], at=NOW - n) for n in range(100, 200)])
    form = range(20, 28)
    await write(database, *[row(n, [n, *form], at=NOW - n) for n in range(300, 400)])
    equal, filled, again = await ids(
        database, ("me", [7]), ("me", [1, *form]), ("me", [1, *form, 310])
    )

    assert equal == [f"r{number}" for number in range(100, 100 + MOST_OF_A_FORM)]
    assert filled == [f"r{number}" for number in range(300, 300 + MOST_OF_A_FORM)]
    assert again[0] == "r310"


async def test_the_newest_of_an_incident_are_found_in_whatever_words(database: Store) -> None:
    """A topic in a village everybody complains of; those most alike are found besides."""
    crowd = [row(n, [n, -7, n // 2 + 500], at=NOW - n) for n in range(100, 200)]
    await write(database, *crowd)
    [incident] = await ids(database, ("me", [1, 599, -7]))

    assert incident[:2] == ["r198", "r199"]
    assert incident[2:] == ["r100", "r101", "r102", "r103"]


async def test_a_message_is_compared_with_so_many_and_no_more(database: Store) -> None:
    """However many share one of its keys."""
    await write(database, *[row(n, [n, n + 100], at=NOW - n) for n in range(300, 320)])
    [many] = await ids(database, ("me", range(400, 420)))

    assert many == [f"r{number}" for number in range(300, 300 + MOST)]


async def test_revisions_are_found_by_their_old_and_new_words(database: Store) -> None:
    """What was added counts, and who repeats the first words finds the record still."""
    await write(database, row(1, [10]))
    second = msgspec.structs.replace(row(1, [11]), revision=2, number=None)
    await write(database, second)

    assert await ids(database, ("a", [10]), ("b", [11])) == [["r1"], ["r1"]]


async def test_clusters_count_and_neighbours_tell_how_many_there_are(database: Store) -> None:
    """The first, one that says the same, one that is only suggested."""
    same = Joined(cluster="r1", same=True, fresh=True)
    related = Joined(cluster="r1", same=False, fresh=True)
    await grow(database, row(1, [1]))
    await grow(database, row(2, [2], joined=same), row(3, [3], joined=related))
    [all_three] = await found(database, ("x", [1, 2, 3]))

    assert {one.record_id: (one.cluster, one.volume) for one in all_three} == {
        "r1": ("r1", 2),
        "r2": ("r1", 2),
        "r3": ("r3", 1),
    }


async def test_two_clusters_become_one_when_a_report_fits_both(database: Store) -> None:
    """Under the name of the first; what joined the second belongs to it now."""
    await grow(database, row(1, [1]), row(2, [2]))
    await grow(database, row(3, [3], joined=Joined(cluster="r2", same=True, fresh=True)))
    bridge = Joined(cluster="r1", same=True, fresh=True, joins=("r2",))
    await grow(database, row(4, [4], joined=bridge))
    await grow(database, row(5, [5], joined=Joined(cluster="r2", same=True, fresh=True)))
    [every] = await found(database, ("x", [1, 2, 3, 4, 5]))

    assert {(one.cluster, one.volume) for one in every} == {("r1", 5)}


async def test_a_mass_event_is_told_of_at_five_senders_and_each_four_times_more(
    database: Store, vault: Vault
) -> None:
    """Within a day; who repeats themselves does not count."""
    again = Joined(cluster="r1", same=True, fresh=False)
    fresh = Joined(cluster="r1", same=True, fresh=True)
    await grow(database, row(1))
    assert not [one for n in range(2, 8) for one in await grow(database, row(n, joined=again))]
    more = range(8, 8 + EVENT * GROWTH)
    grown = [one for n in more for one in await grow(database, row(n, joined=fresh))]
    await database.write(lambda tx: journal(tx, [one.by for one in grown]))
    await database.write(lambda tx: signals.tell(tx, vault, grown))
    seen = await database.read(lambda tx: list(signals.recent(tx, vault, since=0)))

    assert [one.senders for one in grown] == [EVENT, EVENT * GROWTH]
    assert [one.signal.source for one in seen] == [signals.EVENT] * 2
    assert all(one.record_id == "r1" for one in seen)
    assert "20 people" in seen[0].signal.text


async def test_yesterdays_senders_are_not_todays(database: Store) -> None:
    """Five in a year are no event."""
    fresh = Joined(cluster="r1", same=True, fresh=True)
    days = [(n, NOW + n * 25 * HOUR) for n in range(2, 9)]

    assert not [one for n, at in days for one in await grow(database, row(n, joined=fresh), now=at)]


async def grow(database: Store, *rows: Written, now: int = NOW) -> list[clusters.Grown]:
    """Write records and count them, as the pipeline does."""

    def work(tx: Transaction) -> list[clusters.Grown]:
        records.write(tx, rows, now=now)
        return clusters.grow(tx, rows, now=now)

    return await database.write(work)


def journal(tx: Transaction, rows: Sequence[Written]) -> None:
    """The journal rows records began with; a signal stands on one."""
    names = ("id", "chain", "position", "channel", "external_id", "received_at")
    columns = (*names, "payload", "digest")
    values = [
        (row.number, 0, row.number, row.channel, row.external_id, NOW, b"", b"") for row in rows
    ]
    assert tx.insert("journal", columns, values) == len(rows)
