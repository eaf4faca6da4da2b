"""The audit trail: a chain that shows each change, and a list people can search."""

import asyncio
from pathlib import Path

import pytest
from clock import Clock

from forwarder.ports import Transaction
from gateway import anchors
from gateway.access import trail
from gateway.access.trail import anchor, enter, last_head, verify
from gateway.access.trail_list import Wanted, entries
from gateway.chain import Head
from gateway.signing import Signer
from gateway.store import Store, migrate, migrations_access
from gateway.store.migrations import MIGRATIONS
from gateway.vault import Vault

CASE = "3JZ9J6GMB"
OLD = "insert into audit (at, who, what) values (:at, 'sari', :what)"
CHANGES = {
    "update audit set what = 'looked at nothing' where position = 2": "trail entry 2 was changed",
    "update audit set who = 'someone' where position = 3": "trail entry 3 was changed",
    "update audit set at = 1 where position = 1": "trail entry 1 was changed",
    "update audit set about = '' where position = 2": "trail entry 2 was changed",
    "delete from audit where position = 2": "trail entry 2 is missing",
    "delete from audit where position = 3": (
        "the trail does not reach entry 3 any more: its end was cut off"
    ),
    "update trail_head set digest = (select digest from audit where position = 1)": (
        "trail entry 3 was changed"
    ),
}


def three(tx: Transaction) -> None:
    for number, who in enumerate(("sari", "budi", "sari"), start=1):
        enter(tx, who=who, what=f"opened case {CASE}, 100% of it", now=number * 1_000)


async def test_a_trail_nobody_touched_is_whole(database: Store) -> None:
    """Its end is where the last entry is, and the head noted is the one found."""
    await database.write(three)
    verdict = await database.read(verify)

    assert verdict.broken is None
    assert verdict.head.position == 3
    assert verdict.head == await database.read(last_head)
    assert anchor(verdict.head).startswith("trail:3:")


async def test_an_empty_trail_is_whole(database: Store) -> None:
    """Nothing is no break."""
    assert (await database.read(verify)).broken is None


@pytest.mark.parametrize("statement", CHANGES)
async def test_each_change_is_named(database: Store, statement: str) -> None:
    """Changed, removed, cut off: the first entry that does not fit is told."""
    await database.write(three)
    await database.write(lambda tx: tx.run(statement))

    assert (await database.read(verify)).broken == CHANGES[statement]


async def test_an_entry_past_the_chain_is_found(database: Store) -> None:
    """A row somebody put into the table by hand is no entry."""
    await database.write(three)
    await database.write(lambda tx: tx.run(OLD, at=4, what="was here"))

    broken = (await database.read(verify)).broken

    assert broken
    assert broken.startswith("an entry stands outside the trail's chain")


async def test_a_trail_written_anew_is_told_by_a_head_noted_elsewhere(database: Store) -> None:
    """Whoever holds the machine can write a whole chain; an anchor shows that it is another."""
    await database.write(three)
    noted = await database.read(last_head)

    def anew(tx: Transaction) -> None:
        tx.run("delete from audit")
        tx.run("delete from trail_head")
        trail.chain_what_is_there(tx)
        for number in range(4):
            enter(tx, who="sari", what="nothing to see", now=number)

    await database.write(anew)
    found = await database.read(lambda tx: verify(tx, [noted]))

    assert (await database.read(verify)).broken is None
    assert found.broken == "the trail was written anew: entry 3 is not the one noted"


async def test_many_writers_make_one_chain(database_url: str) -> None:
    """Two gateways on one PostgreSQL, many writes at once: no position twice, none left out."""
    stores = [await Store.open(database_url)]
    if database_url.startswith("postgresql"):
        stores.append(await Store.open(database_url))

    await asyncio.gather(
        *(
            store.write(lambda tx, n=number: enter(tx, who="sari", what=f"entry {n}", now=n))  # type: ignore[misc]
            for number in range(40)
            for store in stores
        )
    )
    verdict = await stores[0].read(verify)
    for store in stores:
        await store.close()

    assert (verdict.broken, verdict.head.position) == (None, 40 * len(stores))


async def test_entries_of_older_programs_are_chained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration gives them their place, with the case each is about."""
    url = f"sqlite://{tmp_path}/gateway.db"
    before = MIGRATIONS.index(migrations_access.TRAIL)
    with monkeypatch.context() as older:
        older.setattr(migrate, "MIGRATIONS", MIGRATIONS[:before])
        older.setattr(migrate, "VERSION", before)
        store = await Store.open(url)
        for number in range(3):
            what = f"revealed who reported case {CASE}"
            await store.write(lambda tx, n=number, w=what: tx.run(OLD, at=n, what=w))  # type: ignore[misc]
        await store.close()
    store = await Store.open(url)
    await store.write(lambda tx: enter(tx, who="budi", what="looked", now=9))
    verdict = await store.read(verify)
    about = await store.read(lambda tx: entries(tx, Wanted(case=CASE), 9))
    await store.close()

    assert (verdict.broken, verdict.head.position) == (None, 4)
    assert [entry.position for entry in about] == [3, 2, 1]


async def test_anchors_hold_where_the_trail_ends(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """A look at a case is a reason for a new anchor, and the anchor tells a cut-off end."""
    signer = Signer(vault)
    keys = frozenset([signer.public_key])

    def dropped(tx: Transaction) -> bytes | None:
        made = anchors.drop(tx, signer, clock.milliseconds)
        return made[1] if made else None

    nothing = await database.write(dropped)
    await database.write(three)
    first = await database.write(dropped)
    again = await database.write(dropped)
    assert first
    noted = anchors.heads_in([first], keys)

    def cut(tx: Transaction) -> None:
        tx.run("delete from audit where position = 3")
        row = tx.one("select position, digest from audit where position = 2")
        assert row
        tx.run("update trail_head set position = :at, digest = :digest", at=row[0], digest=row[1])

    await database.write(cut)
    found = await database.read(lambda tx: verify(tx, noted.trail))

    assert (nothing, again, len(noted)) == (None, None, 1)
    assert isinstance(noted.trail[0], Head)
    assert (await database.read(verify)).broken is None
    assert found.broken == "the trail does not reach entry 3 any more: its end was cut off"


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [
        (Wanted(), [3, 2, 1]),
        (Wanted(who="sari"), [3, 1]),
        (Wanted(words="OPENED CASE"), [3, 2, 1]),
        (Wanted(words="100% of"), [3, 2, 1]),
        (Wanted(words="100_ of"), []),
        (Wanted(words="%"), [3, 2, 1]),
        (Wanted(words="closed"), []),
        (Wanted(case=CASE, who="budi"), [2]),
        (Wanted(case="000000011"), []),
        (Wanted(since=2_000), [3, 2]),
        (Wanted(until=2_000), [1]),
        (Wanted(since=2_000, until=3_000), [2]),
    ],
)
async def test_the_list_is_searched(database: Store, wanted: Wanted, positions: list[int]) -> None:
    """By person, words, case and time; the newest entry stands first."""
    await database.write(three)
    found = await database.read(lambda tx: entries(tx, wanted, 10))

    assert [entry.position for entry in found] == positions


async def test_the_list_is_paged(database: Store) -> None:
    """A page goes on where the one before ended, whatever came in meanwhile."""
    await database.write(three)
    first = await database.read(lambda tx: entries(tx, Wanted(), 2))
    await database.write(three)
    second = await database.read(lambda tx: entries(tx, Wanted(before=first[-1].id), 2))

    assert [entry.position for entry in (*first, *second)] == [3, 2, 1]
