"""
Comparing messages outside the gateway: two at a time, or a stream against what came before.

For the command `match` and for measuring. The index is kept in memory here; in the gateway it is
the table `fingerprints`, asked with the same keys and ranked in the same way.
"""

from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import msgspec

from channels.contract import InboundMessage
from gateway.filtering import Said
from gateway.fingerprints import MOST_OF_A_KEY, ranked
from normalizer.fingerprint import Fingerprints
from normalizer.match import Verdict, compare, match
from normalizer.normalize import complaint
from normalizer.report import Complaint, Neighbour
from normalizer.rules import Rules
from normalizer.understand import understand

# Names of villages stand for codes where whoever asks gives names; as long as a village's code.
_CODE_LENGTH = 13


class Message(Said, frozen=True, kw_only=True):
    """A message as it may be given; fields that are not named here are passed over."""

    id: str | int | None = None
    kelurahan: str | None = None
    kecamatan: str | None = None
    topic: str | None = None
    submitted_at: datetime | None = None


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two messages that may be about the same."""

    a: Message
    b: Message


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message of a stream belongs."""

    id: str | int
    cluster: str | int
    relation: Literal["same", "related", "none"]
    #: The message it repeats or belongs to.
    of: str | int | None = None
    score: float = 0.0
    why: tuple[str, ...] = ()
    #: How many messages its cluster holds by now.
    volume: int = 1


def said(message: Message, rules: Rules) -> Complaint:
    """What is compared of a message."""
    inbound = InboundMessage(
        sender="",
        text=message.text,
        title=message.title or "",
        place=message.address or "",
        topic=message.topic or "",
    )
    found = understand(inbound, rules)
    sent = message.sent_at or message.submitted_at
    at = sent.replace(tzinfo=UTC) if sent and sent.tzinfo is None else sent
    compared = complaint(
        found.clean_text, found.place, message.topic or found.judged.topic.value, at
    )
    if message.kelurahan:
        name = f"{message.kecamatan or ''}/{message.kelurahan}".casefold()
        return replace(compared, code=name.ljust(_CODE_LENGTH))
    return compared


def compare_two(one: Message, other: Message, rules: Rules) -> Verdict:
    """What two messages are to each other."""
    if not (one.kelurahan and other.kelurahan):  # a name cannot be compared with a code
        one, other = (msgspec.structs.replace(each, kelurahan=None) for each in (one, other))
    mine = bool(one.sender) and one.sender == other.sender
    return compare(said(one, rules), said(other, rules), same_sender=mine)


@dataclass(slots=True)
class _Known:
    """A message of the stream."""

    complaint: Complaint
    sender: str | None
    cluster: int


class Index:
    """Messages one after the other, each compared with those before it."""

    def __init__(self) -> None:
        self._fingerprints = Fingerprints(b"")
        self._known: list[_Known] = []
        self._names: list[str | int] = []
        self._by_key: dict[int, deque[int]] = {}
        self._sizes: dict[int, int] = {}
        #: Clusters that became part of another.
        self._parts: dict[int, int] = {}

    def place(self, message: Message, rules: Rules) -> Placed:
        """Where a message belongs, and remember it."""
        complaint_, number = said(message, rules), len(self._known)
        name = number if message.id is None else message.id
        keys = (
            *self._fingerprints.of_words(complaint_.text),
            *self._fingerprints.of_incident(complaint_.code, complaint_.topic),
        )
        found = match(complaint_, [self._neighbour(n, message) for n in ranked(keys, self._by_key)])
        same = found is not None and found.relation == "same"
        cluster = self._join(found.cluster, found.joins) if found and same else number
        self._sizes.setdefault(cluster, 1)
        self._known.append(_Known(complaint_, message.sender, cluster))
        self._names.append(name)
        for key in keys:
            self._by_key.setdefault(key, deque(maxlen=MOST_OF_A_KEY)).appendleft(number)
        if found is None:
            return Placed(id=name, cluster=name, relation="none")
        return Placed(
            id=name,
            cluster=self._names[cluster],
            relation=found.relation,
            of=self._names[int(found.of)],
            score=found.score,
            why=found.why,
            volume=self._sizes[cluster],
        )

    def cluster_of(self, name: str | int) -> str | int:
        """The cluster a message belongs to by now."""
        known = self._known[self._names.index(name)]
        return self._names[self._whole(known.cluster)]

    def _neighbour(self, number: int, message: Message) -> Neighbour:
        known = self._known[number]
        cluster = self._whole(known.cluster)
        return Neighbour(
            record_id=str(number),
            cluster=str(cluster),
            same_sender=bool(message.sender) and message.sender == known.sender,
            said=known.complaint,
            volume=self._sizes[cluster],
        )

    def _join(self, name: str, joins: tuple[str, ...]) -> int:
        cluster = int(name)
        for part in map(int, joins):
            self._sizes[cluster] += self._sizes.pop(part)
            self._parts[part] = cluster
        self._sizes[cluster] += 1
        return cluster

    def _whole(self, cluster: int) -> int:
        while cluster in self._parts:
            cluster = self._parts[cluster]
        return cluster
