"""
One day of the board as figures; pure.

Whatever is no report is left out. A report counts on the day it was received, whenever it was
answered: a period's figures go on growing until all of its reports are done with.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from forwarder.ports import Row
from gateway.figures.spans import step_of

Kind = Literal["all", "channel", "topic", "place", "agency", "answer", "close"]
#: What a period's figures are split by.
SPLITS: tuple[Kind, ...] = ("channel", "topic", "agency", "place")
WHOLE_OFFICE = ""
NONE = ""
#: The states of a case somebody took up, whether or not there was an answer.
FOLLOWED = frozenset({"ditindaklanjuti", "selesai", "diarsipkan"})
NO_REPORT = "bukan_laporan"
# A district's code such as 36.03.01; villages within it count for it.
DISTRICT = 8


class Sum(msgspec.Struct, kw_only=True):
    """How many reports, and what became of them."""

    reports: int = 0
    #: With an answer to the citizen.
    answered: int = 0
    #: Answered or taken up.
    followed: int = 0
    closed: int = 0
    #: That say what another one said.
    repeats: int = 0

    def add(self, other: "Sum") -> None:
        """Count the other's reports too."""
        self.reports += other.reports
        self.answered += other.answered
        self.followed += other.followed
        self.closed += other.closed
        self.repeats += other.repeats

    @property
    def share_followed(self) -> float | None:
        """Of all reports, those answered or taken up."""
        return self.followed / self.reports if self.reports else None

    @property
    def share_repeats(self) -> float | None:
        """Of all reports, those that repeat another."""
        return self.repeats / self.reports if self.reports else None


class Seen(msgspec.Struct, frozen=True):
    """As much of a row of the board as is counted, in the order it is read."""

    received_at: int
    channel: str
    type: str | None
    topic: str | None
    agency: str | None
    place: str | None
    state: str
    relation: str
    answered_at: int | None
    closed_at: int | None


#: Whose, what it is split by, and its value.
Key = tuple[str, Kind, str]


def folded(rows: Iterable[Row]) -> Mapping[Key, Sum]:
    """The sums of a day, for the whole office and for each agency."""
    sums: dict[Key, Sum] = {}
    for row in rows:
        seen = Seen(*row)
        if seen.type == NO_REPORT:
            continue
        one = _counted(seen)
        whose = (WHOLE_OFFICE, seen.agency) if seen.agency else (WHOLE_OFFICE,)
        for kind, value in _split(seen):
            for who in whose:
                sums.setdefault((who, kind, value), Sum()).add(one)
    return sums


def _counted(seen: Seen) -> Sum:
    answered = seen.answered_at is not None
    return Sum(
        reports=1,
        answered=int(answered),
        followed=int(answered or seen.state in FOLLOWED),
        closed=int(seen.closed_at is not None),
        repeats=int(seen.relation == "same"),
    )


def _split(seen: Seen) -> Iterator[tuple[Kind, str]]:
    yield "all", NONE
    yield "channel", seen.channel
    yield "topic", seen.topic or NONE
    yield "place", (seen.place or NONE)[:DISTRICT]
    yield "agency", seen.agency or NONE
    if seen.answered_at is not None:
        yield "answer", str(step_of(seen.answered_at - seen.received_at))
    if seen.closed_at is not None:
        yield "close", str(step_of(seen.closed_at - seen.received_at))
