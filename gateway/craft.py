"""
The thinking part of the pipeline: reading, joining, composing; no database, no waiting.

Four plain methods whose arguments and answers can be sent to another process. One bad message is
parked alone, whatever went wrong with it.
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from channels.contract import InboundMessage
from gateway.assembly import PartSeen, Ready, assemble
from gateway.earlier import Earlier
from gateway.naming import lane_of
from gateway.reading import Opened, Reader
from gateway.recording import Recorder
from gateway.turn import Context, Made, Question
from gateway.work import Claimed, Settled

log = structlog.get_logger()


class Craft:
    """What knows the channels and the rules."""

    def __init__(self, reader: Reader, recorder: Recorder) -> None:
        self._reader = reader
        self._recorder = recorder

    def read(self, rows: Sequence[Claimed]) -> tuple[list[Opened], list[Question]]:
        """What each row says, and of whole messages what must be looked up."""
        # What was sealed is not needed again, and may be large on its way between processes.
        opened = [
            replace(read, row=replace(read.row, payload=b"")) for read in self._reader.read(rows)
        ]
        whole = [ready for ready in map(self._ready, opened) if ready]
        return opened, self.ask(whole)

    def assemble(self, seen: Sequence[PartSeen], rows: dict[int, list[Claimed]]) -> list[Ready]:
        """The messages that are whole now."""
        return assemble(self._reader, seen, rows)

    def ask(self, ready: Sequence[Ready]) -> list[Question]:
        """What must be looked up before these can be recorded."""
        return [self._recorder.ask(item) for item in ready]

    def compose(self, questions: Sequence[Question], contexts: Sequence[Context], now: int) -> Made:
        """Everything that follows from the messages of one batch, in their order."""
        all_made, earlier = Made(), Earlier()
        answers: dict[str, int] = {}
        for question, context in zip(questions, contexts, strict=True):
            lane = question.ready.lane
            counted = replace(context, answers=context.answers + answers.get(lane, 0))
            made = self._make(question, counted, earlier, now)
            answers[lane] = answers.get(lane, 0) + len(made.entries)
            all_made.settled += made.settled
            all_made.written += made.written
            all_made.entries += made.entries
        return all_made

    def _ready(self, opened: Opened) -> Ready | None:
        message, row = opened.said, opened.row
        if not isinstance(message, InboundMessage) or message.part:
            return None
        lane = lane_of(self._recorder.vault, row.channel, message, row.external_id)
        return Ready(row=row, message=message, lane=lane)

    def _make(self, question: Question, context: Context, earlier: Earlier, now: int) -> Made:
        try:
            return self._recorder.make(question, context, earlier, now)
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
