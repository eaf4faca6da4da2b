"""Keys of machines: shown once, good for a time, and of no use afterwards."""

import pytest
from clock import Clock

from gateway.access import keys
from gateway.access.keys import NewKey
from gateway.access.person import Right, Role
from gateway.store import Store

NEW = NewKey(name="dashboard", role=Role.VIEWER, agency="dinas-pu", days=30)


async def test_a_key_is_known_by_its_secret(database: Store, clock: Clock) -> None:
    """It acts as a reader of its agency, and only its hash is kept."""
    now = clock.milliseconds
    shown = await database.write(lambda tx: keys.add(tx, NEW, "sari", now))
    found = await database.read(lambda tx: keys.find(tx, shown, now))
    rows = await database.read(lambda tx: tx.all("select * from api_keys"))

    assert found
    assert found.person.login == f"key:{found.id}"
    assert found.person.agency == "dinas-pu"
    assert found.person.may(Right.READ)
    assert not found.person.may(Right.HANDLE)
    assert shown.partition(".")[2] not in str(rows)


@pytest.mark.parametrize("wrong", ["", ".", "x.y", "\0.x", "000000000000.", "ü.ü"])
async def test_another_key_is_none(database: Store, clock: Clock, wrong: str) -> None:
    """Neither a guess, nor an id without its secret."""
    now = clock.milliseconds
    shown = await database.write(lambda tx: keys.add(tx, NEW, "sari", now))
    id_, _, secret = shown.partition(".")

    for guess in (wrong, f"{id_}.", f"{id_}.{secret[:-1]}", secret, f"{secret}.{id_}"):
        assert await database.read(lambda tx, g=guess: keys.find(tx, g, now)) is None  # type: ignore[misc]


async def test_a_key_ends(database: Store, clock: Clock) -> None:
    """By its day, or at once by a person."""
    now = clock.milliseconds
    by_day = await database.write(lambda tx: keys.add(tx, NEW, "sari", now))
    ended = await database.write(lambda tx: keys.add(tx, NEW, "sari", now))
    id_ = ended.partition(".")[0]
    first = await database.write(lambda tx: keys.end(tx, id_, now))
    second = await database.write(lambda tx: keys.end(tx, id_, now))
    later = now + 30 * keys.DAY_MS

    assert (first, second) == (True, False)
    assert await database.read(lambda tx: keys.find(tx, ended, now)) is None
    assert await database.read(lambda tx: keys.find(tx, by_day, later - 1))
    assert await database.read(lambda tx: keys.find(tx, by_day, later)) is None
    assert len(await database.read(keys.listed)) == 2
