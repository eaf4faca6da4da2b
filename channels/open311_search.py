"""
What GET requests asks for: at most 90 days and 1000 requests, whichever is less.

Ids override the rest. A time needs its zone; `+07:00` in an address that nobody encoded comes as
a blank and is read as it was meant.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType

from channels.contract import CaseQuery
from channels.open311_answer import Fault
from channels.open311_fields import Pairs, first, listed

MOST = 1000
DAYS = timedelta(days=90)
STATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "open": ("diterima", "diteruskan", "ditindaklanjuti"),
        "closed": ("selesai", "diarsipkan", "dibatalkan"),
    }
)

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[ +-]\d\d:?\d\d))?",
    re.ASCII | re.IGNORECASE,
)
# Nothing was reported outside of them, and at the ends of the calendar 90 days are too many.
_YEARS = range(1900, 2200)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when until when."""

    start: datetime
    end: datetime


def search_of(pairs: Pairs, now: datetime) -> CaseQuery | list[Fault]:
    """The cases a client asks for, or what is wrong with the question."""
    ids = listed(pairs, "service_request_id")
    if ids:
        return CaseQuery(
            received_from=now - DAYS, received_until=now, case_codes=ids[:MOST], limit=MOST
        )
    faults: list[Fault] = []
    span = span_of(pairs, now, faults)
    wanted = _states(pairs, faults)
    page, size = _count(pairs, "page", 1, faults), _count(pairs, "page_size", MOST, faults)
    size = min(size, MOST)
    if faults:
        return faults
    return CaseQuery(
        received_from=span.start,
        received_until=span.end,
        topics=listed(pairs, "service_code"),
        states=wanted,
        limit=size,
        offset=(page - 1) * size,
    )


def span_of(pairs: Pairs, now: datetime, faults: list[Fault]) -> Span:
    """`start_date` to `end_date`; what is wrong with them is added to `faults`."""
    start, end = _moment(pairs, "start_date", faults), _moment(pairs, "end_date", faults)
    if start and end and end - start > DAYS:
        faults.append(_bad("start_date and end_date may not span more than 90 days"))
    if start and end and end < start:
        faults.append(_bad("end_date is before start_date"))
    # One of them alone opens 90 days on its side of it.
    until = end or (min(start + DAYS, now) if start else now)
    return Span(start=start or until - DAYS, end=until)


def _states(pairs: Pairs, faults: list[Fault]) -> tuple[str, ...]:
    asked = [status.lower() for status in listed(pairs, "status")]
    if any(status not in STATES for status in asked):
        faults.append(_bad("status must be open, closed or both"))
    return tuple(state for status in asked for state in STATES.get(status, ()))


def _count(pairs: Pairs, name: str, usual: int, faults: list[Fault]) -> int:
    written = first(pairs, name) or str(usual)
    value = int(written) if _NUMBER.fullmatch(written) else 0
    if value < 1:
        faults.append(_bad(f"{name} must be a whole number from 1"))
    return max(value, 1)


def _moment(pairs: Pairs, name: str, faults: list[Fault]) -> datetime | None:
    written = first(pairs, name)
    if not written:
        return None
    moment = _read(written)
    if moment is None:
        faults.append(_bad(f"{name} must be a time with its zone, such as 2026-01-03T08:30:00Z"))
    return moment


def _read(written: str) -> datetime | None:
    if not _MOMENT.fullmatch(written):
        return None
    day, rest = written[:10], written[11:].upper().replace(" ", "+")
    try:
        moment = datetime.fromisoformat(f"{day}T{rest}" if rest else day)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.year in _YEARS else None


def _bad(why: str) -> Fault:
    return Fault(code=HTTPStatus.BAD_REQUEST, description=why)
