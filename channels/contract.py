"""
What a channel is: the whole of what the gateway and an adapter know of each other.

A channel brings provider bytes in (`routes`, `listen`, `pull`), reads them back out of the journal
(`parse`, pure) and carries an answer to the citizen (`reply`). The acknowledgement a provider sees
may only follow `Inbox.accept`, which returns after the bytes are on disk.
How bytes come in: contract_inbox. What they say: contract_said. Answers: contract_answers. All of
it is imported from here. How to write a channel: channels/README.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

import msgspec
from aiohttp.web import AbstractRouteDef

from channels.contract_answers import (
    Button,
    Outcome,
    Receipt,
    Refused,
    Reply,
    TryLater,
    Uncertain,
)
from channels.contract_inbox import (
    Accepted,
    CaseQuery,
    Cursor,
    Delivery,
    Inbox,
    NotStored,
    PublicCase,
    PublicStatus,
    PublicStep,
    Topic,
    Trouble,
)
from channels.contract_said import (
    Attachment,
    DeliveryReport,
    Ignored,
    InboundMessage,
    Parsed,
    Part,
    Point,
    RemoteFile,
    Signal,
    Unreadable,
)
from channels.posted import QuickDoor

__all__ = [
    "Accepted",
    "Attachment",
    "Button",
    "CaseQuery",
    "Channel",
    "Cursor",
    "Delivery",
    "DeliveryReport",
    "Ignored",
    "InboundMessage",
    "Inbox",
    "NotStored",
    "Outcome",
    "Parsed",
    "Part",
    "Point",
    "PublicCase",
    "PublicStatus",
    "PublicStep",
    "Receipt",
    "Refused",
    "RemoteFile",
    "Reply",
    "Secret",
    "Signal",
    "Simulated",
    "Sink",
    "TooLarge",
    "Topic",
    "Trouble",
    "TryLater",
    "Uncertain",
    "Unreadable",
]


class TooLarge(Exception):
    """A file is larger than the gateway keeps."""


class Secret:
    """A secret value that never shows itself; in gateway.toml its place holds the secret's name."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<secret>"


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
    #: Whether an external id tells who wrote: a chat's number, a telephone, a public post.
    ids_tell: ClassVar[bool] = False
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

    def quick(self, inbox: Inbox) -> Mapping[str, QuickDoor]:
        """Of the routes, by path: where a POST that came in one piece needs no request object."""
        del inbox
        return {}

    async def listen(self, inbox: Inbox) -> None:
        """Run until cancelled, for channels that bring a listener of their own."""
        del inbox

    def pulls(self) -> bool:
        """Whether `pull` has anything to do, by the settings."""
        return False

    async def pull(self, inbox: Inbox) -> None:
        """
        Ask the provider until cancelled; of several processes one at a time does.

        What it stores with a cursor is refused (NotStored) once another process does it.
        """
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

    def open_until(self, heard_at: datetime) -> datetime | None:
        """When somebody who wrote then can be answered here no more; None: they always can."""
        del heard_at
        return None

    def cost(self, text: str) -> int:
        """What sending this costs, in the units this channel is billed in; 0: nothing."""
        del text
        return 0

    def shown(self, reply: Reply) -> Sequence[str]:
        """What the citizen gets to read, message by message: split or cut as it is sent."""
        return (reply.text,)

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
