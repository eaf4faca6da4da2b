"""
How bytes come in: what a channel hands over, and the gateway as the channel sees it.

Part of `channels.contract`, which is what to import.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import msgspec

from channels.contract_said import InboundMessage, Point


class NotStored(Exception):
    """The journal could not store the message; tell the provider to send it again (503, 451)."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item of what a provider sent: its own key and the exact bytes worth keeping."""

    #: The provider's id, else a SHA-256 that is equal when the provider sends the same thing again.
    external_id: str
    payload: bytes


class Accepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
class PublicStep:
    """One thing that happened to a case, without what was said."""

    at: datetime
    #: A state, or answer, question, transfer.
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStatus:
    """What anybody who knows a case code may see of a case, and nothing more."""

    case_code: str
    #: One of: diterima, diteruskan, ditindaklanjuti, selesai, diarsipkan, dibatalkan.
    state: str
    received_at: datetime
    updated_at: datetime
    #: What happened since, oldest first; lists of cases leave it out.
    steps: tuple[PublicStep, ...] = ()


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
    point: Point | None = None


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

    def begin(self, delivery: Delivery) -> asyncio.Future[Accepted]:
        """
        As `accept` of one delivery, for who needs no task to wait: done when it is on disk.

        Its exception is NotStored; raises that at once where nothing is taken now.
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

    def self_told(self, message: InboundMessage) -> Sequence[str]:
        """
        What an anonymous message tells of who wrote it, by its kinds, such as "phone" and "name".

        For a channel whose citizens can still change it. Nothing is stored and nothing asked.
        """

    def trouble(self, kind: Trouble | None, detail: str = "") -> None:
        """What is wrong with the channel now, or None: all is well again."""
