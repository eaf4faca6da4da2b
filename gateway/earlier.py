"""Records made in the same batch: the database does not know them yet, and they may be alike."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.records import Status
from gateway.turn import Question
from normalizer.normalize import complaint
from normalizer.record import Record
from normalizer.report import Neighbour


class Earlier:
    """Records made in this batch, which the database does not know yet."""

    def __init__(self) -> None:
        self._by_key: dict[int, list[tuple[str, Neighbour]]] = {}
        self._by_lane: dict[str, list[tuple[str, Neighbour]]] = {}
        self._status: dict[str, Status] = {}

    def add(self, record: Record, keys: Sequence[int], lane: str) -> None:
        """Remember a record for the ones after it."""
        neighbour = neighbour_of(record)
        received = int(record.received_at.timestamp() * 1000)
        self._status[lane] = self._status[record.case_code] = Status(
            record_id=record.record_id,
            channel=record.channel,
            case_code=record.case_code,
            state="diterima",
            received_at=received,
            updated_at=received,
            pseudonym=lane,
        )
        if record.anonymous:
            lane = ""  # no later report may show who this one is from
        self._by_lane.setdefault(lane, []).append((lane, neighbour))
        for key in keys:
            self._by_key.setdefault(key, []).append((lane, neighbour))

    def status(self, question: Question) -> Status | None:
        """The case a STATUS asks about, if it was reported in the same breath."""
        command = question.command
        if command is None or command.given:
            return None
        return self._status.get(command.case_code or question.ready.lane)

    def like(self, question: Question) -> list[Neighbour]:
        """Those that share a key or the sender with a message."""
        lane = question.ready.lane
        found = [pair for key in question.keys for pair in self._by_key.get(key, ())]
        found += self._by_lane.get(lane, ())
        unique = {neighbour.record_id: (owner, neighbour) for owner, neighbour in found}
        return [
            replace(neighbour, same_sender=True) if owner == lane else neighbour
            for owner, neighbour in unique.values()
            if neighbour.record_id != question.record_id
        ]


def neighbour_of(record: Record) -> Neighbour:
    """A record as later messages are compared with it."""
    joined = record.duplicate if record.duplicate and record.duplicate.relation == "same" else None
    return Neighbour(
        record_id=record.record_id,
        cluster=joined.cluster if joined else record.record_id,
        same_sender=False,
        said=complaint(
            record.clean_text,
            record.place,
            record.topic.value,
            record.sent_at or record.received_at,
        ),
        volume=joined.volume if joined else 1,
    )
