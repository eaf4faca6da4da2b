"""
JSON lines in, JSON lines out: what the filters `normalize` and `match` have in common.

One line out for each line in, in their order, so that both can be laid side by side. A line that
cannot be read gives `{"error": …}` in its place and harms no other.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from channels.contract import InboundMessage
from normalizer.report import Report

S = TypeVar("S")

#: A mail of 10 MiB with every character escaped still fits.
MOST_BYTES = 64 * 2**20
# So that the same line gives the same record whenever it is asked.
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint as `normalize` and `match` are given it; other fields are passed over."""

    text: str
    channel: str = "web"
    sent_at: datetime | None = None
    #: The place in words of its own.
    address: str | None = None
    title: str | None = None
    #: The Kemendagri code of the area whose office is asked, such as "36.03".
    tenant: str | None = None
    #: Whoever said it, in any stable form: only compared.
    sender: str | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in place of an answer."""

    error: str


def filtered(
    lines: Iterable[bytes], shape: type[S], answer: Callable[[S], object]
) -> Iterator[tuple[bytes, bool]]:
    """Each line's answer, ready to be written, and whether it is one; empty lines are skipped."""
    decoder = msgspec.json.Decoder(shape)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            said = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            yield _encode(Failure(error=f"line {number}: {exc}")) + b"\n", False
        else:
            yield _encode(answer(said)) + b"\n", True


def report_of(said: Said) -> Report:
    """The report of a complaint nobody has sent: without code, number or sender's pseudonym."""
    return Report(
        message=InboundMessage(
            sender=said.sender or "",
            text=said.text,
            title=said.title or "",
            place=said.address or "",
            sent_at=said.sent_at,
        ),
        record_id="",
        case_code="",
        channel=said.channel,
        external_id="",
        received_at=said.sent_at or _NO_TIME,
        pseudonym="",
    )
