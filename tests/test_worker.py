"""Workers on a real outbox, a real file store, and an HTTP store that fails in every way."""

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import fault_server as faults
import pytest
from clock import Clock
from fault_server import FaultServer, status
from forwarding import NOW, SMS, STORE, Desk, record_entry, record_id, reply_entry
from msgspec import structs

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder import outbox, outbox_desk
from forwarder.backoff import Policy
from forwarder.central.http import HttpCentral, HttpOptions
from forwarder.central.sqlite import SqliteCentral, SqliteOptions
from forwarder.item import Item
from forwarder.ports import Transaction
from forwarder.target import Surroundings, Target, to_central, to_channel
from forwarder.worker import Worker
from gateway.store import Store, StoreUnavailable
from gateway.vault import Vault

# Impatient: waits of milliseconds, so that a hundred failures take no time.
FAST = Policy(base=0.005, cap=0.02, poll=0.01, threshold=5, grace=1.0, lease=60.0)

KEPT = Receipt(reference="kept")


class Bench:
    """An outbox with what workers need; `settled` rings when a worker looks or commits."""

    def __init__(self, database: Store, vault: Vault) -> None:
        self.database = database
        self.vault = vault
        self.desk = Desk(database, vault)
        self.clock: Callable[[], int] = lambda: int(time.time() * 1000)
        self.looks = 0
        self.settled = asyncio.Condition()
        self.totals: Counter[str] = Counter()
        self.forwarded: list[str] = []
        self._ringing: set[asyncio.Task[None]] = set()

    def worker(self, target: Target, policy: Policy = FAST, owner: str = "test/1") -> Worker:
        """A worker for one target."""
        return Worker(
            target,
            Surroundings(
                database=self.database,
                unavailable=StoreUnavailable,
                vault=self.vault,
                policy=policy,
                clock=self._look,
                jitter=lambda: 0.5,
                owner=owner,
                on_delivered=self._forward,
                on_settled=self._count,
            ),
        )

    @asynccontextmanager
    async def running(self, worker: Worker) -> AsyncIterator[Worker]:
        """Run a worker for the time of a block and stop it in order."""
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            yield worker
            worker.stop()

    async def until(self, **totals: int) -> None:
        """Wait until so many rows were settled into these states."""
        async with self.settled:
            await self.settled.wait_for(
                lambda: all(self.totals[state] >= count for state, count in totals.items())
            )

    async def looked(self, times: int = 10) -> None:
        """Wait until workers looked at the clock so many times more, thus for due rows."""
        wanted = self.looks + times
        async with self.settled:
            await self.settled.wait_for(lambda: self.looks >= wanted)

    def _look(self) -> int:
        self.looks += 1
        self._soon_ring()
        return self.clock()

    def _forward(self, tx: Transaction, items: Sequence[Item], now: int) -> None:
        assert tx.one("select 1")
        assert now >= NOW
        self.forwarded += [item.record_id for item in items]

    def _count(self, target: str, states: Mapping[str, int]) -> None:
        assert target in {STORE, SMS}
        self.totals.update(states)
        self._soon_ring()

    def _soon_ring(self) -> None:
        ringing = asyncio.ensure_future(self._ring())
        self._ringing.add(ringing)
        ringing.add_done_callback(self._ringing.discard)

    async def _ring(self) -> None:
        async with self.settled:
            self.settled.notify_all()


@pytest.fixture
def bench(database: Store, vault: Vault) -> Bench:
    return Bench(database, vault)


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@asynccontextmanager
async def http_target(server: FaultServer, **options: object) -> AsyncIterator[Target]:
    chosen = {"url": server.url, "allow_private": True, "timeout": 0.5} | options
    central = HttpCentral("store", HttpOptions(**chosen), lambda: 0)  # type: ignore[arg-type]
    yield to_central(central)
    await central.close()


@asynccontextmanager
async def sqlite_target(folder: Path) -> AsyncIterator[Target]:
    central = SqliteCentral("store", SqliteOptions(), folder)
    yield to_central(central)
    await central.close()


async def keep(item: Item) -> Outcome:
    """What a channel without an account answers."""
    del item
    return KEPT


def sms(reply: Callable[[Item], Awaitable[Outcome]]) -> Target:
    return to_channel("sms", reply)


async def test_everything_arrives_in_the_file_store(bench: Bench, tmp_path: Path) -> None:
    """A thousand records of two revisions are in the file once, the latest on top."""
    await bench.desk.put(*(record_entry(n, rev) for rev in (1, 2) for n in range(1000)))

    async with sqlite_target(tmp_path) as target, bench.running(bench.worker(target)):
        await bench.until(delivered=2000)

    with sqlite3.connect(tmp_path / "central.db") as central:
        assert central.execute("select count(*), min(revision) from records").fetchone() == (
            1000,
            2,
        )
        assert central.execute("select count(*) from record_revisions").fetchone() == (2000,)
    central.close()
    assert len(bench.forwarded) == 2000


async def test_every_kind_of_weather(bench: Bench, server: FaultServer) -> None:
    """Through refusals to connect, resets, silence, garbage and lost answers: each record once."""
    weather = [
        status(500),
        status(503, Retry_After="0"),
        status(429),
        status(403),
        status(307, Location="http://127.0.0.1:1/"),
        status(200, b"<html>", Content_Type="text/html"),
        status(200, b'{"half', Content_Type="application/json"),
        faults.reset,
        faults.cut,
        faults.garbage,
        faults.huge,
        faults.lost,
        faults.late,
        faults.silent,
        faults.drip,
    ]
    server.faults.extend(fault for fault in weather for _ in range(2))
    revisions = (1, 2, 3)
    await bench.desk.put(*(record_entry(n, rev) for n in range(20) for rev in revisions))

    async with http_target(server) as target, bench.running(bench.worker(target)):
        await bench.until(delivered=15)
        await server.down()
        await bench.looked()
        await server.up()
        await bench.until(delivered=60)

    assert len(server.records) == 60
    for number in range(20):
        keys = [key for key in server.records if key.startswith(record_id(number))]
        assert keys == [f"{record_id(number)}-{revision}" for revision in revisions]
    assert await bench.database.read(outbox_desk.depth) == {}


async def test_no_more_than_the_limit_in_flight(bench: Bench, server: FaultServer) -> None:
    """However large the backlog, a store never has more of our requests open than we promised."""
    await bench.desk.put(*(record_entry(number) for number in range(100)))
    policy = Policy(in_flight=4, poll=0.01)

    async with http_target(server) as target, bench.running(bench.worker(target, policy)):
        await bench.until(delivered=100)

    assert server.busiest <= 4
    assert set(server.sent.values()) == {1}


async def test_a_bad_record_holds_up_nobody(bench: Bench, server: FaultServer) -> None:
    """A record the store refuses is parked with the reason; the others go on."""
    server.faults.append(status(422))
    await bench.desk.put(*(record_entry(number) for number in range(10)))

    async with http_target(server) as target, bench.running(bench.worker(target)):
        await bench.until(delivered=9, parked=1)

    (parked,) = await bench.database.read(outbox_desk.parked)
    assert parked.reason == "HTTP 422"


async def test_a_store_that_is_away_wastes_nobodys_attempts(
    bench: Bench, server: FaultServer
) -> None:
    """While the store is down only single rows knock; afterwards everything drains by itself."""
    await server.down()
    await bench.desk.put(*(record_entry(number) for number in range(50)))
    policy = Policy(base=0.01, cap=0.01, poll=0.005, threshold=3, in_flight=3)

    async with http_target(server) as target, bench.running(bench.worker(target, policy)) as worker:
        await bench.until(pending=30)
        trouble = worker.trouble()
        attempts = await bench.desk.rows("attempts")
        await server.up()
        await bench.until(delivered=50)
        assert worker.trouble() is None

    assert trouble == f"{STORE} is paused: cannot connect: Connection refused"
    assert sum(int(str(row[0])) for row in attempts) <= 6
    assert len(server.records) == 50


async def test_retry_after_pauses_the_target(
    bench: Bench, server: FaultServer, clock: Clock
) -> None:
    """After 429 with Retry-After nothing at all is sent until the time is over."""
    clock.now = clock.now.fromtimestamp(NOW / 1000, clock.now.tzinfo)
    bench.clock = lambda: clock.milliseconds
    server.health = status(429, Retry_After="120")
    await bench.desk.put(record_entry(1))

    async with http_target(server) as target, bench.running(bench.worker(target)) as worker:
        await bench.until(pending=1)
        server.health = None
        await bench.desk.put(record_entry(2))
        clock.advance(119)
        await bench.looked()
        before = server.sent.total()
        assert worker.trouble() == f"{STORE} is paused: HTTP 429"
        clock.advance(20)
        await bench.until(delivered=2)

    assert before == 1
    assert len(server.records) == 2


async def test_trouble_pauses_the_channel_and_costs_no_attempt(bench: Bench, clock: Clock) -> None:
    """A wrong password stops everything for the time told; then one row tries, then all go."""
    clock.now = clock.now.fromtimestamp(NOW / 1000, clock.now.tzinfo)
    bench.clock = lambda: clock.milliseconds
    trouble = TryLater(reason="HTTP 401", wait=60.0, trouble="bad_credentials")
    answers: list[Outcome] = [trouble, trouble, trouble]
    sent: list[str] = []

    async def reply(item: Item) -> Outcome:
        sent.append(item.record_id)
        return answers.pop() if answers else Receipt()

    await bench.desk.put(*(reply_entry(number, lane=str(number % 2)) for number in range(6)))
    policy = Policy(attempts=1, base=0.01, poll=0.01, threshold=100, in_flight=2)

    async with bench.running(bench.worker(sms(reply), policy)) as worker:
        await bench.until(pending=2)
        clock.advance(59)
        await bench.looked()
        paused, said = len(sent), worker.trouble()
        clock.advance(10)
        await bench.until(pending=3)
        await bench.looked()
        probed = len(sent)
        attempts = await bench.desk.rows("state, attempts")
        clock.advance(70)
        await bench.until(delivered=6)

    assert (paused, said) == (2, f"{SMS} is paused: HTTP 401")
    assert probed == 3
    assert attempts == [("pending", 0)] * 6
    for lane in (0, 1):
        taken = list(dict.fromkeys(id_ for id_ in sent if int(id_[-1]) % 2 == lane))
        assert taken == sorted(taken)


async def test_trouble_without_a_time_is_waited_out_at_our_own_pace(bench: Bench) -> None:
    """Where nobody says how long, pauses grow until somebody has put it right."""
    answers: list[Outcome] = [TryLater(reason="no credit", trouble="no_credit")] * 5

    async def reply(item: Item) -> Outcome:
        assert item.attempts == 0
        return answers.pop() if answers else Receipt()

    await bench.desk.put(*(reply_entry(number, lane=str(number)) for number in range(3)))

    async with bench.running(bench.worker(sms(reply))):
        await bench.until(delivered=3)

    assert answers == []
    assert bench.totals["pending"] == 5


async def test_a_channel_that_only_keeps_answers_takes_them_all_at_once(bench: Bench) -> None:
    """Without a way out nothing can be sent twice: a crash leaves nothing in doubt."""
    many = 100
    await bench.desk.put(*(reply_entry(number, lane=str(number)) for number in range(many)))
    interrupted = await bench.desk.claim(SMS, owner="dead", limit=10)
    await bench.database.write(lambda tx: outbox.release(tx, bench.clock()))
    batches: list[int] = []
    door = to_channel("sms", keep, keeps=lambda: True)

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        batches.append(len(items))
        return await door.deliver(items)

    async with bench.running(bench.worker(replace(door, deliver=deliver))):
        await bench.until(delivered=many)

    assert len(interrupted) == 10
    assert batches == [many]


async def test_what_was_claimed_to_be_kept_is_not_sent(bench: Bench) -> None:
    """When an account is configured in the middle of a batch, the rest is claimed anew."""
    await bench.desk.put(*(reply_entry(number, lane=str(number)) for number in range(3)))
    items = await bench.desk.claim(SMS)
    still = [True, False, False]
    door = to_channel("sms", keep, keeps=lambda: still.pop(0))

    outcomes = await door.deliver(items)

    assert outcomes == [KEPT, *[TryLater(reason="there is a way out now")] * 2]


async def test_a_clock_set_back_delays_nothing(
    bench: Bench, server: FaultServer, clock: Clock
) -> None:
    """A row that waits a second is sent after a second, also when the clock loses an hour."""
    clock.now = clock.now.fromtimestamp(NOW / 1000 + 3600, clock.now.tzinfo)
    bench.clock = lambda: clock.milliseconds
    server.faults.append(status(500))
    await bench.desk.put(record_entry(1))

    policy = Policy(base=1.0, poll=0.01)
    async with http_target(server) as target, bench.running(bench.worker(target, policy)):
        await bench.until(pending=1)
        clock.advance(-3600)
        await bench.looked()
        clock.advance(1)
        await bench.until(delivered=1)

    assert server.sent.total() == 2


async def test_what_the_wrong_clock_said_last_is_not_delayed_either(
    bench: Bench, server: FaultServer, clock: Clock
) -> None:
    """A record that was begun before the clock lost an hour, and is committed after that."""
    ahead = NOW + 3_600_000
    clock.now = clock.now.fromtimestamp(ahead / 1000, clock.now.tzinfo)
    bench.clock = lambda: clock.milliseconds

    async with http_target(server) as target, bench.running(bench.worker(target)):
        await bench.looked()
        clock.advance(-3600)
        await bench.looked()
        await bench.desk.put(structs.replace(record_entry(1), due=ahead), now=ahead)
        await bench.until(delivered=1)

    assert server.sent.total() == 1


async def test_a_clock_set_ahead_sends_nothing_twice(bench: Bench, clock: Clock) -> None:
    """A lease that looks over because the clock jumped ten years is still the worker's own."""
    clock.now = clock.now.fromtimestamp(NOW / 1000, clock.now.tzinfo)
    bench.clock = lambda: clock.milliseconds
    started, go_on = asyncio.Event(), asyncio.Event()
    sent: list[int] = []

    async def reply(item: Item) -> Outcome:
        sent.append(item.id)
        started.set()
        await go_on.wait()
        return Receipt()

    await bench.desk.put(reply_entry(1))
    async with bench.running(bench.worker(sms(reply))):
        await started.wait()
        clock.advance(10 * 365 * 24 * 3600)
        await bench.looked()
        go_on.set()
        await bench.until(delivered=1)

    assert len(sent) == 1


async def test_workers_that_die_again_and_again(bench: Bench, server: FaultServer) -> None:
    """Through thirty deaths at odd moments every record is in the store once, in order."""
    chance = random.Random(7)  # noqa: S311 (moments for a test)
    server.faults.extend([faults.lost, faults.reset, faults.cut] * 10)
    await bench.desk.put(*(record_entry(n, rev) for rev in (1, 2) for n in range(60)))

    async with http_target(server) as target:
        for death in range(30):
            running = asyncio.ensure_future(bench.worker(target, owner=f"test/{death}").run())
            await server.more(chance.randrange(1, 5))
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await bench.database.write(lambda tx: outbox.release(tx, bench.clock()))
        async with bench.running(bench.worker(target, owner="test/last")):
            while await bench.database.read(outbox_desk.depth):
                await bench.looked(1)

    assert sorted(server.records) == sorted(
        f"{record_id(number)}-{revision}" for number in range(60) for revision in (1, 2)
    )
    order = list(server.records)
    for number in range(60):
        first, second = (order.index(f"{record_id(number)}-{revision}") for revision in (1, 2))
        assert first < second


async def test_replies_survive_deaths_without_a_second_sending(bench: Bench) -> None:
    """Through ten deaths each reply is sent once at most, and what was cut off is a person's."""
    sent: Counter[int] = Counter()
    something = asyncio.Event()

    async def reply(item: Item) -> Outcome:
        sent[item.id] += 1
        something.set()
        await asyncio.sleep(0.001)
        return Receipt()

    await bench.desk.put(*(reply_entry(n, lane=str(n)) for n in range(60)))
    policy = Policy(uncertain_wait=0.001, poll=0.01, in_flight=3)
    for death in range(10):
        something.clear()
        running = asyncio.ensure_future(
            bench.worker(sms(reply), policy, owner=f"test/{death}").run()
        )
        await something.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await bench.database.write(lambda tx: outbox.release(tx, bench.clock()))
    async with bench.running(bench.worker(sms(reply), policy, owner="test/last")):
        while any(state != "parked" for _, state in await bench.database.read(outbox_desk.depth)):
            await bench.looked(1)

    rows = await bench.desk.rows("id, state")
    assert set(sent.values()) == {1}
    assert len(rows) == 60
    assert {str(state) for _, state in rows} <= {"delivered", "parked"}
    assert all(sent[int(str(id_))] == 1 for id_, state in rows if state == "delivered")


async def test_replies_keep_their_order_per_citizen(bench: Bench) -> None:
    """Answers to one person leave one at a time and in order, those to others side by side."""
    sent: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    open_lanes: Counter[str] = Counter()

    async def reply(item: Item) -> Outcome:
        open_lanes[item.lane] += 1
        assert open_lanes[item.lane] == 1
        await asyncio.sleep(0)
        open_lanes[item.lane] -= 1
        if item.attempts == 0 and item.revision % 3 == 0:
            return TryLater(reason="throttled")
        sent[item.lane].append(item.revision)
        return Receipt()

    for number in range(1, 11):
        await bench.desk.put(
            *(reply_entry(1, lane=lane, revision=number, kind=lane) for lane in sent)
        )
    async with bench.running(bench.worker(sms(reply))):
        await bench.until(delivered=30)

    assert sent == {lane: list(range(1, 11)) for lane in sent}


async def test_a_receipt_follows_the_stores_at_once(bench: Bench, server: FaultServer) -> None:
    """The citizen hears as soon as the store has the record, long before the receipt was due."""
    told = asyncio.Event()

    async def reply(item: Item) -> Outcome:
        assert item.body == b'{"text":"Laporan diterima"}'
        told.set()
        return Receipt(reference="smsc-7")

    later = bench.clock() + 3_600_000
    await bench.desk.put(record_entry(1), reply_entry(1, due=later))

    async with (
        http_target(server) as target,
        bench.running(bench.worker(target)),
        bench.running(bench.worker(sms(reply))),
    ):
        await told.wait()
        await bench.until(delivered=2)

    assert await bench.desk.rows("state, reference") == [
        ("delivered", "ref-00000000"),
        ("delivered", "smsc-7"),
    ]


async def test_an_interrupted_reply_is_never_sent_again_by_itself(bench: Bench) -> None:
    """A reply a dead worker may have sent waits for a report and is then a person's."""
    sent: list[int] = []

    async def reply(item: Item) -> Outcome:
        sent.append(item.id)
        return Receipt()

    await bench.desk.put(reply_entry(1))
    await bench.desk.claim(SMS, owner="dead/1")
    await bench.database.write(lambda tx: outbox.release(tx, NOW))
    policy = Policy(uncertain_wait=0.01, poll=0.01)

    async with bench.running(bench.worker(sms(reply), policy)):
        await bench.until(uncertain=1, parked=1)

    assert sent == []
    (parked,) = await bench.database.read(outbox_desk.parked)
    assert parked.reason == "uncertain: may have been sent, and no report came"


async def test_an_interrupted_record_is_pushed_again(bench: Bench, server: FaultServer) -> None:
    """A record a dead worker may have pushed goes out again under the same key: there once."""
    server.faults.append(faults.lost)
    await bench.desk.put(record_entry(1))
    async with http_target(server) as target:
        (item,) = await bench.desk.claim(owner="dead/1")
        await target.deliver([item.unsealed(bench.vault)])
        await bench.database.write(lambda tx: outbox.release(tx, NOW))

        async with bench.running(bench.worker(target)):
            await bench.until(delivered=1)

    assert server.sent.total() == 2
    assert len(server.records) == 1


async def test_an_uncertain_reply_is_parked_not_repeated(bench: Bench) -> None:
    """A provider that never answers gets each reply once."""
    sent: list[int] = []

    async def reply(item: Item) -> Outcome:
        sent.append(item.id)
        return Uncertain(reason="no answer")

    await bench.desk.put(*(reply_entry(n, lane=str(n)) for n in range(3)))
    policy = Policy(uncertain_wait=0.01, poll=0.01)

    async with bench.running(bench.worker(sms(reply), policy)):
        await bench.until(uncertain=3, parked=3)

    assert len(sent) == len(set(sent)) == 3


async def test_a_broken_connector_parks_one_row(bench: Bench) -> None:
    """An exception that is our bug costs the row that caused it, not the others of its batch."""

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        if any(item.record_id == record_id(3) for item in items):
            raise KeyError("a citizen's words")
        return [Receipt() for _ in items]

    await bench.desk.put(*(record_entry(number) for number in range(6)))
    target = Target(name=STORE, deliver=deliver, resend=True, takes_batches=True)

    async with bench.running(bench.worker(target)):
        await bench.until(delivered=5, parked=1)

    (parked,) = await bench.database.read(outbox_desk.parked)
    assert (parked.record_id, parked.reason) == (
        record_id(3),
        "our bug, may have been sent: KeyError",
    )


async def test_a_connector_that_hangs_is_cut(bench: Bench) -> None:
    """A delivery that outlasts most of its lease is cut and uncertain."""

    async def hang(item: Item) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError(item)

    await bench.desk.put(reply_entry(1))

    async with bench.running(bench.worker(sms(hang), Policy(lease=0.1, poll=0.01))):
        await bench.until(uncertain=1)

    assert await bench.desk.rows("state, reason") == [("uncertain", "no answer in time")]


async def test_an_unreadable_row_is_parked(bench: Bench, server: FaultServer) -> None:
    """A row sealed with another key cannot be delivered and is a person's."""
    await bench.desk.put(record_entry(1), record_entry(2))
    await bench.database.write(
        lambda tx: tx.run("update outbox_bodies set body = :x where id = 1", x=b"x" * 50)
    )

    async with http_target(server) as target, bench.running(bench.worker(target)):
        await bench.until(delivered=1, parked=1)

    assert len(server.records) == 1


async def test_stopping_finishes_what_is_under_way(bench: Bench) -> None:
    """A stop claims nothing more and settles what is answered within the bound."""
    started, go_on = asyncio.Event(), asyncio.Event()

    async def reply(item: Item) -> Outcome:
        del item
        started.set()
        await go_on.wait()
        return Receipt()

    await bench.desk.put(reply_entry(1, lane="a"), reply_entry(2, lane="a"))
    async with bench.running(bench.worker(sms(reply), Policy(poll=0.01, grace=30))) as worker:
        await started.wait()
        worker.stop()
        go_on.set()

    assert await bench.desk.rows("state, owner") == [("delivered", None), ("pending", None)]


async def test_stopping_does_not_wait_for_ever(bench: Bench) -> None:
    """What gives no answer within the bound stays leased, so the next start knows of it."""
    started = asyncio.Event()

    async def reply(item: Item) -> Outcome:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError(item)

    await bench.desk.put(reply_entry(1))
    async with bench.running(bench.worker(sms(reply), Policy(poll=0.01, grace=0.01))):
        await started.wait()

    assert await bench.desk.rows("state, owner") == [("pending", "test/1")]


async def test_cancelling_ends_everything(bench: Bench) -> None:
    """Cancelling a worker cancels its deliveries too and comes out as a cancellation."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def reply(item: Item) -> Outcome:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError(item)

    await bench.desk.put(reply_entry(1))
    running = asyncio.ensure_future(bench.worker(sms(reply)).run())
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert ended.is_set()


async def test_what_was_under_way_when_a_worker_broke_is_sent_after_its_lease(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same worker is started again by its keeper, and no place in flight is lost."""
    write, calls, broken = bench.database.write, 0, False

    async def break_once(work: Callable[[Transaction], object]) -> object:
        nonlocal broken
        if calls and not broken:
            broken = True
            raise LookupError("a bug")
        return await write(work)

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()
        return [KEPT] * len(items)

    monkeypatch.setattr(bench.database, "write", break_once)
    await bench.desk.put(record_entry(1))
    policy = Policy(poll=0.01, lease=0.5, in_flight=2)
    worker = bench.worker(Target(name=STORE, deliver=deliver, resend=True), policy)
    with pytest.raises(ExceptionGroup):
        await worker.run()
    async with asyncio.timeout(10), bench.running(worker):
        await bench.until(delivered=1)

    assert broken


async def test_results_outlive_a_full_disk(bench: Bench, server: FaultServer) -> None:
    """While our own database cannot write, results are kept; nothing is sent twice for it."""
    real, broken = bench.database.write, asyncio.Event()
    tried = asyncio.Event()

    async def write(work: Callable[[Transaction], object]) -> object:
        if broken.is_set():
            tried.set()
            raise StoreUnavailable("database or disk is full")
        return await real(work)

    class Full:
        """The database, as it is on a disk that is full for a while."""

        def __init__(self) -> None:
            self.write, self.read = write, bench.database.read

    await bench.desk.put(*(record_entry(number) for number in range(5)))
    worker = bench.worker
    async with http_target(server) as target:

        async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
            outcomes = await target.deliver(items)
            broken.set()
            return outcomes

        held = worker(Target(name=STORE, deliver=deliver, resend=True))
        object.__setattr__(held._around, "database", Full())  # noqa: SLF001 (a disk cannot be filled here)
        async with bench.running(held):
            await tried.wait()
            broken.clear()
            await bench.until(delivered=5)

    assert set(server.sent.values()) == {1}


async def test_refused_replies_are_a_persons(bench: Bench) -> None:
    """A number the provider refuses is parked with its reason and listed."""

    async def reply(item: Item) -> Outcome:
        return Refused(reason=f"no such number ({item.kind})")

    await bench.desk.put(reply_entry(1))
    async with bench.running(bench.worker(sms(reply))):
        await bench.until(parked=1)

    assert await bench.desk.rows("reason") == [("no such number (receipt)",)]
