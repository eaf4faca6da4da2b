"""
The pipeline: journal rows in, records and answers out, in one commit each batch.

    claim ▶ read ▶ parts meet ▶ look up ▶ compose ▶ settle

Rows are taken in the order they came and batches looked up one after the other, each after the
commit of the one before, so messages of one sender stay in order. Only what asks nothing of the
database goes ahead: while a batch is composed the next is claimed, while it is committed the next
is read. Nothing here holds up `accept`: reading and composing are done in a workshop of their own,
and the database is asked in short pieces. A bad row parks alone.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from channels.contract import DeliveryReport, InboundMessage, Signal
from forwarder import outbox, outbox_desk
from forwarder.ports import Database, Transaction
from gateway import clusters, effects, records, signals, work
from gateway.assembly import PartSeen, gather
from gateway.batch import Batch, both, end_of, first, is_in, is_part, neighbours_in
from gateway.conversation import Timing, look_up
from gateway.craft import Composed, Craft
from gateway.members import QUIET
from gateway.naming import lane_of
from gateway.reading import Opened
from gateway.records import Stored
from gateway.store import StoreUnavailable
from gateway.turn import Context, Inquiry
from gateway.vault import Vault
from gateway.work import Claim, Claimed, Settled
from gateway.workshop import ThinkingDied, Workshop

log = structlog.get_logger()

OWNER = "pipeline"
BATCH = 128
LEASE = 60_000
# How long after its record a late part of a long message still finds it.
LATE_PART = 24 * 3_600_000
# Waiting rows and rows of a process that died come due without an event.
POLL_SECONDS = 0.5
# In a burst the pipeline rests so long between two batches; what it leaves lying is safe in the
# journal, and unacknowledged messages are not.
REST_SECONDS = 2.0
GLANCE_SECONDS = 0.01
PAUSE_SECONDS = 1.0


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
        centrals: Sequence[str] = (),
        settled: Callable[[Sequence[Opened], Composed], None] = lambda _, __: None,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._vault = vault
        self._workshop = workshop
        self._timing = timing
        self._clock = clock
        #: The stores a revision goes to.
        self._centrals = centrals
        #: Told after each commit: wakes the outbox workers, counts.
        self._settled = settled
        #: Whether a burst is coming in.
        self._crowded = crowded
        #: Claimed and read while the batch before it was finished.
        self._ahead = Batch()
        #: A process before this one, or bad weather, may have left claims.
        self._interrupted = True
        #: What was claimed may have ended the process that read it.
        self._blamed = False
        #: Rows that may be deadly are in sight: none is taken in hand before it is its turn.
        self._careful = True

    async def run(self, arrived: asyncio.Event, stopping: asyncio.Event) -> None:
        """Work until told to stop; the batch in hand is finished first."""
        while not stopping.is_set():
            arrived.clear()
            try:
                busy = await self.step()
            except (StoreUnavailable, OSError) as exc:
                log.warning("pipeline pauses", error=type(exc).__name__)
                self._blamed = isinstance(exc, ThinkingDied)
                self._careful |= self._blamed
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if busy:
                await self._give_way()
            else:
                await first(arrived, stopping, within=POLL_SECONDS)

    async def _give_way(self) -> None:
        """While a burst comes in, leave the processor to acknowledging it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + REST_SECONDS
        while self._crowded() and loop.time() < until:  # noqa: ASYNC110 (nothing tells its end)
            await asyncio.sleep(GLANCE_SECONDS)

    async def step(self) -> int:
        """Take one batch from the journal to its end; returns how many rows it had."""
        batch, self._ahead = self._ahead, Batch()
        try:
            if not batch.opened:
                batch = await self._read(await self._claim())
            if batch.opened:
                await self._finish(batch)
        except records.Stale:
            # Somebody revised one of these records meanwhile: look again, at once.
            self._interrupted = True
        except BaseException:
            self._interrupted = True
            raise
        if any(row.row.attempts == 0 for row in batch.opened):
            self._careful = False
        return len(batch.opened)

    async def _claim(self) -> list[Claimed]:
        claimed = await self._database.write(self._take)
        self._interrupted = self._blamed = False
        return claimed

    async def _claim_ahead(self) -> list[Claimed]:
        return [] if self._careful else await self._claim()

    def _take(self, tx: Transaction) -> list[Claimed]:
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

    async def _read(self, rows: Sequence[Claimed]) -> Batch:
        if not rows:
            return Batch()
        opened, inquiries = await self._workshop.run(Craft.read, rows)
        return Batch(opened=opened, inquiries=inquiries)

    async def _finish(self, batch: Batch) -> None:
        """Bring a batch to its commit, and the next one as far as it may go meanwhile."""
        seen = [self._part(row.row, row.said) for row in batch.opened if is_part(row)]
        inquiries = list(batch.inquiries)
        if seen:
            inquiries += await self._meet(seen)
        inquiries.sort(key=lambda asked: asked.id)
        (made, later), claimed = await both(self._compose(inquiries), self._claim_ahead())
        made.settled += self._waiting([piece for piece in seen if not is_in(piece, later)], made)
        ended = {row.id for row in made.settled}
        _, ahead = await both(self._commit(made, batch.opened), self._read(claimed))
        self._ahead = ahead.without(ended | await self._later_rounds(later, ended))

    async def _later_rounds(self, inquiries: Sequence[Inquiry], ended: set[int]) -> set[int]:
        """Messages that depended on those before them; which rows have come to their end."""
        while inquiries := [asked for asked in inquiries if asked.id not in ended]:
            made, inquiries = await self._compose(inquiries)
            await self._commit(made, ())
            ended = ended | {row.id for row in made.settled}
        return ended

    # --- parts ---------------------------------------------------------------------------------

    def _part(self, row: Claimed, message: object) -> PartSeen:
        assert isinstance(message, InboundMessage)  # noqa: S101 (narrows the type; _is_part said so)
        lane = lane_of(self._vault, row.channel, message, row.external_id)
        return PartSeen(row=row, message=message, part=message.part, lane=lane)

    async def _meet(self, seen: Sequence[PartSeen]) -> list[Inquiry]:
        """What is asked for the messages that are whole with these parts and those that waited."""
        since = self._clock() - LATE_PART
        rows = await self._database.read(lambda tx: gather(tx, seen, since=since))
        return await self._workshop.run(Craft.assemble, seen, rows)

    def _waiting(self, seen: Sequence[PartSeen], made: Composed) -> list[Settled]:
        """The pieces whose message is not whole: they wait in the journal for the others."""
        met = {row.id for row in made.settled}
        return [
            Settled(
                id=piece.row.id,
                state="waiting",
                lane=piece.lane,
                batch=piece.batch,
                due=piece.row.received_at
                + (self._timing.part_timeout if piece.part else self._timing.album_time),
                reason=None if piece.part else QUIET,
            )
            for piece in seen
            if piece.row.id not in met
        ]

    # --- records -------------------------------------------------------------------------------

    async def _compose(self, inquiries: Sequence[Inquiry]) -> tuple[Composed, Sequence[Inquiry]]:
        """One round of the messages, and those that must wait for its commit."""
        if not inquiries:
            return Composed(), ()
        now = self._clock()
        known = await self._database.read(
            lambda tx: look_up(tx, self._vault, inquiries, timing=self._timing, now=now)
        )
        documents = await self._documents(known.contexts)
        rows = [asked.id for asked in known.inquiries]
        made = await self._workshop.run(Craft.compose, rows, known.contexts, documents, now)
        return made, known.later

    async def _documents(self, contexts: Sequence[Context]) -> dict[str, Stored]:
        """The neighbours the craft does not remember; most are of late, and it made them itself."""
        keys = neighbours_in(contexts)
        unknown = await self._workshop.run(Craft.unknown, keys) if keys else []
        if not unknown:
            return {}
        return await self._database.read(lambda tx: records.documents(tx, unknown))

    # --- the commit ----------------------------------------------------------------------------

    async def _commit(self, made: Composed, opened: Sequence[Opened]) -> None:
        reports = [row.said for row in opened if isinstance(row.said, DeliveryReport)]
        seen = [(row.row, row.said) for row in opened if isinstance(row.said, Signal)]
        made.settled += [end_of(row) for row in opened if not isinstance(row.said, InboundMessage)]

        def write(tx: Transaction) -> None:
            now = self._clock()
            effects.forget(tx, self._vault, made.effects, centrals=self._centrals, now=now)
            records.write(tx, made.written, now=now)
            outbox.put_sealed(tx, made.outgoing)
            for report in reports:
                outbox_desk.feedback(tx, report, now)
            signals.put(tx, self._vault, seen)
            signals.tell(tx, self._vault, clusters.grow(tx, made.written, now=now))
            work.settle(tx, made.settled, now=now)
            effects.write(tx, made.effects, now=now)

        await self._database.write(write)
        log.info("settled", rows=len(made.settled), records=len(made.written))
        self._settled(opened, made)
