"""One message's turn through the pipeline: what is asked, what was known, what is to be written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import field

from channels.contract import RemoteFile
from channels.registry import CHANNELS
from forwarder.outbox import Entry
from forwarder.routing import Routes
from gateway.assembly import Ready
from gateway.back.timeline import Kept
from gateway.members import Part
from gateway.questions import Open
from gateway.records import Stored, Written
from gateway.work import Claimed, Settled
from normalizer.dialog_talk import Conversation
from normalizer.report import Command
from normalizer.understand import Understood

#: Where people chat: a photo first and the words after it, buttons, and a question costs nothing.
CHATS = frozenset(channel.name for channel in CHANNELS if channel.chats)
#: Where the sender's address is typed by whoever fills a form in, or by an officer.
FORMS = frozenset(channel.name for channel in CHANNELS if not channel.knows_sender)
#: Where anybody can write another's address as sender.
FORGED = frozenset(channel.name for channel in CHANNELS if not channel.proves_sender)


class Inquiry(msgspec.Struct, frozen=True):
    """
    What must be read from the database before a message can be recorded.

    It goes to the process that has the database; what the message says stays with the craft.
    """

    #: The journal rows of the message; the first one names it.
    ids: tuple[int, ...]
    record_id: str
    lane: str
    channel: str
    received_at: int
    #: `Claimed.state`.
    state: str
    sender: str
    edits: str
    answers: tuple[str, ...]
    #: What is looked for among earlier records; None: not at all.
    keys: tuple[int, ...] | None
    command: Command | None
    #: A report, unless its sender was asked something or has something waiting.
    plain: bool

    @property
    def id(self) -> int:
        """The journal row that names the message."""
        return self.ids[0]


class Question(msgspec.Struct, frozen=True):
    """A whole message, and what it is looked up by."""

    ready: Ready
    record_id: str
    #: What the matter says; None for a command.
    understood: Understood | None
    keys: tuple[int, ...]
    command: Command | None
    #: As in `Inquiry`.
    plain: bool

    @property
    def inquiry(self) -> Inquiry:
        """What the database is asked."""
        row, message = self.ready.row, self.ready.message
        return Inquiry(
            ids=self.ready.ids,
            record_id=self.record_id,
            lane=self.ready.lane,
            channel=row.channel,
            received_at=row.received_at,
            state=row.state,
            sender=message.sender,
            edits=message.edits,
            answers=message.answers,
            keys=self.keys if self.understood else None,
            command=self.command,
            plain=self.plain,
        )


class Target(msgspec.Struct, frozen=True):
    """A report a message may belong to."""

    revision: int
    stored: Stored
    #: The messages it is made of; empty where only its content is of interest.
    parts: Sequence[Part] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What the gateway remembers of a sender, for the dialog to decide on."""

    conversation: Conversation
    targets: Mapping[str, Target]
    #: Their messages that wait.
    waiting: Sequence[Claimed]
    #: When to look again, where a message is to wait.
    hold_until: int
    #: What happened to the case whose state is asked for.
    steps: Sequence[Kept] = ()
    #: Codes of their cases that are held, where they want to be forgotten.
    held: Sequence[str] = ()


class Context(msgspec.Struct, frozen=True):
    """What the database knew about one message."""

    #: The record this message became before.
    existing: Target | None
    neighbours: Sequence[Stored]
    #: Automatic answers this sender got within the last hour.
    answers: int
    #: None: nothing that matters to a plain report.
    talk: Talk | None = None


class Turn(msgspec.Struct, frozen=True):
    """A message's turn: what it says, what was known, and when that is, in milliseconds."""

    question: Question
    context: Context
    now: int


class Fetch(msgspec.Struct, frozen=True):
    """A file of a record the provider still holds."""

    record_id: str
    channel: str
    file: RemoteFile


class Forgotten(msgspec.Struct, frozen=True):
    """A sender who wants to be erased, and the row that says so."""

    lane: str
    row: int
    #: How many of their cases are held, as they are told.
    held: int


class Hidden(msgspec.Struct, frozen=True):
    """An anonymous report, and what stands for its sender from now on."""

    record_id: str
    lane: str


class Heard(msgspec.Struct, frozen=True):
    """What a citizen said about a case after it was reported, sealed."""

    record_id: str
    #: Of the message: unique and lasting.
    comment_id: str
    at: int
    #: comment, solved or unsolved.
    kind: str
    #: `forwarder.update.Comment` as JSON and its data key.
    sealed: tuple[bytes, bytes]
    #: The stores that get it as a comment, those of them that have the record.
    stores: tuple[str, ...] = ()


class Effects(msgspec.Struct):
    """What a dialog changes beside records and answers."""

    asked: list[Open] = field(default_factory=list)
    #: Senders who answered their question.
    closed: list[str] = field(default_factory=list)
    #: Records with a new public state.
    moved: list[tuple[str, str]] = field(default_factory=list)
    forgotten: list[Forgotten] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    #: Senders who want no notices, or want them again.
    silenced: list[tuple[str, bool]] = field(default_factory=list)

    def add(self, other: "Effects") -> None:
        """Those of another message as well."""
        self.asked += other.asked
        self.closed += other.closed
        self.moved += other.moved
        self.forgotten += other.forgotten
        self.hidden += other.hidden
        self.heard += other.heard
        self.silenced += other.silenced


class Made(msgspec.Struct):
    """What one commit writes for a batch of messages."""

    settled: list[Settled] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    fetches: list[Fetch] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the gateway answers, from the settings."""

    #: Where records go.
    centrals: Routes
    #: Milliseconds a receipt waits for the central store's own.
    receipt_patience: int
    replies_per_hour: int
    share_identity: bool
    #: Channels where a report without a place is answered with a question.
    asks: frozenset[str] = CHATS
    #: Stores that take what is said about a case later as comments.
    commented: tuple[str, ...] = ()
    #: How far the office's clock is ahead of UTC.
    utc_hours: int = 7
