"""
R16: random calls of the store, and beside it a model of it that is simple enough to be believed.

Journal, work, outbox, leases and cursors, by several workers whose leases run out and who may
wake up late. After each call the model says what the answer must have been; in the end the tables
are compared and the chain is walked.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from clock import Clock
from forwarding import Desk, record_entry, record_id
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from channels.contract import Cursor, Delivery, Outcome, Receipt, Refused, TryLater
from forwarder import outbox
from forwarder.item import Item  # noqa: TC001 (hypothesis reads the annotations)
from forwarder.ports import Transaction
from gateway import chain, leases, work
from gateway.journal import Journal
from gateway.store import Store
from gateway.vault import Vault
from torture.case import Case, Chamber, Finding

T = TypeVar("T")

CHANNELS, OWNERS, LEASES = ("sms", "mail"), ("w1", "w2", "w3"), ("polling", "anchors")
LEASE_MS, LATER_SECONDS = 60_000, 3_600
CLEARED = ("cursors", "leases", "outbox_bodies", "outbox", "work", "journal")
ids = st.integers(min_value=0, max_value=30)
owners = st.sampled_from(OWNERS)


@dataclass(slots=True)
class Open:
    """A row of work or of the outbox."""

    due: int
    lane: int = 0
    owner: str | None = None
    state: str = "open"
    #: When it came, for work that is given back.
    came: int = 0
    #: A worker that had it died, so it may have been sent.
    in_doubt: bool = False


@dataclass(slots=True)
class Model:
    """What the tables hold, as lists and dictionaries."""

    #: By (channel, external id), in the order they came; the place is the position in the chain.
    journal: dict[tuple[str, str], bytes] = field(default_factory=dict)
    work: dict[tuple[str, str], Open] = field(default_factory=dict)
    #: By (record, revision), in the order they were put.
    outbox: dict[tuple[str, int], Open] = field(default_factory=dict)
    leases: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    cursors: dict[tuple[str, str], str] = field(default_factory=dict)

    def due_work(self, now: int, limit: int) -> list[tuple[str, str]]:
        """What a claim must give: what is due, oldest due first."""
        places = {key: place for place, key in enumerate(self.journal)}
        due = [key for key, row in self.work.items() if row.state == "open" and row.due <= now]
        return sorted(due, key=lambda key: (self.work[key].due, places[key]))[:limit]

    def due_outbox(self, now: int, limit: int) -> list[tuple[str, int]]:
        """What a claim must give: the first open one of each lane, where it is due."""
        first: dict[int, tuple[str, int]] = {}
        places = {key: place for place, key in enumerate(self.outbox)}
        for key, row in self.outbox.items():
            if row.state == "open":
                first.setdefault(row.lane, key)
        due = [key for key in first.values() if self.outbox[key].due <= now]
        return sorted(due, key=lambda key: (self.outbox[key].due, places[key]))[:limit]


class Machine(RuleBasedStateMachine):
    """One run of calls; the store is emptied, not made again, between two."""

    store: ClassVar[Store]
    loop: ClassVar[asyncio.AbstractEventLoop]
    calls: ClassVar[list[None]]

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.model, vault = Clock(), Model(), Vault(bytes(range(32)))
        self.vault = vault
        self.desk = Desk(self.store, vault)
        self.journal = Journal(self.store, vault, clock=lambda: self.now)
        self.claimed: list[Item] = []
        self.write(_clear)
        self.wait(self.journal.open())

    @property
    def now(self) -> int:
        """Milliseconds."""
        return self.clock.milliseconds

    def wait(self, work: Awaitable[T]) -> T:
        """Do it in the store's own loop, which is another thread's."""
        self.calls.append(None)
        return asyncio.run_coroutine_threadsafe(_await(work), self.loop).result(60)

    def write(self, work: Any) -> Any:  # noqa: ANN401 (whatever the work returns)
        """One transaction."""
        return self.wait(self.store.write(work))

    # --- the clock -----------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 30, 61, 4_000]))
    def time_passes(self, seconds: int) -> None:
        """Leases run out, what waits becomes due."""
        self.clock.advance(seconds)

    # --- journal, cursors ----------------------------------------------------------------------

    @rule(
        channel=st.sampled_from(CHANNELS),
        numbers=st.lists(ids, min_size=1, max_size=6),
        moves=st.booleans(),
    )
    def accept(self, channel: str, numbers: list[int], moves: bool) -> None:  # noqa: FBT001
        """A page of deliveries, some known, with or without a cursor."""
        now = self.now
        cursor = Cursor(name="page", value=str(now)) if moves else None
        deliveries = [Delivery(external_id=str(one), payload=b"%d" % now) for one in numbers]
        answers = self.wait(self.journal.accept(channel, deliveries, cursor))
        for number, answer in zip(numbers, answers, strict=True):
            key = (channel, str(number))
            assert answer.new == (key not in self.model.journal), key
            self.model.journal.setdefault(key, b"%d" % now)
            assert answer.id == chain.journal_id(0, _place(self.model.journal, key)), key
            self.model.work.setdefault(key, Open(due=now, came=now))
        if cursor:
            self.model.cursors[channel, "page"] = cursor.value

    # --- work ----------------------------------------------------------------------------------

    @rule(owner=owners, limit=st.integers(min_value=1, max_value=8))
    def claim_work(self, owner: str, limit: int) -> None:
        """The oldest that is due; nobody else's while a lease runs."""
        now = self.now
        wanted = work.Claim(owner=owner, now=now, lease=LEASE_MS, limit=limit, counted=False)
        found = self.write(lambda tx: work.claim(tx, wanted))
        due = self.model.due_work(now, limit)
        assert {(one.channel, one.external_id) for one in found} == set(due)
        for one in found:
            payload = self.vault.open(one.payload, one.data_key)
            assert payload == self.model.journal[one.channel, one.external_id]
        for key in due:
            row = self.model.work[key]
            row.owner, row.due = owner, now + LEASE_MS

    @rule(owner=owners, state=st.sampled_from(["recorded", "ignored", "parked", "waiting"]))
    def settle_work(self, owner: str, state: str) -> None:
        """Whatever this worker has is settled, or waits for an hour."""
        now, later = self.now, self.now + 1000 * LATER_SECONDS
        mine = [key for key, row in self.model.work.items() if row.owner == owner]
        ends = [
            work.Settled(id=self._id(key), state=state, due=later)  # type: ignore[arg-type]
            for key in mine
        ]
        self.write(lambda tx: work.settle(tx, ends, now=now))
        for key in mine:
            row = self.model.work[key]
            row.owner, row.due = None, later
            row.state = "open" if state == "waiting" else state

    @rule(owner=owners)
    def release_work(self, owner: str) -> None:
        """A worker that died: its rows keep their place."""
        self.write(lambda tx: work.release(tx, owner=owner))
        for row in self.model.work.values():
            if row.owner == owner and row.state == "open":
                row.owner, row.due = None, row.came

    @rule()
    def requeue_work(self) -> None:
        """A person has parked rows run again."""
        now = self.now
        parked = [key for key, row in self.model.work.items() if row.state == "parked"]
        self.write(lambda tx: work.requeue(tx, [self._id(key) for key in parked], now=now))
        for key in parked:
            row = self.model.work[key]
            row.owner, row.due, row.state = None, now, "open"

    # --- outbox --------------------------------------------------------------------------------

    @rule(number=st.integers(min_value=0, max_value=6), revision=st.integers(1, 4))
    def put(self, number: int, revision: int) -> None:
        """A revision on its way, perhaps one that is there already."""
        entry = record_entry(number, revision)
        self.wait(self.desk.put(entry))
        key = (record_id(number), revision)
        self.model.outbox.setdefault(key, Open(due=entry.due, lane=number))

    @rule(owner=owners, limit=st.integers(min_value=1, max_value=8))
    def claim_outbox(self, owner: str, limit: int) -> None:
        """One of each lane, in order."""
        now = self.now
        found = self.wait(self.desk.claim(owner=owner, limit=limit, now=now))
        due = self.model.due_outbox(now, limit)
        assert [(one.record_id, one.revision) for one in found] == due
        for key in due:
            row = self.model.outbox[key]
            row.owner, row.due = owner, now + LEASE_MS
        self.claimed += found

    @rule(data=st.data())
    def settle_outbox(self, data: st.DataObject) -> None:
        """Something claimed once comes to an end, though it may be another's by now."""
        if not self.claimed:
            return
        item = data.draw(st.sampled_from(self.claimed))
        later: Outcome = TryLater(reason="busy", wait=float(LATER_SECONDS))
        ends: list[Outcome] = [Receipt(), Refused(reason="no"), later]
        outcome: Outcome = data.draw(st.sampled_from(ends))
        now, row = self.now, self.model.outbox[item.record_id, item.revision]
        counts = self.wait(self.desk.settle([item], outcome, now=now))
        is_ours = row.state == "open" and row.owner == item.owner
        assert sum(counts.values()) == is_ours
        if is_ours:
            states = {Receipt: "delivered", Refused: "parked"}
            row.owner, row.state = None, states.get(type(outcome), "open")
            row.due = now + 1000 * LATER_SECONDS if row.state == "open" else now
            row.in_doubt = row.state == "open" and item.doubtful

    @rule(owner=owners)
    def release_outbox(self, owner: str) -> None:
        """A worker that died: what it held is due at once."""
        now = self.now
        self.write(lambda tx: outbox.release(tx, now, owner))
        for row in self.model.outbox.values():
            if row.owner == owner and row.state == "open":
                row.due = now

    # --- leases --------------------------------------------------------------------------------

    @rule(name=st.sampled_from(LEASES), owner=owners)
    def lead(self, name: str, owner: str) -> None:
        """Whoever had it goes on, another one gets it when it has run out, with a new epoch."""
        now, until = self.now, self.now + LEASE_MS
        epoch = self.write(lambda tx: leases.take(tx, name, owner, now=now, until=until))
        holder, last, over = self.model.leases.get(name, ("", 0, 0))
        if holder not in {owner, ""} and over > now:
            assert epoch is None
            return
        assert epoch == (last if holder == owner else last + 1)
        self.model.leases[name] = (owner, epoch, until)

    @rule(name=st.sampled_from(LEASES), owner=owners, epoch=st.integers(1, 6))
    def hold(self, name: str, owner: str, epoch: int) -> None:
        """Only the newest epoch writes."""
        is_held = self.write(lambda tx: leases.held(tx, name, owner, epoch))
        assert is_held == (self.model.leases.get(name, ("", 0, 0))[:2] == (owner, epoch))

    # --- the end -------------------------------------------------------------------------------

    def teardown(self) -> None:
        """The tables say what the model says, and the chain is whole."""
        stands = self.wait(self.store.read(_stands))
        backlog = self.wait(self.store.read(work.backlog))
        verdict = self.wait(self.store.read(chain.verify))
        model = self.model
        assert stands["journal"] == list(model.journal)
        assert stands["outbox"] == [(*key, _in_the_table(row)) for key, row in model.outbox.items()]
        assert stands["cursors"] == sorted((*key, value) for key, value in model.cursors.items())
        assert stands["leases"] == sorted((name, *of) for name, of in model.leases.items())
        assert backlog.waiting == sum(row.state == "open" for row in model.work.values())
        assert backlog.parked == sum(row.state == "parked" for row in model.work.values())
        assert (verdict.rows, verdict.broken) == (len(model.journal), None)

    def _id(self, key: tuple[str, str]) -> int:
        return chain.journal_id(0, _place(self.model.journal, key))


def _place(journal: dict[tuple[str, str], bytes], key: tuple[str, str]) -> int:
    return list(journal).index(key) + 1


def _in_the_table(row: Open) -> str:
    if row.state != "open":
        return row.state
    return "uncertain" if row.in_doubt else "pending"


async def _await(work: Awaitable[T]) -> T:
    return await work


def _clear(tx: Transaction) -> None:
    for table in CLEARED:
        tx.run(f"delete from {table}")


def _stands(tx: Transaction) -> dict[str, list[tuple[object, ...]]]:
    statements = {
        "journal": "select channel, external_id from journal order by id",
        "outbox": "select record_id, revision, state from outbox order by id",
        "cursors": "select channel, name, value from cursors order by channel, name",
        "leases": "select name, owner, epoch, until from leases order by name",
    }
    return {name: [tuple(row) for row in tx.all(sql)] for name, sql in statements.items()}


async def compared(chamber: Chamber) -> Finding:
    """So many runs of so many calls each."""
    runs, steps = chamber.pick(short=(15, 30), quick=(60, 50), full=(5_000, 100))
    with chamber.store() as given:
        url = given.get("store", {}).get("url", f"sqlite://{chamber.folder}/gateway.db")
        store = await Store.open(url)
        calls: list[None] = []
        machine = type(
            "Run", (Machine,), {"store": store, "loop": asyncio.get_running_loop(), "calls": calls}
        )
        chosen = settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            # A failure is told as it was found; making it smaller may take minutes.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        try:
            await asyncio.to_thread(
                run_state_machine_as_test, seeded(chamber.seed)(machine), settings=chosen
            )
        finally:
            await store.close()
    return Finding(
        figure=f"{runs:,} runs of up to {steps} steps, {len(calls):,} calls: as the model says",
        passed=True,
    )


CASES = (Case(number="R16", what="random calls of the store beside a model", run=compared),)
