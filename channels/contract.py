"""
What a channel is: the whole of what the gateway and an adapter know of each other.

A channel brings provider bytes in (`routes` or `listen`), reads them back out of the journal
(`parse`, pure) and carries an answer to the citizen (`reply`). The acknowledgement a provider sees
may only follow `Inbox.accept`, which returns after the bytes are on disk.
How to write one: channels/README.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec
from aiohttp.web import AbstractRouteDef


class NotStored(Exception):
    """The journal could not store the message; tell the provider to send it again (503, 451)."""


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
class PublicStatus:
    """What anybody who knows a case code may see of a case, and nothing more."""

    case_code: str
    #: One of: diterima, diteruskan, ditindaklanjuti, selesai.
    state: str
    received_at: datetime
    updated_at: datetime


class Inbox(Protocol):
    """The gateway as one channel sees it."""

    async def accept(self, deliveries: Sequence[Delivery]) -> list[Accepted]:
        """
        Return when every delivery is on disk; raise NotStored when that cannot be promised.

        Accepting the same external id again is harmless and answers with the first row.
        """

    def case_code(self, accepted: Accepted) -> str:
        """The case code a report made of this delivery will carry."""

    async def status(self, case_code: str) -> PublicStatus | None:
        """The public status of a case, or None where no such case is known."""


# --- what the bytes say ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file as it came; `name` is the citizen's word for it and is never used as a path."""

    name: str
    media_type: str
    content: bytes


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
    part: Part | None = None
    #: The place in the citizen's words, where the channel asks for it apart from the text.
    place: str = ""
    point: Point | None = None
    anonymous: bool = False
    confidential: bool = False
    #: Ids of our own replies that this message answers, newest first (`Reply.id`).
    answers: tuple[str, ...] = ()
    source_url: str = ""
    #: Short facts for the officer, such as "incomplete: part 2 of 3 is missing".
    remarks: tuple[str, ...] = ()


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


Parsed: TypeAlias = InboundMessage | DeliveryReport | Ignored | Unreadable


# --- an answer out -----------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Done; `reference` is the other side's word for it, if it gave one."""

    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Nothing has happened over there; try again, not before `wait` seconds if that is told."""

    reason: str
    wait: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It will never be taken like this: a person must look."""

    reason: str


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

    async def reply(self, reply: Reply) -> Outcome:
        """Send one answer; called at least once, never twice at a time for one address."""
        raise NotImplementedError

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
