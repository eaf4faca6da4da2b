"""A batch of journal rows on its way through the pipeline, and small questions about its rows."""

import asyncio
from collections.abc import Awaitable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

import msgspec

from channels.contract import DeliveryReport, Ignored, InboundMessage, Signal, Unreadable
from gateway.assembly import PartSeen, is_piece
from gateway.reading import Opened
from gateway.turn import Context, Inquiry
from gateway.work import Settled
from gateway.workshop import Seat

T = TypeVar("T")
U = TypeVar("U")


class Batch(msgspec.Struct, frozen=True):
    """Rows that were read together, and what must be looked up for the whole messages of them."""

    opened: Sequence[Opened] = ()
    inquiries: Sequence[Inquiry] = ()
    #: Where they were read, and what they say is kept.
    seat: Seat | None = None

    def without(self, ids: AbstractSet[int]) -> "Batch":
        """The same, but for rows that came to their end with an earlier batch."""
        return Batch(
            opened=[row for row in self.opened if row.row.id not in ids],
            inquiries=[asked for asked in self.inquiries if asked.id not in ids],
            seat=self.seat,
        )


class Known(msgspec.Struct, frozen=True):
    """A batch that was looked up, as far as its messages can be decided on side by side."""

    opened: Sequence[Opened] = ()
    seen: Sequence[PartSeen] = ()
    #: The journal rows that name the messages, and what was known of each.
    rows: Sequence[int] = ()
    contexts: Sequence[Context] = ()
    #: What must come after the others' commit.
    later: Sequence[Inquiry] = ()
    seat: Seat | None = None


def is_part(opened: Opened) -> bool:
    """Whether a row holds a piece of a message."""
    return isinstance(opened.said, InboundMessage) and is_piece(opened.said)


def is_in(piece: PartSeen, inquiries: Sequence[Inquiry]) -> bool:
    """Whether one of the messages is made of this piece."""
    return any(piece.row.id in asked.ids for asked in inquiries)


def end_of(opened: Opened) -> Settled:
    """How a row ends that holds no message."""
    match opened.said:
        case DeliveryReport(delivered=delivered):
            reason = f"delivery report: {'delivered' if delivered else 'not delivered'}"
            return Settled(id=opened.row.id, state="ignored", reason=reason)
        case Signal():
            return Settled(id=opened.row.id, state="ignored", reason="signal")
        case Ignored(reason=reason):
            return Settled(id=opened.row.id, state="ignored", reason=reason)
        case Unreadable(reason=reason):
            return Settled(id=opened.row.id, state="parked", reason=f"unreadable: {reason}")
    raise AssertionError(opened.said)


async def both(one: Awaitable[T], other: Awaitable[U]) -> tuple[T, U]:
    """The results of two things done side by side; both have ended when one's error is raised."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


async def first(*events: asyncio.Event, within: float) -> None:
    """Return when one of the events is set, or after so many seconds."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
