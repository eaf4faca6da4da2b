"""The life of outbox rows, on both engines."""

import re
from collections.abc import Sequence

import pytest
from forwarding import (
    NOW,
    POLICY,
    SMS,
    STORE,
    Desk,
    document,
    record_entry,
    record_id,
    reply_entry,
    rules,
)
from msgspec.structs import replace

from channels.contract import Receipt, Refused, TryLater, Uncertain
from forwarder import outbox
from forwarder.backoff import Policy
from forwarder.item import Item, Rules
from forwarder.ports import Transaction
from gateway.store import Store
from gateway.vault import Vault

MINUTE = 60_000
LATER = TryLater(reason="busy")


@pytest.fixture
def desk(database: Store, vault: Vault) -> Desk:
    return Desk(database, vault)


async def test_a_known_key_is_not_written_twice(desk: Desk) -> None:
    """A record put again under the same kind, revision and target stays the one row it is."""
    await desk.put(record_entry(1), record_entry(1))
    await desk.put(record_entry(1), record_entry(1, revision=2))

    assert await desk.rows("revision") == [(1,), (2,)]


async def test_bodies_are_sealed(desk: Desk, database: Store, vault: Vault) -> None:
    """The table holds no plaintext; whoever claims a row can open it with the gateway key."""
    await desk.put(record_entry(1))
    ((data_key,),) = await desk.rows("data_key")
    ((body,),) = await database.read(lambda tx: tx.all("select body from outbox_bodies"))
    assert isinstance(body, bytes | memoryview)
    assert isinstance(data_key, bytes | memoryview)

    (item,) = await desk.claim()

    assert b"Lampu" not in bytes(body) + bytes(data_key)
    assert item.unsealed(vault).body == document(1)


async def test_an_erased_row_cannot_be_opened(desk: Desk, database: Store, vault: Vault) -> None:
    """When the data key was destroyed nobody can read the row, and that is an error of its own."""
    await desk.put(record_entry(1))
    await database.write(lambda tx: tx.run("update outbox set data_key = null"))

    (item,) = await desk.claim()

    with pytest.raises(ValueError, match="erased"):
        item.unsealed(vault)


async def test_what_is_due_longest_is_claimed_first(desk: Desk) -> None:
    """A claim takes due rows of its own target only, those due longest first, up to a limit."""
    await desk.put(replace(record_entry(1), due=NOW + 1), reply_entry(2))
    await desk.put(replace(record_entry(3), due=NOW - 1), record_entry(4), record_entry(5))

    claimed = await desk.claim(limit=2)

    assert [item.record_id for item in claimed] == [record_id(3), record_id(4)]


async def test_a_lane_is_served_in_order(desk: Desk) -> None:
    """A lane's next row can be claimed only when the one before it is settled."""
    await desk.put(*(record_entry(1, revision) for revision in (1, 2, 3)), record_entry(2))
    seen = []

    while items := await desk.claim():
        seen.append([(item.record_id[-1], item.revision) for item in items])
        assert await desk.claim() == []
        await desk.settle(items, Receipt())

    assert seen == [[("1", 1), ("2", 1)], [("1", 2)], [("1", 3)]]


async def test_a_lane_waits_behind_what_is_tried_later(desk: Desk) -> None:
    """A later revision does not overtake an earlier one that is waiting to be tried again."""
    await desk.put(record_entry(1), record_entry(1, revision=2))
    await desk.settle(await desk.claim(), LATER)

    assert await desk.claim() == []
    (item,) = await desk.claim(now=NOW + MINUTE)

    assert item.revision == 1


async def test_a_parked_row_holds_up_nobody(desk: Desk) -> None:
    """What was refused waits for a person; the next row of its lane goes on."""
    await desk.put(record_entry(1), record_entry(1, revision=2))

    await desk.settle(await desk.claim(), Refused(reason="too\x00 long\n  by far"))
    (item,) = await desk.claim()

    assert item.revision == 2
    assert await desk.rows("state, reason") == [("parked", "too long by far"), ("pending", None)]


async def test_a_dead_workers_row_comes_back_as_interrupted(desk: Desk) -> None:
    """A claimed row is nobody else's until the lease is over, and then says what happened."""
    await desk.put(record_entry(1))
    (first,) = await desk.claim(owner="w1")

    assert await desk.claim(owner="w2", now=NOW + MINUTE - 1) == []
    (second,) = await desk.claim(owner="w2", now=NOW + MINUTE)

    assert (first.interrupted, second.interrupted) == (False, True)
    assert (first.doubtful, second.doubtful) == (False, True)


async def test_a_stale_worker_settles_nothing(desk: Desk) -> None:
    """A worker whose lease was taken over changes nothing when it wakes up."""
    await desk.put(record_entry(1))
    stale = await desk.claim(owner="w1")
    await desk.claim(owner="w2", now=NOW + MINUTE)

    settled = await desk.settle(stale, Refused(reason="late"), now=NOW + MINUTE)

    assert settled == {}
    assert await desk.rows("state, owner") == [("pending", "w2")]


async def test_leases_are_given_back_at_start(desk: Desk, database: Store) -> None:
    """The only process frees every lease, one of several only its own; both stay interrupted."""
    await desk.put(record_entry(1), record_entry(2))
    await desk.claim(owner="node-a/1", limit=1)
    await desk.claim(owner="node-b/1", limit=1)

    await database.write(lambda tx: outbox.release(tx, NOW, "node-a/"))
    ours = await desk.claim(owner="node-a/2")
    await database.write(lambda tx: outbox.release(tx, NOW))
    all_of_them = await desk.claim(owner="node-a/3")

    assert [item.interrupted for item in ours] == [True]
    assert [item.interrupted for item in all_of_them] == [True, True]


async def test_what_a_wrong_clock_put_far_ahead_comes_back_at_start(
    desk: Desk, database: Store
) -> None:
    """A row due in ten years, because the clock was wrong, is due at the next start."""
    await desk.put(replace(record_entry(1), due=NOW + 10 * 365 * 24 * 60 * MINUTE))

    await database.write(lambda tx: outbox.release(tx, NOW))

    assert len(await desk.claim()) == 1


async def test_what_was_made_by_a_clock_ahead_keeps_its_time_once_it_was_sent(
    desk: Desk, database: Store
) -> None:
    """Its time stands in what is sent, and a store that knows the key wants the same again."""
    ahead = NOW + 60 * MINUTE
    both = [replace(record_entry(number), due=ahead) for number in (1, 2)]
    await desk.put(*both, now=ahead)
    sent = await desk.claim(limit=1, now=ahead)
    await desk.settle(sent, TryLater(reason="away"), now=ahead)
    await database.write(lambda tx: outbox.pull_in(tx, NOW))
    (never_sent,) = await desk.claim()
    await database.write(lambda tx: outbox.release(tx, NOW + 1))
    (again,) = [item for item in await desk.claim(now=NOW + 1) if item.attempts]

    assert never_sent.created_at == NOW
    assert (again.id, again.created_at) == (sent[0].id, ahead)


async def test_a_clock_set_back_moves_waiting_rows(desk: Desk, database: Store) -> None:
    """Waiting rows keep their wait when the clock is set back; leases stay as they are."""
    hour = 60 * MINUTE
    await desk.put(record_entry(1), replace(record_entry(2), due=NOW + MINUTE))
    await desk.claim()

    await database.write(lambda tx: outbox.rewind(tx, STORE, hour, NOW - hour))

    assert await desk.claim(now=NOW - hour + MINUTE - 1) == []
    (item,) = await desk.claim(now=NOW - hour + MINUTE)
    assert item.record_id == record_id(2)


async def test_a_delivered_record_brings_its_receipt_forward(desk: Desk) -> None:
    """With the store's receipt the citizen's goes out at once, and the case counts as forwarded."""
    soon = NOW + 3_000
    await desk.put(record_entry(1), reply_entry(1, due=soon), reply_entry(2, lane="b", due=soon))
    forwarded: list[tuple[str, int]] = []

    def on_delivered(tx: Transaction, items: Sequence[Item], now: int) -> None:
        for item in items:
            assert tx.one("select state from outbox where id = :id", id=item.id) == ("delivered",)
            forwarded.append((item.record_id, now))

    chosen = Rules(policy=POLICY, resend=True, jitter=lambda: 0.0, on_delivered=on_delivered)
    await desk.settle(await desk.claim(), Receipt(reference="SP4N-1"), with_rules=chosen)

    assert forwarded == [(record_id(1), NOW)]
    assert await desk.rows("state, due, reference, settled_at") == [
        ("delivered", NOW, "SP4N-1", NOW),
        ("pending", NOW, None, None),
        ("pending", soon, None, None),
    ]


async def test_settling_and_its_consequence_are_one(desk: Desk) -> None:
    """When the consequence cannot be written, the row is not delivered either."""
    await desk.put(record_entry(1))
    items = await desk.claim()

    def fail(tx: Transaction, items: Sequence[Item], now: int) -> None:
        raise LookupError(items, now, tx)

    chosen = Rules(policy=POLICY, resend=True, jitter=lambda: 0.0, on_delivered=fail)
    with pytest.raises(LookupError):
        await desk.settle(items, Receipt(), with_rules=chosen)

    assert await desk.rows("state, owner") == [("pending", "w1")]


async def test_a_receipt_that_is_tried_again_is_not_brought_forward(desk: Desk) -> None:
    """The store's answer does not shorten what the citizen's provider asked us to wait."""
    await desk.put(record_entry(1), reply_entry(1))
    await desk.settle(await desk.claim(SMS), TryLater(reason="busy", wait=60.0))

    await desk.settle(await desk.claim(), Receipt())

    assert await desk.rows("state, due") == [("delivered", NOW), ("pending", NOW + MINUTE)]


async def test_weather_never_parks(desk: Desk) -> None:
    """Failing hundreds of times only makes a row wait, by default."""
    await desk.put(record_entry(1))
    now = NOW

    for _ in range(300):
        now += int(POLICY.cap * 1000)
        await desk.settle(await desk.claim(now=now), LATER, now=now)

    assert await desk.rows("state, attempts, due, reason") == [
        ("pending", 300, now + int(POLICY.cap * 500), "busy")
    ]


async def test_out_of_attempts_parks_where_a_limit_is_set(desk: Desk) -> None:
    """With a limit, the attempt that reaches it parks the row with the last reason."""
    await desk.put(record_entry(1))
    chosen = rules(resend=True, policy=Policy(attempts=2))

    for now in (NOW, NOW + MINUTE):
        await desk.settle(await desk.claim(now=now), LATER, now=now, with_rules=chosen)

    assert await desk.rows("state, reason") == [("parked", "gave up after 2 attempts: busy")]


async def test_a_told_wait_is_kept(desk: Desk) -> None:
    """What the other side asks for is the least we wait."""
    await desk.put(record_entry(1))

    await desk.settle(await desk.claim(), TryLater(reason="busy", wait=120.0))

    assert await desk.rows("due") == [(NOW + 120_000,)]


async def test_doubt_about_a_store_is_kept_until_it_is_cleared(desk: Desk) -> None:
    """A push without an answer stays uncertain, also when the next attempt cannot connect."""
    await desk.put(record_entry(1), record_entry(1, revision=2))
    await desk.settle(await desk.claim(), Uncertain(reason="no answer"))
    (again,) = await desk.claim(now=NOW + MINUTE)

    await desk.settle([again], LATER, now=NOW + MINUTE)

    assert (again.doubtful, again.interrupted) == (True, False)
    assert await desk.rows("state, attempts") == [("uncertain", 2), ("pending", 0)]
    assert len(await desk.claim(now=NOW + 2 * MINUTE)) == 1


async def test_an_uncertain_reply_waits_for_a_report(desk: Desk) -> None:
    """A reply that may have left rests for ten minutes and holds up no later one."""
    await desk.put(reply_entry(1), reply_entry(1, kind="status"))
    await desk.settle(await desk.claim(SMS), Uncertain(reason="no answer"))

    (next_one,) = await desk.claim(SMS)
    await desk.settle([next_one], Receipt())
    (again,) = await desk.claim(SMS, now=NOW + 10 * MINUTE)

    assert next_one.kind == "status"
    assert (again.kind, again.state) == ("receipt", "uncertain")


async def test_two_workers_share_the_rows(desk: Desk) -> None:
    """However many workers claim, each row is somebody's once."""
    await desk.put(*(record_entry(number) for number in range(50)))

    mine = await desk.claim(owner="w1", limit=30)
    yours = await desk.claim(owner="w2", limit=30)

    assert sorted(item.record_id for item in mine + yours) == sorted(map(record_id, range(50)))


def test_a_reply_has_a_name_fit_for_addresses() -> None:
    """A reply's id is short, lower case, always the same, and different for each reply."""
    entries = [reply_entry(1), reply_entry(2), reply_entry(1, revision=2)]
    entries += [reply_entry(1, kind="status"), replace(reply_entry(1), target="channel:mail")]

    ids = [outbox.reply_id(entry) for entry in entries]

    assert ids == [outbox.reply_id(entry) for entry in entries]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z2-7]{26}", name) for name in ids)
