"""One thing that was said in public, as the monitor keeps it in memory; nothing of it is stored."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from gateway.monitor.glance import Glance
from normalizer.report import Complaint


class Subject(NamedTuple):
    """What may be said more often than usual: a word, or a place by its Kemendagri code."""

    kind: Literal["word", "place"]
    value: str


@dataclass(slots=True, kw_only=True)
class Item:
    """A signal, or a report that everybody can read."""

    #: "s12" is a signal, "r…" a record.
    name: str
    channel: str
    #: The rule or feed that found it; "" for a mention of ours.
    source: str
    #: When we got it, in milliseconds.
    at: int
    posted_at: datetime | None = None
    #: Tells authors apart; a pseudonym where it is a report.
    sender: str
    #: As the network shows it; "" for reports, whose authors are nobody's business here.
    author: str = ""
    title: str = ""
    text: str
    url: str = ""
    seen: Glance = field(default_factory=Glance)
    #: Of reports: whose it is, and by which number it is known.
    agency: str | None = None
    case_code: str = ""
    record_id: str | None = None
    revision: int = 0
    #: A person said that it is none of ours.
    hidden: bool = False

    @property
    def number(self) -> int | None:
        """Of a signal: its number."""
        return int(self.name[1:]) if self.name.startswith("s") else None

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it tells of."""
        found = {Subject("word", word) for word in self.seen.words}
        if self.seen.place_code:
            found.add(Subject("place", self.seen.place_code))
        return frozenset(found)

    @property
    def complaint(self) -> Complaint:
        """As it is compared with others."""
        return Complaint(
            text=self.seen.clean_text,
            place=self.seen.place_name,
            code=self.seen.place_code,
            topic=self.seen.topic,
            at=self.posted_at,
        )
