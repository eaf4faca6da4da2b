"""One message's turn through the pipeline: what is asked, what was known, what is to be written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from forwarder.outbox import Entry
from gateway.assembly import Ready
from gateway.records import Status, Stored, Written
from gateway.work import Settled
from normalizer.report import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What must be read from the database before a message can be recorded."""

    ready: Ready
    record_id: str
    #: The matter, made readable; "" for a command.
    clean_text: str
    keys: tuple[int, ...]
    command: Command | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the database knew about one message."""

    existing: tuple[int, Stored] | None
    neighbours: Sequence[Stored]
    status: Status | None
    #: Automatic answers this sender got within the last hour.
    answers: int


@dataclass(slots=True, kw_only=True)
class Made:
    """What one commit writes for a batch of messages."""

    settled: list[Settled] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the gateway answers, from the settings."""

    centrals: tuple[str, ...]
    #: Milliseconds a receipt waits for the central store's own.
    receipt_patience: int
    replies_per_hour: int
    share_identity: bool
