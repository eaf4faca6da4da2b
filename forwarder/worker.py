"""
The loop that carries the rows of one target out: claim, deliver, settle.

One write settles what has ended and claims what comes next. A target that fails again and again is
left alone for a while (breaker.py); a row that is refused or breaks the connector is parked alone.
A reply that may have been sent is never sent again by itself: see outbox.py. Stopping claims
nothing more and waits `grace` seconds; what has no answer then stays leased, and so interrupted.
"""

import asyncio
import contextlib
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import structlog

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder import claiming, outbox
from forwarder.breaker import Breaker
from forwarder.claiming import Claim
from forwarder.item import Item, Result, Rules
from forwarder.ports import Transaction
from forwarder.target import Surroundings, Target

# A delivery must end well before its lease, or another worker would take the row as interrupted.
PART_OF_LEASE = 0.75
# Where more waits than can be taken, each so many claims one begins with what came last.
FRESH_EVERY = 4
# What ends or is put within so short a time shares one write: acknowledgements wait behind each.
BREATH_SECONDS = 0.03
# The wall clock may be this much behind the monotonic one before we call it set back.
CLOCK_SLACK_MS = 5_000
# What was decided by the clock before it was set back may be committed so long after.
LATECOMERS_SECONDS = 60.0
GONE = TryLater(reason="the lease ended before it was sent")

_log = structlog.get_logger()


class Worker:
    """Delivers the rows of one target while `run` runs."""

    def __init__(self, target: Target, around: Surroundings) -> None:
        self.target = target
        self._around = around
        self._policy = around.policy
        self._breaker = Breaker(around.policy)
        self._bell = asyncio.Event()
        self._stopping = False
        self._keeping = False
        self._active: set[int] = set()
        self._results: list[Result] = []
        self._clock_lead: float | None = None
        self._set_back = 0
        #: Until when rows may come from before the clock was set back, by the event loop's.
        self._late_until = 0.0
        self._claims = 0
        #: When the database was last asked, by the event loop's clock.
        self._looked = 0.0
        #: The last claim could have been larger: others wait.
        self._behind = False

    def poke(self) -> None:
        """Say that there may be due rows."""
        self._bell.set()

    def stop(self) -> None:
        """Let `run` end as soon as what is under way has ended, at most `grace` seconds later."""
        self._stopping = True
        self._bell.set()

    def trouble(self) -> str | None:
        """Why this target gets nothing at the moment, in one sentence; None when all is well."""
        if self._breaker.away(self._around.clock()):
            return f"{self.target.name} is paused: {self._breaker.reason}"
        return None

    async def run(self) -> None:
        """Deliver until `stop`."""
        flights: set[asyncio.Task[None]] = set()
        # After a failure we are run again. Its task group has waited for every flight of that run;
        # those it cancelled came to no end, and their rows come back when their leases are over.
        self._active.clear()
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._bell.clear()
                self._keeping = self.target.keeps()
                for load in self._loads(await self._exchange()):
                    flight = group.create_task(self._fly(load))
                    flights.add(flight)
                    flight.add_done_callback(flights.discard)
                await self._rest()
            await self._land(flights)

    # --- the database --------------------------------------------------------------------------

    async def _exchange(self) -> list[Item]:
        """Settle what has ended and claim what may go next, in one write."""
        now, self._looked = self._around.clock(), asyncio.get_running_loop().time()
        results, rules, room = list(self._results), self._rules(), self._room(now)
        living = self._around.living
        self._look_at_clock(now)
        if not results and not room and not self._set_back:
            return []
        wanted = Claim(
            target=self.target.name,
            owner=self._around.owner,
            limit=room,
            lease_ms=int(self._policy.lease * 1000),
            resend=rules.resend,
            newest=self._behind and self._claims % FRESH_EVERY == 0,
        )

        def exchange(tx: Transaction) -> tuple[Counter[str], set[str], list[Item]]:
            self._set_right(tx, now)
            settled, due = outbox.settle(tx, results, rules, now)
            if not room:
                return settled, due, []
            return settled, due, claiming.claim(tx, replace(wanted, living=living(tx)), now)

        try:
            settled, due, claimed = await self._around.database.write(exchange)
        except self._around.unavailable as exc:
            # The results stay here and are offered again; their rows stay leased.
            _log.warning("outbox not written", target=self.target.name, reason=type(exc).__name__)
            return []
        del self._results[: len(results)]
        self._set_back = 0
        if room:
            self._claims += 1
            self._behind = len(claimed) == room
        if settled:
            _log.info("outbox settled", target=self.target.name, **settled)
            self._around.on_settled(self.target.name, settled)
        if due:
            self._around.on_due(due)
        # After a jump of the clock a lease may look over while the delivery is still under way.
        return [item for item in claimed if item.id not in self._active]

    def _rules(self) -> Rules:
        return Rules(
            policy=self._policy,
            resend=self.target.resend or self._keeping,
            jitter=self._around.jitter,
            on_delivered=self._around.on_delivered,
            on_ended=self._around.on_ended,
        )

    def _room(self, now: int) -> int:
        """How many rows may be claimed."""
        if self._stopping or self._breaker.paused(now):
            return 0
        if self._breaker.probing:
            return 0 if self._active else 1
        if self.target.takes_batches or self._keeping:
            return 0 if self._active else self._policy.batch
        return max(0, self._policy.in_flight - len(self._active))

    def _look_at_clock(self, now: int) -> None:
        """See whether the wall clock was set back since the last look, and by how much."""
        lead = now - asyncio.get_running_loop().time() * 1000
        lost, self._clock_lead = int((self._clock_lead or lead) - lead), lead
        if lost >= CLOCK_SLACK_MS:
            self._breaker.clock_went_back(lost)
            self._set_back += lost
            self._late_until = self._looked + LATECOMERS_SECONDS

    def _set_right(self, tx: Transaction, now: int) -> None:
        """Let nothing wait for a time that only the wrong clock meant."""
        if self._set_back:
            outbox.rewind(tx, self.target.name, self._set_back, now)
        if self._looked < self._late_until:
            outbox.pull_in(tx, now)

    # --- one delivery --------------------------------------------------------------------------

    def _loads(self, claimed: Sequence[Item]) -> Iterator[list[Item]]:
        """What one call each is to carry; rows that must not be sent are results already."""
        ready = [item for item in map(self._prepared, claimed) if item]
        self._active.update(item.id for item in ready)
        if ready and (self.target.takes_batches or self._keeping):
            yield ready
        elif ready:
            yield from ([item] for item in ready)

    def _prepared(self, item: Item) -> Item | None:
        if item.doubtful and not (self.target.resend or self._keeping):
            outcome: Outcome = Uncertain(reason="the gateway stopped while sending")
            if item.state == "uncertain":
                outcome = Refused(reason="uncertain: may have been sent, and no report came")
            self._ended(Result(item=item, outcome=outcome))
            return None
        try:
            return item.unsealed(self._around.vault)
        except ValueError as exc:
            self._ended(Result(item=item, outcome=Refused(reason=str(exc))))
            return None

    async def _fly(self, items: Sequence[Item]) -> None:
        probing = self._breaker.probing
        if not self._is_ours_still():
            for item in items:
                self._ended(Result(item=item, outcome=GONE))
            return
        outcomes = await self._outcomes(items)
        self._note(outcomes)
        for item, outcome in zip(items, outcomes, strict=True):
            self._ended(Result(item=item, outcome=outcome, probe=probing))

    def _is_ours_still(self) -> bool:
        """Whether what was claimed last is ours by our own clock; we may have been frozen since."""
        held = asyncio.get_running_loop().time() - self._looked
        return held < self._policy.lease * PART_OF_LEASE and self._around.standing()

    def _ended(self, result: Result) -> None:
        self._results.append(result)
        self._active.discard(result.item.id)
        self._bell.set()

    async def _outcomes(self, items: Sequence[Item]) -> Sequence[Outcome]:
        (answer,) = await asyncio.gather(self._in_time(items), return_exceptions=True)
        if not isinstance(answer, BaseException):
            return answer
        if isinstance(answer, TimeoutError):
            return [Uncertain(reason="no answer in time")] * len(items)
        if len(items) > 1:  # one of them breaks the connector: find out which
            return [(await self._outcomes([item]))[0] for item in items]
        _log.error("connector broke", target=self.target.name, row=items[0].id, at=_place(answer))
        return [Refused(reason=f"our bug, may have been sent: {type(answer).__name__}")]

    async def _in_time(self, items: Sequence[Item]) -> Sequence[Outcome]:
        async with asyncio.timeout(self._policy.lease * PART_OF_LEASE):
            outcomes = await self.target.deliver(items)
        if len(outcomes) != len(items):
            raise ValueError(f"{len(outcomes)} outcomes for {len(items)} items")
        return outcomes

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        now, chance = self._around.clock(), self._around.jitter
        was_away = self._breaker.away(now)
        for outcome in outcomes:
            match outcome:
                case Receipt() | Refused():
                    self._breaker.answered()
                case TryLater(trouble=None, reason=reason, wait=wait):
                    self._breaker.failed(now, chance(), reason, wait)
                case TryLater(reason=reason, wait=wait):
                    self._breaker.troubled(now, chance(), reason, wait)
                case Uncertain(reason=reason):
                    self._breaker.failed(now, chance(), reason, None)
        if self._breaker.away(now) != was_away:
            phrase = "target answers again" if was_away else "target paused"
            _log.warning(phrase, target=self.target.name, reason=self._breaker.reason)

    # --- waiting -------------------------------------------------------------------------------

    async def _rest(self) -> None:
        """Until something has ended, somebody pokes, or it is time to look again."""
        if not self._behind:
            passed = asyncio.get_running_loop().time() - self._looked
            await asyncio.sleep(max(0.0, BREATH_SECONDS - passed))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._policy.poll):
                await self._bell.wait()

    async def _land(self, flights: set[asyncio.Task[None]]) -> None:
        """Wait for what is under way within the bound, and settle it."""
        if flights:
            _, late = await asyncio.wait(flights, timeout=self._policy.grace)
            for flight in late:
                flight.cancel()
        if self._results:
            await self._exchange()


def _place(error: BaseException) -> str:
    """Type and line of an error; its words may be a citizen's."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
    return f"{type(error).__name__} at {where}"
