"""
What a channel is: the whole of what the gateway and an adapter know of each other.

A channel brings provider bytes in (`routes` or `listen`), reads them back out of the journal
(`parse`, pure) and carries an answer to the citizen (`reply`). The acknowledgement a provider sees
may only follow `Inbox.accept`, which returns after the bytes are on disk.
How to write one: channels/README.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

import msgspec
from aiohttp.web import AbstractRouteDef


class NotStored(Exception):
    """The journal could not store the message; tell the provider to send it again (503, 451)."""


class TooLarge(Exception):
    """A file is larger than the gateway keeps."""


class Secret:
    """A secret value that never shows itself; in gateway.toml its place holds the secret's name."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<secret>"


# --- bytes in ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One item of what a provider sent: its own key and the exact bytes worth keeping."""

    #: The provider's id, else a SHA-256 that is equal when the provider sends the same thing again.
    external_id: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A delivery is on disk; `new` is false when the journal already held it."""

    id: int
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a channel that pulls has read; `value` is its own word and holds nothing private."""

    #: For channels with several sources: one cursor each.
    name: str = ""
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStatus:
    """What anybody who knows a case code may see of a case, and nothing more."""

    case_code: str
    #: One of: diterima, diteruskan, ditindaklanjuti, selesai, dibatalkan.
    state: str
    received_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Which public cases somebody asks for."""

    received_from: datetime
    received_until: datetime
    #: Only these, whenever they came; the other bounds do not matter then.
    case_codes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    limit: int = 1000
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCase(PublicStatus):
    """A public case in a list: nothing of it names or describes a person."""

    topic: str | None
    agency: str | None
    place: str = ""
    point: "Point | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A kind of complaint, from config/taxonomy.toml."""

    code: str
    name: str
    keywords: tuple[str, ...] = ()


#: What is wrong with a channel as a whole, beyond a message or two; shown in `status` and metrics.
Trouble: TypeAlias = Literal["bad_credentials", "no_credit", "throttled", "conflict", "away"]


class Inbox(Protocol):
    """The gateway as one channel sees it."""

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """
        Return when every delivery is on disk; raise NotStored when that cannot be promised.

        Accepting the same external id again is harmless and answers with the first row. A cursor
        moves in the same commit, never before the deliveries it stands for.
        """

    async def cursor(self, name: str = "") -> str:
        """How far this channel has read, as it last told `accept`; "" at first."""

    async def stored(self, external_id: str) -> bytes | None:
        """The payload accepted under this id, or None; for providers that ask what we hold."""

    def case_code(self, accepted: Accepted) -> str:
        """The case code a report made of this delivery will carry."""

    async def status(self, case_code: str) -> PublicStatus | None:
        """The public status of a case, or None where no such case is known."""

    async def cases(self, wanted: CaseQuery) -> list[PublicCase]:
        """Public cases, newest first; private and confidential ones are not among them."""

    def topics(self) -> Sequence[Topic]:
        """Every kind of complaint the gateway tells apart."""

    def trouble(self, kind: Trouble | None, detail: str = "") -> None:
        """What is wrong with the channel now, or None: all is well again."""


# --- what the bytes say ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file as it came; `name` is the citizen's word for it and is never used as a path."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file the provider still holds; the gateway fetches it later with `Channel.fetch`."""

    #: The provider's handle (file id, media id, URL), opaque to all but the channel.
    key: str
    name: str = ""
    #: As the provider claims it; what it really is, its bytes tell.
    media_type: str = ""
    #: As the provider claims it, where it does.
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which piece of a longer message it is that came in several."""

    #: Equal for the parts of one message of one sender; providers reuse it after a while.
    reference: str
    number: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place on the map, WGS 84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """What a citizen said, in the words of no particular provider."""

    #: The provider's address of the person: E.164 number, mail address, user id. "" if unknown.
    sender: str
    #: As the citizen wrote it, complete.
    text: str
    #: The new words alone, where the channel can tell (mail without quoted history, signature).
    matter: str | None = None
    title: str = ""
    sent_at: datetime | None = None
    #: Opaque to all but the channel: what `reply` needs to answer. None: no answer must be sent.
    return_address: str | None = None
    name: str = ""
    #: How else the person may be reached, as they wrote it.
    contact: str = ""
    attachments: tuple[Attachment, ...] = ()
    #: Files that are yet to be fetched; the words do not wait for them.
    remote: tuple[RemoteFile, ...] = ()
    part: Part | None = None
    #: Messages of one sender with the same album are one report; nobody tells how many there are.
    album: str = ""
    #: The external id of an earlier message of this sender that this one replaces.
    edits: str = ""
    #: With `edits`: the citizen took that message back.
    withdrawn: bool = False
    #: The place in the citizen's words, where the channel asks for it apart from the text.
    place: str = ""
    point: Point | None = None
    anonymous: bool = False
    confidential: bool = False
    #: A kind of complaint the citizen or their app chose: a `Topic.code`.
    topic: str = ""
    #: The words of the post this one answers or quotes.
    context: str = ""
    #: Ids of our own replies that this message answers, newest first (`Reply.id`).
    answers: tuple[str, ...] = ()
    source_url: str = ""
    #: Short facts for the officer, such as "incomplete: part 2 of 3 is missing".
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something said in public and not to us: for the officer's monitor, not a report by itself."""

    #: The rule or feed that found it.
    source: str
    text: str
    #: As the network shows it: a handle, a newspaper's name.
    author: str = ""
    title: str = ""
    url: str = ""
    posted_at: datetime | None = None
    point: Point | None = None
    context: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """News about a reply of ours: a delivery report, a bounce."""

    reply_id: str
    delivered: bool
    #: False for steps on the way ("buffered", "delayed") that decide nothing.
    final: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Read and understood, and nothing for us: a keep-alive, an out-of-office answer."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Not what the provider promises to send; kept for a person to look at."""

    reason: str


Parsed: TypeAlias = InboundMessage | Signal | DeliveryReport | Ignored | Unreadable


# --- an answer out -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something a citizen can press instead of typing; channels without buttons leave it out."""

    label: str
    #: What pressing it says to us, at most 60 bytes: "ANONIM 7K3M9QW2X". "" asks for the location.
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to a citizen; `id` stays the same however often it is tried."""

    id: str
    #: The `return_address` of the message that is answered.
    to: str
    text: str
    #: One line for channels that have a subject.
    subject: str = ""
    case_code: str = ""
    #: What it is about: receipt, status, help, question, update, …
    kind: str = ""
    buttons: tuple[Button, ...] = ()
    #: When the person last wrote to us on this channel, and what the clock says now: some
    #: providers let us answer for a day only.
    heard_at: datetime | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Done; `reference` is the other side's word for it, if it gave one."""

    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Nothing has happened over there; try again, not before `wait` seconds if that is told."""

    reason: str
    wait: float | None = None
    #: Set where the whole channel must wait, not this item alone: it uses up no attempt.
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It will never be taken like this: a person must look."""

    reason: str
    #: The person cannot be reached here (blocked us, window closed): another way may be tried.
    unreachable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """The request left and no answer came: it may or may not have happened."""

    reason: str


Outcome: TypeAlias = Receipt | TryLater | Refused | Uncertain


# --- the channel itself ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One citizen message as `lapor-gateway send` played it."""

    external_id: str
    #: The provider-side answer in one line, such as "200 OK" or "250 2.0.0 stored".
    answer: str
    accepted: bool


class Sink(Protocol):
    """Where the bytes of a file go while they arrive."""

    async def write(self, chunk: bytes, /) -> None:
        """Take the next bytes; raises TooLarge beyond the gateway's cap."""


class Channel:
    """
    One door; subclasses override what their provider needs and leave the rest.

    The constructor connects to nothing. `key` is 32 secret bytes that belong to this channel alone
    and survive restarts: for reply tokens, form tokens and the like.
    """

    name: ClassVar[str]
    #: A frozen, keyword-only msgspec.Struct with a default for every field.
    Options: ClassVar[type[msgspec.Struct]]
    #: An invented sender for `simulate`, of the kind this channel has.
    example_sender: ClassVar[str] = ""
    #: Whether it works without an account somewhere; others are off until their section says
    #: `enabled = true`.
    embedded: ClassVar[bool] = False
    #: Whether people talk here: buttons are shown, one question may be asked, words follow a photo.
    chats: ClassVar[bool] = False
    #: Whether the same sender is the same person; forms and feeds do not know who writes.
    knows_sender: ClassVar[bool] = True
    #: Whether nobody can write under another one's address, as anybody can in a mail.
    proves_sender: ClassVar[bool] = True
    #: Whether the other side knows `Reply.id`, so that sending an answer again does no harm.
    idempotent: ClassVar[bool] = False
    #: Whether its messages may name files that `fetch` must get.
    fetches: ClassVar[bool] = False

    def __init__(self, options: Any, key: bytes) -> None:  # noqa: ANN401 (each channel narrows it)
        raise NotImplementedError

    def parse(self, payload: bytes) -> Parsed:
        """Read journal bytes; pure, and total: any bytes give a value, never an exception."""
        raise NotImplementedError

    def routes(self, inbox: Inbox) -> Sequence[AbstractRouteDef]:
        """The public HTTP routes of this channel, all below /in/<name> (the web form: /lapor)."""
        del inbox
        return ()

    async def listen(self, inbox: Inbox) -> None:
        """Run until cancelled, for channels that pull or bring a listener of their own."""
        del inbox

    def listening_on(self) -> Sequence[str]:
        """Addresses `listen` opens, for the banner, `check` and readiness: "127.0.0.1:2525"."""
        return ()

    def banner(self, public: str) -> Sequence[str]:
        """Lines for the start banner: one to paste for each way in; `public` is a base URL."""
        del public
        return ()

    def keeps(self) -> bool:
        """Whether `reply` has no way out now and only keeps answers, which may be done again."""
        return False

    async def reply(self, reply: Reply) -> Outcome:
        """Send one answer; called at least once, never twice at a time for one address."""
        raise NotImplementedError

    def reach(self, contact: str) -> str | None:
        """A return address for a contact somebody gave elsewhere; None where it is not of ours."""
        del contact
        return None

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Get a file one of our messages named; called again until it comes or is refused."""
        raise NotImplementedError

    def status(self, cursors: Mapping[str, str]) -> Sequence[str]:
        """Lines for `lapor-gateway status`, told from the cursors: what was read, what it cost."""
        del cursors
        return ()

    def problems(self) -> Sequence[str]:
        """Sentences for `lapor-gateway check`: what this channel's settings leave undone."""
        return ()

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Play a citizen and the provider: send one correctly signed message to the gateway."""
        raise NotImplementedError

    def reload(self, options: Any) -> None:  # noqa: ANN401 (each channel narrows it)
        """Take new secrets and limits while running; addresses stay until a restart."""
        del options

    async def close(self) -> None:
        """Let go of connections."""
