"""What people and late news do to outbox rows, on both engines."""

import pytest
from forwarding import NOW, SMS, STORE, Desk, record_entry, record_id, reply_entry

from channels.contract import DeliveryReport, Receipt, Refused, TryLater, Uncertain
from forwarder import outbox_desk
from forwarder.outbox import reply_id
from gateway.store import Store
from gateway.vault import Vault

REPLY = reply_id(reply_entry(1))


@pytest.fixture
def desk(database: Store, vault: Vault) -> Desk:
    return Desk(database, vault)


async def report(
    database: Store, *, delivered: bool, final: bool = True, reply: str = REPLY
) -> str | None:
    news = DeliveryReport(reply_id=reply, delivered=delivered, final=final, detail="said\x00 so")
    return await database.write(lambda tx: outbox_desk.feedback(tx, news, NOW + 1))


async def test_the_desk_sees_what_is_not_delivered(desk: Desk, database: Store) -> None:
    """Depth and age count what waits, by target; parked rows show why and never the content."""
    await desk.put(record_entry(1), record_entry(2), record_entry(3), now=NOW)
    await desk.put(reply_entry(1), now=NOW + 5)
    delivered, refused, _ = await desk.claim()
    await desk.settle([delivered], Receipt())
    await desk.settle([refused], Refused(reason="HTTP 422"), now=NOW + 7)

    depth = await database.read(outbox_desk.depth)
    oldest = await database.read(outbox_desk.oldest)
    (parked,) = await database.read(outbox_desk.parked)

    assert depth == {(STORE, "pending"): 1, (STORE, "parked"): 1, (SMS, "pending"): 1}
    assert oldest == {STORE: NOW, SMS: NOW + 5}
    assert (parked.record_id, parked.kind, parked.revision) == (record_id(2), "record", 1)
    assert (parked.attempts, parked.settled_at, parked.reason) == (1, NOW + 7, "HTTP 422")


async def test_a_parked_row_can_be_sent_again(desk: Desk, database: Store) -> None:
    """A person may retry a parked row; it goes out under the same id as a new one."""
    await desk.put(record_entry(1), record_entry(2))
    items = await desk.claim()
    await desk.settle(items, Refused(reason="no"))

    count = await database.write(
        lambda tx: outbox_desk.retry(tx, [item.id for item in items] + [99], NOW + 1)
    )
    again = await desk.claim(now=NOW + 1)

    assert count == 2
    assert [(item.id, item.attempts, item.doubtful) for item in again] == [
        (item.id, 0, False) for item in items
    ]


async def test_a_dismissed_row_is_kept_and_no_longer_listed(desk: Desk, database: Store) -> None:
    """Dismissing needs a reason, keeps the row, and works for parked rows only."""
    await desk.put(record_entry(1), record_entry(2))
    refused, _ = await desk.claim()
    await desk.settle([refused], Refused(reason="no"))

    async def dismiss(id_: int) -> bool:
        return await database.write(lambda tx: outbox_desk.dismiss(tx, id_, "a test", NOW))

    answers = [await dismiss(refused.id), await dismiss(refused.id + 1)]

    assert answers == [True, False]
    assert await database.read(outbox_desk.parked) == []
    assert await desk.rows("state, reason, dismissed") == [
        ("parked", "no", "a test"),
        ("pending", None, None),
    ]


async def test_a_report_confirms_an_uncertain_reply(desk: Desk, database: Store) -> None:
    """A delivery report settles the doubt: delivered, and not sent again."""
    await desk.put(reply_entry(1))
    await desk.settle(await desk.claim(SMS), Uncertain(reason="no answer"))

    state = await report(database, delivered=True)

    assert state == "delivered"
    assert await desk.rows("state, reason, feedback") == [("delivered", None, "delivered: said so")]
    assert await desk.claim(SMS, now=NOW + 10**9) == []


async def test_a_report_may_overtake_our_own_settling(desk: Desk, database: Store) -> None:
    """The phone may confirm before we have written that the provider took it; then that stands."""
    await desk.put(reply_entry(1))
    items = await desk.claim(SMS)

    await report(database, delivered=True)
    settled = await desk.settle(items, Uncertain(reason="no answer"))

    assert settled == {}
    assert await desk.rows("state") == [("delivered",)]


async def test_a_reply_that_did_not_arrive_is_parked(desk: Desk, database: Store) -> None:
    """A final failure of a delivered reply becomes an officer's, who sees why."""
    await desk.put(reply_entry(1))
    await desk.settle(await desk.claim(SMS), Receipt(reference="smsc-1"))

    state = await report(database, delivered=False)

    assert state == "parked"
    (parked,) = await database.read(outbox_desk.parked)
    assert parked.reason == parked.feedback == "undeliverable: said so"


async def test_reports_out_of_order(desk: Desk, database: Store) -> None:
    """Once delivered, neither a late "buffered" nor a late failure takes it back."""
    await desk.put(reply_entry(1))
    await desk.settle(await desk.claim(SMS), Receipt())
    await report(database, delivered=False, final=False)
    assert await desk.rows("state, feedback") == [("delivered", "on its way: said so")]

    states = [
        await report(database, delivered=True),
        await report(database, delivered=False, final=False),
        await report(database, delivered=False),
    ]

    assert states == ["delivered"] * 3
    assert await desk.rows("state, feedback") == [("delivered", "delivered: said so")]


async def test_a_failure_of_an_earlier_attempt_does_not_stop_the_next(
    desk: Desk, database: Store
) -> None:
    """While a reply waits to be tried again, bad news of the last attempt is only noted."""
    await desk.put(reply_entry(1))
    await desk.settle(await desk.claim(SMS), TryLater(reason="busy"))

    assert await report(database, delivered=False) == "pending"
    assert len(await desk.claim(SMS, now=NOW + 10**6)) == 1


async def test_news_of_unknown_replies(desk: Desk, database: Store) -> None:
    """A report with an id that is not ours changes nothing; one of ours names its record."""
    await desk.put(reply_entry(1), record_entry(1))

    assert await report(database, delivered=True, reply="a" * 26) is None
    assert await database.read(lambda tx: outbox_desk.record_of(tx, "a" * 26)) is None
    assert await database.read(lambda tx: outbox_desk.record_of(tx, REPLY)) == record_id(1)
    assert await desk.rows("reply_id") == [(REPLY,), (None,)]
