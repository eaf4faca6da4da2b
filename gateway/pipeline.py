"""
The pipeline: journal rows in, records and answers out, in one commit each batch.

    claim ▶ read ▶ parts meet ▶ look up ▶ compose ▶ settle

Rows are taken in the order they came and batches looked up one after the other, each after the
commit of the one before, so messages of one sender stay in order. Only what asks nothing of the
database goes ahead: while one batch is committed and the next looked up, the one after that is
read, so that neither process waits for the other. Nothing here holds up `accept`: reading and
composing are done in a workshop of their own, and the database is asked in short pieces. A bad row
parks alone.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from msgspec.structs import replace

from channels.contract import DeliveryReport, InboundMessage, Signal
from forwarder import outbox, outbox_desk
from forwarder.ports import Database, Transaction
from forwarder.routing import NOWHERE, Routes
from gateway import clusters, effects, neighbours, records, signals, work
from gateway.assembly import PartSeen, batch_words, gather
from gateway.batch import Batch, Known, both, end_of, first, is_in, is_part
from gateway.conversation import Timing
from gateway.craft import Composed, Craft
from gateway.look_up import look_up
from gateway.members import QUIET
from gateway.naming import lane_of
from gateway.reading import Opened
from gateway.revise import follow_up
from gateway.store import StoreUnavailable
from gateway.turn import Inquiry
from gateway.vault import Vault
from gateway.work import Claim, Claimed, Settled
from gateway.workshop import ThinkingDied, Workshop

log = structlog.get_logger()

OWNER = "pipeline"
BATCH = 256
# In a burst each commit is short, for acknowledgements wait behind it.
BURST_BATCH = 128
LEASE = 60_000
# How long after its record a late part of a long message still finds it.
LATE_PART = 24 * 3_600_000
# Waiting rows and rows of a process that died come due without an event.
POLL_SECONDS = 0.5
# In a burst the pipeline rests so long between two batches, and each time half as long while the
# burst goes on; what it leaves lying is safe in the journal, and unacknowledged messages are not.
REST_SECONDS = 2.0
LEAST_REST_SECONDS = 0.25
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
        centrals: Routes = NOWHERE,
        settled: Callable[[Sequence[Opened], Composed], None] = lambda _, __: None,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._vault = vault
        self._workshop = workshop
        self._timing = timing
        self._clock = clock
        #: Where a revision goes.
        self._centrals = centrals
        #: Told after each commit: wakes the outbox workers, counts.
        self._settled = settled
        #: Whether a burst is coming in.
        self._crowded = crowded
        self._rest = REST_SECONDS
        #: Looked up after the batch before it, and the batch that was read meanwhile.
        self._known = Known()
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
        until = loop.time() + self._rest
        while self._crowded():
            if loop.time() >= until:
                self._rest = max(self._rest / 2, LEAST_REST_SECONDS)
                return
            await asyncio.sleep(GLANCE_SECONDS)
        self._rest = REST_SECONDS

    async def step(self) -> int:
        """Take one batch from the journal to its end; returns how many rows it had."""
        known, self._known = self._known, Known()
        ahead, self._ahead = self._ahead, Batch()
        try:
            if not known.opened:
                batch = ahead if ahead.opened else await self._read(await self._claim())
                known, ahead = await self._look_up(batch), Batch()
            if known.opened:
                (following, ended), read = await both(
                    self._finish(known, ahead), self._read_ahead()
                )
                self._known, self._ahead = following, read.without(ended)
        except records.Stale:
            # Somebody revised one of these records meanwhile: look again, at once.
            self._interrupted = True
        except BaseException:
            self._interrupted = True
            raise
        if any(row.row.attempts == 0 for row in known.opened):
            self._careful = False
        return len(known.opened)

    async def _claim(self) -> list[Claimed]:
        claimed = await self._database.write(self._take)
        self._interrupted = self._blamed = False
        return claimed

    async def _read_ahead(self) -> Batch:
        return Batch() if self._careful else await self._read(await self._claim())

    def _take(self, tx: Transaction) -> list[Claimed]:
        if self._interrupted:
            work.release(tx, owner=OWNER, blamed=self._blamed)
        wanted = Claim(
            owner=OWNER,
            now=self._clock(),
            lease=LEASE,
            limit=BURST_BATCH if self._crowded() else BATCH,
            counted=not self._workshop.apart,
        )
        return work.claim(tx, wanted)

    async def _read(self, rows: Sequence[Claimed]) -> Batch:
        if not rows:
            return Batch()
        opened, inquiries = await self._workshop.run(Craft.read, rows)
        return Batch(opened=opened, inquiries=inquiries)

    async def _finish(self, known: Known, ahead: Batch) -> tuple[Known, set[int]]:
        """Bring a batch to its commit and look the next one up; which rows came to their end."""
        made = await self._compose(known)
        alone = [piece for piece in known.seen if not is_in(piece, known.later)]
        made.settled += self._waiting(alone, made)
        ended = {row.id for row in made.settled}
        await self._commit(made, known.opened)
        ended = await self._later_rounds(known.later, ended)
        return await self._look_up(ahead.without(ended)), ended

    async def _later_rounds(self, inquiries: Sequence[Inquiry], ended: set[int]) -> set[int]:
        """Messages that depended on those before them; which rows have come to their end."""
        while inquiries := [asked for asked in inquiries if asked.id not in ended]:
            known = await self._ask(inquiries)
            made = await self._compose(known)
            await self._commit(made, ())
            ended, inquiries = ended | {row.id for row in made.settled}, known.later
        return ended

    # --- parts ---------------------------------------------------------------------------------

    def _part(self, row: Claimed, message: object) -> PartSeen:
        assert isinstance(message, InboundMessage)  # noqa: S101 (narrows the type; _is_part said so)
        lane = lane_of(self._vault, row.channel, message, row.external_id)
        batch = self._vault.pseudonym("batch", *batch_words(row.channel, lane, message))
        return PartSeen(row=row, message=message, part=message.part, lane=lane, batch=batch)

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

    async def _look_up(self, batch: Batch) -> Known:
        """What is known of a batch; the one before it has been committed."""
        seen = [self._part(row.row, row.said) for row in batch.opened if is_part(row)]
        inquiries = [*batch.inquiries, *(await self._meet(seen) if seen else ())]
        known = await self._ask(sorted(inquiries, key=lambda asked: asked.id))
        return replace(known, opened=batch.opened, seen=seen)

    async def _ask(self, inquiries: Sequence[Inquiry]) -> Known:
        """What the database knows of the messages of one round."""
        if not inquiries:
            return Known()
        now = self._clock()
        found = await self._database.read(
            lambda tx: look_up(tx, self._vault, inquiries, timing=self._timing, now=now)
        )
        rows = [asked.id for asked in found.inquiries]
        return Known(rows=rows, contexts=found.contexts, later=found.later)

    async def _compose(self, known: Known) -> Composed:
        """Everything that follows from one round."""
        rows, contexts = known.rows, known.contexts
        if not rows:
            return Composed()
        now = self._clock()
        made = await self._workshop.run(Craft.compose, rows, contexts, None, now)
        if made.lacking:
            documents = await self._database.read(lambda tx: neighbours.documents(tx, made.lacking))
            made = await self._workshop.run(Craft.compose, rows, contexts, documents, now)
        return made

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
            follow_up(tx, self._vault, made.written, centrals=self._centrals, now=now)
            for report in reports:
                outbox_desk.feedback(tx, report, now)
            signals.put(tx, self._vault, seen)
            signals.tell(tx, self._vault, clusters.grow(tx, made.written, now=now))
            work.settle(tx, made.settled, now=now)
            effects.write(
                tx, self._vault, made.effects, made.settled, centrals=self._centrals, now=now
            )

        await self._database.write(write)
        log.info("settled", rows=len(made.settled), records=len(made.written))
        self._settled(opened, made)
