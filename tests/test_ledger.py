"""What a central store has of ours, and what follows on a record."""

import pytest
from forwarding import NOW, STORE, Desk, record_entry, record_id
from msgspec.structs import replace

from channels.contract import Receipt, Refused
from forwarder.ledger import Case, OutboxLedger
from gateway.store import Store
from gateway.vault import Vault


@pytest.fixture
def desk(database: Store, vault: Vault) -> Desk:
    return Desk(database, vault)


async def test_what_follows_bears_the_stores_own_number(desk: Desk) -> None:
    """A revision and a comment tell the store which case they are about; a first push cannot."""
    comment = replace(record_entry(1), kind="comment", revision=1, body=b"{}")
    await desk.put(record_entry(1), record_entry(1, 2), comment, record_entry(2))

    first = await desk.claim()
    await desk.settle(first, Receipt(reference="A-7"))
    second = await desk.claim()
    await desk.settle(second, Receipt())
    third = await desk.claim()

    assert [item.reference for item in first] == ["", ""]
    assert [(item.revision, item.reference) for item in second] == [(2, "A-7")]
    assert [(item.kind, item.reference) for item in third] == [("comment", "A-7")]


async def test_what_was_overtaken_knows_it(desk: Desk) -> None:
    """Parked, overtaken by its revision, tried again: the store hears that it has a later one."""
    await desk.put(record_entry(1), record_entry(1, 2))
    (first,) = await desk.claim()
    await desk.settle([first], Refused(reason="no"))
    await desk.settle(await desk.claim(), Receipt(reference="A-7"))
    later = NOW + 3_600_000
    await desk.retry(first.id, now=later)

    (again,) = await desk.claim(now=later)

    assert (again.revision, again.known, again.reference) == (1, 2, "A-7")


async def test_the_cases_of_a_store(desk: Desk, database: Store) -> None:
    """One case per record it took, with the latest revision and the number it gave."""
    await desk.put(*(record_entry(number) for number in (1, 2, 3)), record_entry(1, 2))
    await desk.settle((await desk.claim())[:2], Receipt(reference="A-7"))
    later = [item for item in await desk.claim() if item.revision == 2]
    await desk.settle(later, Receipt(), now=NOW + 5)

    cases = await OutboxLedger(database, STORE).cases("", 10)
    rest = await OutboxLedger(database, STORE).cases(record_id(1), 1)

    assert cases == [
        Case(record_id=record_id(1), revision=2, reference="A-7", at=NOW + 5),
        Case(record_id=record_id(2), revision=1, reference="A-7", at=NOW),
    ]
    assert rest == cases[1:]


async def test_old_and_closed_cases_are_not_followed(desk: Desk, database: Store) -> None:
    """A page of closed cases is not the end of the list."""
    await desk.put(*(record_entry(number) for number in (1, 2, 3)))
    await desk.settle(await desk.claim(), Receipt(reference="x"))
    closed = {record_id(1), record_id(2)}

    followed = OutboxLedger(database, STORE, ended=lambda _, ids: closed & set(ids))
    old = OutboxLedger(database, STORE, since=lambda: NOW + 1)

    assert [case.record_id for case in await followed.cases("", 1)] == [record_id(3)]
    assert await old.cases("", 10) == []


async def test_a_number_takes_the_place_of_a_token(desk: Desk, database: Store) -> None:
    """What follows on the record is sent under the number."""
    await desk.put(record_entry(1), record_entry(1, 2))
    await desk.settle(await desk.claim(), Receipt(reference="token:t-17"))

    await OutboxLedger(database, STORE).rename(record_id(1), "2026-0815")

    (item,) = await desk.claim()
    assert item.reference == "2026-0815"
