"""A store that was away for a day, and what waits for it meanwhile."""

from collections import defaultdict
from pathlib import Path

import pytest
from forwarding import NOW, STORE, Desk, record_entry, record_id
from lanes import Lanes

from forwarder import claiming
from forwarder.central.sqlite import SqliteCentral, SqliteOptions
from forwarder.claiming import Claim
from gateway.store import Store
from gateway.vault import Vault

MANY = 10_000
#: Of these a revision came while the store was away.
REVISED = 500


@pytest.fixture
def lanes(database: Store, vault: Vault) -> Lanes:
    return Lanes(database, vault)


async def test_a_day_away_and_then_all_of_it(lanes: Lanes, tmp_path: Path) -> None:
    """
    Nothing is parked nor lost, few attempts are made, and then everything arrives in order.

    Who reports on the day it is back does not wait for the ten thousand before.
    """
    (tmp_path / "away").touch()  # a file where the store's folder should be
    store = SqliteCentral("store", SqliteOptions(path="away/central.db"), tmp_path)
    await lanes.put([record_entry(number) for number in range(MANY)])
    await lanes.put([record_entry(number, 2) for number in range(REVISED)])

    async with lanes.running(store):
        for hour in range(24):
            await lanes.until(STORE, "pending", hour + 1)
            lanes.clock.advance(3600)
        waiting = await lanes.states(STORE)
        attempts = await lanes.database.read(lambda tx: tx.one("select sum(attempts) from outbox"))
        (tmp_path / "away").unlink()
        new = MANY + 7
        await lanes.put([record_entry(new)])
        lanes.clock.advance(3600)
        await lanes.until(STORE, "delivered", MANY + REVISED + 1)
    await store.close()

    assert waiting == {"pending": MANY + REVISED}
    # Attempts while it is away are those of the first batches; later ones only knock.
    assert attempts is not None
    assert attempts[0] < MANY / 4
    place = [id_ for _, id_, _ in lanes.taken].index(record_id(new))
    assert place < MANY / 4
    revisions: dict[str, list[int]] = defaultdict(list)
    for _, id_, revision in lanes.taken:
        revisions[id_].append(revision)
    assert len(revisions) == MANY + 1
    for number in range(MANY):
        assert revisions[record_id(number)] == ([1, 2] if number < REVISED else [1])


async def test_the_newest_may_go_first_but_never_before_its_own_elders(
    database: Store, vault: Vault
) -> None:
    """A claim that begins at the new end takes what no older row of the same record holds up."""
    desk = Desk(database, vault)
    await desk.put(*(record_entry(number) for number in range(100)))
    await desk.put(record_entry(1, 2), record_entry(100))
    wanted = Claim(target=STORE, owner="w1", limit=2, lease_ms=60_000, resend=True, newest=True)

    first = await database.write(lambda tx: claiming.claim(tx, wanted, NOW))
    second = await database.write(lambda tx: claiming.claim(tx, wanted, NOW))

    assert sorted(item.record_id for item in first) == [record_id(99), record_id(100)]
    assert {item.record_id for item in second} == {record_id(97), record_id(98)}
