"""
What the bytes say: the values `Channel.parse` gives.

Part of `channels.contract`, which is what to import.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


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
