"""
The pipeline: journal rows in, records and answers out, in one commit each batch.

    claim ▶ read ▶ parts meet ▶ look up ▶ compose ▶ settle

Rows are taken in the order they came, one batch at a time, so messages of one sender stay in
order. Nothing here holds up `accept`: reading and composing are done in a workshop of their own,
and the database is asked in short pieces. A bad row parks alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from channels.contract import DeliveryReport, Ignored, InboundMessage, Signal, Unreadable
from forwarder import outbox, outbox_desk
from forwarder.ports import Database, Transaction
from gateway import records, signals, work
from gateway.assembly import PartSeen, Ready, gather
from gateway.craft import Craft
from gateway.naming import lane_of
from gateway.reading import Opened
from gateway.store import StoreUnavailable
from gateway.turn import Context, Made, Question
from gateway.vault import Vault
from gateway.work import Claim, Claimed, Settled
from gateway.workshop import ThinkingDied, Workshop

log = structlog.get_logger()

OWNER = "pipeline"
BATCH = 128
LEASE = 60_000
# How long after its record a late part of a long message still finds it.
LATE_PART = 24 * 3_600_000
HOUR = 3_600_000
# Waiting rows and rows of a process that died come due without an event.
POLL_SECONDS = 0.5
# In a burst the pipeline rests so long between two batches; what it leaves lying is safe in the
# journal, and unacknowledged messages are not.
REST_SECONDS = 2.0
GLANCE_SECONDS = 0.01
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long to wait and how far to look back, in milliseconds."""

    part_timeout: int
    match_window: int


class Pipeline:
    """The worker between journal and outbox."""

    def __init__(  # noqa: PLR0913 (the composition root names each)
        self,
        *,
        database: Database,
        vault: Vault,
        workshop: Workshop,
        timing: Timing,
        clock: Callable[[], int],
        settled: Callable[[Sequence[Opened], Made], None] = lambda _, __: None,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._vault = vault
        self._workshop = workshop
        self._timing = timing
        self._clock = clock
        #: Told after each commit: wakes the outbox workers, counts.
        self._settled = settled
        #: Whether a burst is coming in.
        self._crowded = crowded
        #: A process before this one, or bad weather, may have left claims.
        self._interrupted = True
        #: What was claimed may have ended the process that read it.
        self._blamed = False

    async def run(self, arrived: asyncio.Event, stopping: asyncio.Event) -> None:
        """Work until told to stop; the batch in hand is finished first."""
        while not stopping.is_set():
            arrived.clear()
            try:
                busy = await self.step()
            except (StoreUnavailable, OSError) as exc:
                log.warning("pipeline pauses", error=type(exc).__name__)
                self._blamed = isinstance(exc, ThinkingDied)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if busy:
                await self._give_way()
            else:
                await _first(arrived, stopping)

    async def _give_way(self) -> None:
        """While a burst comes in, leave the processor to acknowledging it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + REST_SECONDS
        while self._crowded() and loop.time() < until:  # noqa: ASYNC110 (nothing tells its end)
            await asyncio.sleep(GLANCE_SECONDS)

    async def step(self) -> int:
        """Take one batch from the journal to its end; returns how many rows it had."""
        claimed = await self._database.write(self._claim)
        self._blamed = False
        if claimed:
            self._interrupted = True
            await self._settle_rows(claimed)
        self._interrupted = False
        return len(claimed)

    def _claim(self, tx: Transaction) -> list[Claimed]:
        if self._interrupted:
            work.release(tx, owner=OWNER, blamed=self._blamed)
        wanted = Claim(
            owner=OWNER,
            now=self._clock(),
            lease=LEASE,
            limit=BATCH,
            counted=not self._workshop.apart,
        )
        return work.claim(tx, wanted)

    async def _settle_rows(self, rows: Sequence[Claimed]) -> None:
        opened, questions = await self._workshop.run(Craft.read, rows)
        seen = [self._part(row.row, row.said) for row in opened if _is_part(row)]
        if seen:
            questions += await self._workshop.run(Craft.ask, await self._meet(seen))
        made = await self._compose(sorted(questions, key=lambda asked: asked.ready.row.id))
        made.settled += self._waiting(seen, made)
        await self._commit(made, opened)

    # --- parts ---------------------------------------------------------------------------------

    def _part(self, row: Claimed, message: object) -> PartSeen:
        assert isinstance(message, InboundMessage)  # noqa: S101 (narrows the type; _is_part said so)
        assert message.part is not None  # noqa: S101 (as above)
        lane = lane_of(self._vault, row.channel, message, row.external_id)
        return PartSeen(row=row, message=message, part=message.part, lane=lane)

    async def _meet(self, seen: Sequence[PartSeen]) -> list[Ready]:
        """Which messages are whole now, of these parts and the ones that wait in the journal."""
        since = self._clock() - LATE_PART
        rows = await self._database.read(lambda tx: gather(tx, seen, since=since))
        return await self._workshop.run(Craft.assemble, seen, rows)

    def _waiting(self, seen: Sequence[PartSeen], made: Made) -> list[Settled]:
        """The parts whose message is not whole: they wait in the journal for the others."""
        met = {row.id for row in made.settled}
        return [
            Settled(
                id=part.row.id,
                state="waiting",
                lane=part.lane,
                batch=part.batch,
                due=part.row.received_at + self._timing.part_timeout,
            )
            for part in seen
            if part.row.id not in met
        ]

    # --- records -------------------------------------------------------------------------------

    async def _compose(self, questions: Sequence[Question]) -> Made:
        if not questions:
            return Made()
        now = self._clock()
        contexts = await self._database.read(
            lambda tx: [self._look_up(tx, question, now) for question in questions]
        )
        return await self._workshop.run(Craft.compose, questions, contexts, now)

    def _look_up(self, tx: Transaction, question: Question, now: int) -> Context:
        lane = question.ready.lane
        status = None
        if question.command and question.command.case_code:
            status = records.status_of(tx, question.command.case_code)
        elif question.command and not question.command.given:
            status = records.latest_of(tx, lane)
        since = now - self._timing.match_window
        return Context(
            existing=records.find(tx, question.record_id),
            neighbours=records.neighbours(tx, keys=question.keys, pseudonym=lane, since=since)
            if question.command is None
            else [],
            status=status,
            answers=outbox_desk.recent(tx, lane, since=now - HOUR),
        )

    # --- the commit ----------------------------------------------------------------------------

    async def _commit(self, made: Made, opened: Sequence[Opened]) -> None:
        reports = [row.said for row in opened if isinstance(row.said, DeliveryReport)]
        seen = [(row.row, row.said) for row in opened if isinstance(row.said, Signal)]
        made.settled += [_end(row) for row in opened if not isinstance(row.said, InboundMessage)]

        def write(tx: Transaction) -> None:
            now = self._clock()
            records.write(tx, made.written, now=now)
            outbox.put(tx, self._vault, made.entries, now)
            for report in reports:
                outbox_desk.feedback(tx, report, now)
            signals.put(tx, self._vault, seen)
            work.settle(tx, made.settled, now=now)

        await self._database.write(write)
        log.info("settled", rows=len(made.settled), records=len(made.written))
        self._settled(opened, made)


def _is_part(opened: Opened) -> bool:
    return isinstance(opened.said, InboundMessage) and opened.said.part is not None


def _end(opened: Opened) -> Settled:
    match opened.said:
        case DeliveryReport(delivered=delivered):
            reason = f"delivery report: {'delivered' if delivered else 'not delivered'}"
            return Settled(id=opened.row.id, state="ignored", reason=reason)
        case Signal():
            return Settled(id=opened.row.id, state="ignored", reason="signal")
        case Ignored(reason=reason):
            return Settled(id=opened.row.id, state="ignored", reason=reason)
        case Unreadable(reason=reason):
            return Settled(id=opened.row.id, state="parked", reason=f"unreadable: {reason}")
    raise AssertionError(opened.said)


async def _first(*events: asyncio.Event) -> None:
    """Return when one of the events is set, or after the poll interval."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
