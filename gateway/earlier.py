"""Records made in the same batch: the database does not know them yet, and they may be alike."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from gateway.fingerprints import ENOUGH_OF_A_BATCH, MOST_OF_A_KEY, ranked
from gateway.neighbours import OF_A_SENDER
from gateway.turn import Question
from normalizer.normalize import complaint
from normalizer.record import Record
from normalizer.report import Neighbour, written_at


class Earlier:
    """Records made in this batch, which the database does not know yet."""

    def __init__(self) -> None:
        #: By record id, with the sender's pseudonym.
        self._known: dict[str, tuple[str, Neighbour]] = {}
        #: Ids of records, the newest first.
        self._by_key: dict[int, deque[str]] = {}
        self._by_lane: dict[str, deque[str]] = {}

    def add(self, record: Record, keys: Sequence[int], lane: str) -> None:
        """Remember a record for the ones after it."""
        neighbour = neighbour_of(record)
        if record.anonymous:
            lane = ""  # no later report may show who this one is from
        name = record.record_id
        self._known[name] = (lane, neighbour)
        self._by_lane.setdefault(lane, deque(maxlen=OF_A_SENDER)).appendleft(name)
        for key in keys:
            self._by_key.setdefault(key, deque(maxlen=MOST_OF_A_KEY)).appendleft(name)

    def like(self, question: Question) -> list[Neighbour]:
        """Those most alike and those of the sender, as from the table."""
        lane = question.ready.lane
        found = ranked(question.keys, self._by_key, enough=ENOUGH_OF_A_BATCH)
        unique = dict.fromkeys([*found, *self._by_lane.get(lane, ())])
        pairs = [self._known[name] for name in unique if name != question.record_id]
        return [
            replace(neighbour, same_sender=True) if owner == lane else neighbour
            for owner, neighbour in pairs
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
            written_at(record.sent_at, record.received_at),
        ),
        volume=joined.volume if joined else 1,
    )
