"""
The thinking part of the pipeline: reading, joining, composing; no database, no waiting.

Plain methods whose arguments and answers can be sent to another process. What a message says stays
here from `read` to `compose`: between the two only what is looked up travels. One bad message is
parked alone, whatever went wrong with it.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec
import structlog
from msgspec import field
from msgspec.structs import replace

from channels.contract import InboundMessage, Signal
from forwarder.outbox import Sealed, seal
from gateway.assembly import PartSeen, Ready, assemble, is_piece
from gateway.clock import now_ms
from gateway.earlier import Earlier
from gateway.fetching import wanted
from gateway.hiding import blind
from gateway.monitor.glance import Glance
from gateway.naming import lane_of, moment
from gateway.reading import Opened, Reader
from gateway.recording import Recorder
from gateway.records import Stored, Written
from gateway.revise import opened
from gateway.talking import Talker
from gateway.turn import Context, Effects, Inquiry, Made, Question, Turn
from gateway.work import Claimed, Settled
from normalizer.likely import likely_topics
from normalizer.match import match
from normalizer.record import Record
from normalizer.report import Complaint, Neighbour

log = structlog.get_logger()

# While one batch is brought to its end the next waits its turn and the one after that is read.
BATCHES = 3
# Stands for a whole message on its way to the pipeline, which asks only what kind of row it is.
KEPT = InboundMessage(sender="", text="")


class Forgot(OSError):
    """New rules came in the middle of a batch and what was kept here went; begin it again."""


class Composed(msgspec.Struct):
    """What one commit writes for a batch of messages; nothing in it is readable."""

    settled: list[Settled] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    outgoing: list[Sealed] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)
    #: Records whose documents are wanted first.
    lacking: list[str] = field(default_factory=list)


class Craft:
    """What knows the channels and the rules."""

    def __init__(self, reader: Reader, recorder: Recorder) -> None:
        self._reader = reader
        self._recorder = recorder
        self._talker = Talker(reader, recorder)
        self._remembered = recorder.remembered
        #: The whole messages of each batch, by the journal row that names them.
        self._batches: deque[dict[int, Question]] = deque([{}], BATCHES)

    def prepare(self) -> None:
        """Read the tables of places and holidays now; else the first citizen waits for them."""
        rules = self._recorder.rules
        rules.places.gazetteer  # noqa: B018 (read when first asked for)
        rules.clock.calendar.after(moment(now_ms()).date(), 1)

    def read(self, rows: Sequence[Claimed]) -> tuple[list[Opened], list[Inquiry]]:
        """What each row is, and of whole messages what must be looked up."""
        self._batches.append({})
        # What was sealed is not needed again, and may be large on its way between processes.
        opened = [
            replace(read, row=replace(read.row, payload=b"")) for read in self._reader.read(rows)
        ]
        whole = [self._ready(read) for read in opened]
        shown = [
            replace(read, said=KEPT) if ready else read
            for read, ready in zip(opened, whole, strict=True)
        ]
        return shown, self._ask([ready for ready in whole if ready])

    def assemble(self, seen: Sequence[PartSeen], rows: dict[int, list[Claimed]]) -> list[Inquiry]:
        """What must be looked up for the messages that are whole now."""
        return self._ask(assemble(self._reader, seen, rows))

    def compose(
        self,
        rows: Sequence[int],
        contexts: Sequence[Context],
        documents: Mapping[str, Stored] | None,
        now: int,
    ) -> Composed:
        """
        Everything that follows from the messages these rows name, in their order.

        Without `documents`, those of neighbours, and where some are not remembered here, nothing is
        composed but the list of what is lacking.
        """
        if documents is None:
            if lacking := self._lacking(contexts):
                return Composed(lacking=lacking)
            documents = {}
        composed, earlier = Composed(), Earlier()
        answers: dict[str, int] = {}
        for question, context in zip(map(self._kept, rows), contexts, strict=True):
            lane = question.ready.lane
            counted = replace(
                context,
                neighbours=[self._complete(one, documents) for one in context.neighbours],
                answers=context.answers + answers.get(lane, 0),
            )
            made = self._make(Turn(question, counted, now), earlier)
            answers[lane] = answers.get(lane, 0) + len(made.entries)
            composed.settled += made.settled
            composed.written += made.written
            outgoing = made.entries + wanted(made.fetches, now)
            composed.outgoing += seal(self._recorder.vault, outgoing, now)
            composed.effects.add(made.effects)
        return composed

    def fingerprint(self, rows: Sequence[Stored]) -> list[tuple[int, ...]]:
        """What stored records are found by; erased ones by nothing."""
        return [self._recorder.fingerprint(row) for row in rows]

    def glance(self, signals: Sequence[Signal]) -> list[Glance]:
        """What texts that nobody sent us tell of, for the monitor."""
        return [self._recorder.glance(signal) for signal in signals]

    def regard(self, records: Sequence[Record]) -> list[Glance]:
        """The same of records, whose place and topic are known."""
        return [self._recorder.regard(record) for record in records]

    def kin(self, asked: Sequence[tuple[Complaint, Sequence[Neighbour]]]) -> list[tuple[str, ...]]:
        """Which of its neighbours each of these is about the same as, by their clusters."""
        found = (match(said, neighbours) for said, neighbours in asked)
        return [(one.cluster, *one.joins) if one else () for one in found]

    def topics(self, row: Stored) -> tuple[str, ...]:
        """What a stored record may be about, for the officer who chooses; an erased one nothing."""
        if row.data_key is None:
            return ()
        record = opened(self._recorder.vault, row)
        return likely_topics(record, self._recorder.rules)

    def _ask(self, ready: Sequence[Ready]) -> list[Inquiry]:
        questions = self._recorder.ask(ready)
        self._batches[-1].update({asked.ready.row.id: asked for asked in questions})
        return [question.inquiry for question in questions]

    def _kept(self, row: int) -> Question:
        for batch in self._batches:
            if row in batch:
                return batch[row]
        raise Forgot

    def _lacking(self, contexts: Sequence[Context]) -> list[str]:
        """The neighbours that are not remembered; most are of late and were made here."""
        self._remembered.forget()
        lacking = {
            neighbour.record_id: None
            for context in contexts
            for neighbour in context.neighbours
            if neighbour.data_key and neighbour.data_key not in self._remembered
        }
        return list(lacking)

    def _complete(self, neighbour: Stored, documents: Mapping[str, Stored]) -> Stored:
        """A neighbour that is remembered, or with its document."""
        if neighbour.data_key is None or neighbour.data_key in self._remembered:
            return neighbour
        brought = documents.get(neighbour.record_id)
        if brought is None:
            raise Forgot
        return msgspec.structs.replace(
            neighbour, document=brought.document, data_key=brought.data_key
        )

    def _ready(self, opened: Opened) -> Ready | None:
        message, row = opened.said, opened.row
        if not isinstance(message, InboundMessage) or is_piece(message):
            return None
        lane = lane_of(self._recorder.vault, row.channel, message, row.external_id)
        return Ready(row=row, message=message, lane=lane)

    def _make(self, turn: Turn, earlier: Earlier) -> Made:
        question = turn.question
        try:
            made = self._talker.make(turn, earlier)
        except OSError:
            raise  # the disk, not the message: the whole batch is taken up again
        except Exception as exc:
            # Our bug: the message is kept for a person and can be replayed once it is mended.
            row = question.ready.row
            log.exception("recording failed", journal_id=row.id, channel=row.channel)
            parked = Settled(
                id=row.id,
                state="parked",
                lane=question.ready.lane,
                batch=question.ready.batch,
                reason=f"bug: {type(exc).__name__} while recording",
            )
            others = [replace(parked, id=id_) for id_ in question.ready.joined]
            return Made(settled=[parked, *others])
        blind(made, question.ready.lane)
        return made
