"""
The pipeline: journal rows in, records and answers out, in one commit each batch.

    claim ▶ read ▶ parts meet ▶ look up ▶ compose ▶ settle

Rows are taken in the order they came and batches looked up one after the other, each after the
commit of the one before, so messages of one sender stay in order. Of several workers one leads and
does this, for the same reason; the others stand by. Only what asks nothing of the
database goes ahead: while one batch is committed and the next looked up, the one after that is
read, so that neither process waits for the other. Nothing here holds up `accept`: reading and
composing are done in a workshop of their own, and the database is asked in short pieces. A bad row
parks alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog
from msgspec.structs import replace

from channels.contract import DeliveryReport, InboundMessage, Signal
from forwarder import outbox, outbox_desk
from forwarder.ports import Database, Transaction
from forwarder.routing import NOWHERE, Routes
from gateway import clusters, effects, neighbours, records, signals, work
from gateway.assembly import PartSeen, batch_words, gather
from gateway.batch import Batch, Known, both, end_of, first, is_in, is_part
from gateway.chain import chain_of
from gateway.cluster import ALONE, Lead
from gateway.conversation import Timing
from gateway.craft import Composed, Craft
from gateway.custody.erasing import Eraser
from gateway.leases import Superseded
from gateway.look_up import look_up
from gateway.members import QUIET
from gateway.naming import lane_of
from gateway.reading import Opened
from gateway.revise import follow_up
from gateway.store import StoreUnavailable
from gateway.turn import Inquiry
from gateway.vault import Vault
from gateway.work import Claim, Claimed, Settled
from gateway.workshop import Seat, ThinkingDied, Workshop

log = structlog.get_logger()

OWNER = "pipeline"
BATCH = 256
# In a burst each commit is short, for acknowledgements wait behind it.
BURST_BATCH = 32
LEASE = 60_000
# So often rows are looked for that wait for a time only a wrong clock could mean.
LOOK_MS = 10_000
# How long after its record a late part of a long message still finds it.
LATE_PART = 24 * 3_600_000
# Waiting rows and rows of a process that died come due without an event.
POLL_SECONDS = 0.25
# In a burst the pipeline rests so long between two batches, and each time half as long while the
# burst goes on; what it leaves lying is safe in the journal, and unacknowledged messages are not.
REST_SECONDS = 1.0
LEAST_REST_SECONDS = 0.0625
GLANCE_SECONDS = 0.01
PAUSE_SECONDS = 1.0
# Small batches follow one another no sooner than this: acknowledgements wait while the disk syncs,
# and it does so as often for a small one as for a large one.
BREATH_SECONDS = 0.05
SMALL_BATCH = 64


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
        let_go: Callable[[], Awaitable[None]],
        settled: Callable[[Sequence[Opened], Composed], None] = lambda _, __: None,
        crowded: Callable[[], bool] = lambda: False,
        lead: Lead = ALONE,
    ) -> None:
        self._database = database
        self._vault = vault
        self._workshop = workshop
        self._timing = timing
        self._clock = clock
        #: Where a revision goes.
        self._centrals = centrals
        #: Deletes files an erasure left to nobody.
        self._let_go = let_go
        #: Told after each commit: wakes the outbox workers, counts.
        self._settled = settled
        #: Whether a burst is coming in.
        self._crowded = crowded
        #: Of several workers one at a time.
        self._lead = lead
        #: The lead under which the batches in hand were claimed: only under it are they written.
        self._epoch = 0
        self._rest = REST_SECONDS
        #: Looked up after the batch before it, and the batch that was read meanwhile.
        self._known = Known()
        self._ahead = Batch()
        #: When rows of the far future were last looked for.
        self._looked = 0
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
            began = asyncio.get_running_loop().time()
            if self._lead.epoch is None:
                self._stand_by()
                await first(stopping, within=POLL_SECONDS)
                continue
            try:
                busy = await self.step()
            except Superseded:
                log.warning("another worker leads now")
                continue
            except (StoreUnavailable, OSError) as exc:
                log.warning("pipeline pauses", error=type(exc).__name__)
                self._blamed = isinstance(exc, ThinkingDied)
                self._careful |= self._blamed
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if busy:
                await self._give_way()
                if busy < SMALL_BATCH:
                    await _until(began + BREATH_SECONDS)
            else:
                await first(arrived, stopping, within=POLL_SECONDS)

    def _stand_by(self) -> None:
        """Another worker leads: what was begun here it begins again."""
        self._known, self._ahead = Known(), Batch()
        self._interrupted = True

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
        if (epoch := self._lead.epoch) is None:
            raise Superseded
        if epoch != self._epoch:
            self._stand_by()
            self._epoch = epoch
        known, self._known = self._known, Known()
        ahead, self._ahead = self._ahead, Batch()
        try:
            if not known.opened:
                batch = ahead if ahead.opened else await self._read(await self._claim())
                known, ahead = await both(self._look_up(batch), self._second(batch))
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
        now = self._clock()
        looks = self._interrupted or not self._looked <= now < self._looked + LOOK_MS
        claimed = await self._database.write(partial(self._take, now=now, looks=looks))
        self._looked = now if looks else self._looked
        self._interrupted = self._blamed = False
        return claimed

    async def _read_ahead(self) -> Batch:
        return Batch() if self._careful else await self._read(await self._claim())

    async def _second(self, first: Batch) -> Batch:
        """One more ahead, where so many wait; from then on there are two as long as they do."""
        return Batch() if len(first.opened) < SMALL_BATCH else await self._read_ahead()

    def _take(self, tx: Transaction, *, now: int, looks: bool) -> list[Claimed]:
        if self._interrupted:
            work.release(tx, owner=OWNER, blamed=self._blamed)
        if looks:
            patience = max(self._timing.part_timeout, self._timing.album_time)
            work.pull_in(tx, now=now, lease=LEASE, patience=patience)
        wanted = Claim(
            owner=OWNER,
            now=now,
            lease=LEASE,
            limit=BURST_BATCH if self._crowded() else BATCH,
            counted=not self._workshop.apart,
        )
        claimed = work.claim(tx, wanted)
        # Asked only where there is something: the answer is a write.
        if (claimed or self._interrupted) and not self._lead.holds(tx, self._epoch):
            raise Superseded
        return claimed

    async def _read(self, rows: Sequence[Claimed]) -> Batch:
        if not rows:
            return Batch()
        seat = self._workshop.seat()
        opened, inquiries = await seat.run(Craft.read, rows)
        return Batch(opened=opened, inquiries=inquiries, seat=seat)

    async def _finish(self, known: Known, ahead: Batch) -> tuple[Known, set[int]]:
        """Bring a batch to its commit and look the next one up; which rows came to their end."""
        made = await self._compose(known)
        alone = [piece for piece in known.seen if not is_in(piece, known.later)]
        made.settled += self._waiting(alone, made)
        ended = {row.id for row in made.settled}
        await self._commit(made, known.opened)
        ended = await self._later_rounds(known, ended)
        return await self._look_up(ahead.without(ended)), ended

    async def _later_rounds(self, known: Known, ended: set[int]) -> set[int]:
        """Messages that depended on those before them; which rows have come to their end."""
        while inquiries := [asked for asked in known.later if asked.id not in ended]:
            known = await self._ask(inquiries, known.seat)
            made = await self._compose(known)
            await self._commit(made, ())
            ended |= {row.id for row in made.settled}
        return ended

    # --- parts ---------------------------------------------------------------------------------

    def _part(self, row: Claimed, message: object) -> PartSeen:
        assert isinstance(message, InboundMessage)  # noqa: S101 (narrows the type; _is_part said so)
        lane = lane_of(self._vault, row.channel, message, row.external_id)
        batch = self._vault.pseudonym("batch", *batch_words(row.channel, lane, message))
        return PartSeen(row=row, message=message, part=message.part, lane=lane, batch=batch)

    async def _meet(self, seen: Sequence[PartSeen], seat: Seat | None) -> list[Inquiry]:
        """What is asked for the messages that are whole with these parts and those that waited."""
        since = self._clock() - LATE_PART
        rows = await self._database.read(lambda tx: gather(tx, seen, since=since))
        return await (seat or self._workshop).run(Craft.assemble, seen, rows)

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
        inquiries = [*batch.inquiries, *(await self._meet(seen, batch.seat) if seen else ())]
        known = await self._ask(_in_order(inquiries), batch.seat)
        return replace(known, opened=batch.opened, seen=seen)

    async def _ask(self, inquiries: Sequence[Inquiry], seat: Seat | None) -> Known:
        """What the database knows of the messages of one round."""
        if not inquiries:
            return Known()
        now = self._clock()
        found = await self._database.read(
            lambda tx: look_up(tx, self._vault, inquiries, timing=self._timing, now=now)
        )
        rows = [asked.id for asked in found.inquiries]
        return Known(rows=rows, contexts=found.contexts, later=found.later, seat=seat)

    async def _compose(self, known: Known) -> Composed:
        """Everything that follows from one round."""
        rows, contexts, seat = known.rows, known.contexts, known.seat or self._workshop
        if not rows:
            return Composed()
        now = self._clock()
        made = await seat.run(Craft.compose, rows, contexts, None, now)
        if made.lacking:
            documents = await self._database.read(lambda tx: neighbours.documents(tx, made.lacking))
            made = await seat.run(Craft.compose, rows, contexts, documents, now)
        return made

    # --- the commit ----------------------------------------------------------------------------

    async def _commit(self, made: Composed, opened: Sequence[Opened]) -> None:
        reports = [row.said for row in opened if isinstance(row.said, DeliveryReport)]
        seen = [(row.row, row.said) for row in opened if isinstance(row.said, Signal)]
        made.settled += [end_of(row) for row in opened if not isinstance(row.said, InboundMessage)]

        eraser = Eraser(vault=self._vault, centrals=self._centrals)

        def write(tx: Transaction) -> None:
            if not self._lead.holds(tx, self._epoch):
                raise Superseded
            now = self._clock()
            effects.forget(tx, eraser, made.effects, now)
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
        if made.effects.forgotten:
            await self._let_go()
        log.info("settled", rows=len(made.settled), records=len(made.written))
        self._settled(opened, made)


def _in_order(inquiries: Sequence[Inquiry]) -> list[Inquiry]:
    """As they came: within a chain by its positions, for a clock may be set back."""
    if len({chain_of(asked.id) for asked in inquiries}) > 1:
        return sorted(inquiries, key=lambda asked: (asked.received_at, asked.id))
    return sorted(inquiries, key=lambda asked: asked.id)


async def _until(time: float) -> None:
    """Sleep until a time of the event loop's clock."""
    await asyncio.sleep(max(0.0, time - asyncio.get_running_loop().time()))
