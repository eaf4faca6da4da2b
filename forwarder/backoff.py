"""
How long to wait before the next attempt; pure, chance and time are arguments.

Waits double from `base` to `cap`, half fixed and half by chance, so that what failed together does
not come back together. What the other side asks for (`Retry-After`, RFC 9110 section 10.2.3) is a
minimum, up to `told_cap`: a broken server must not send us away for a year.
"""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Annotated

import msgspec

# 2^30 times any base is above every cap; a larger exponent would only make huge numbers.
MAX_DOUBLINGS = 30
# A told wait is lengthened by up to a tenth, so that queues do not wake together.
TOLD_SPREAD = 0.1

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of section [outbox]; all times in seconds."""

    #: Wait after the first failure; it doubles with each further one, up to `cap`.
    base: Seconds = 1.0
    cap: Seconds = 300.0
    #: The longest wait another side may ask for.
    told_cap: Seconds = 3600.0
    #: Attempts before a row is parked; 0: never, since a store may be down for days.
    attempts: Annotated[int, msgspec.Meta(ge=0)] = 0
    #: How long a reply that may have been sent waits for a delivery report.
    uncertain_wait: Seconds = 600.0
    #: A worker that has not settled a row after this time is taken for dead.
    lease: Seconds = 60.0
    #: Rows per call for stores that take many at once.
    batch: Count = 256
    #: Deliveries at the same time for targets that take one at a time.
    in_flight: Count = 16
    #: Failures in a row after which a target is left alone for a while.
    threshold: Count = 5
    #: How often to look for due rows when nobody says there are some.
    poll: Seconds = 0.25
    #: How long a stopping worker waits for answers that are on their way.
    grace: Seconds = 10.0


def wait_after(policy: Policy, failures: int, chance: float, told: float | None = None) -> float:
    """Seconds until the next attempt after `failures` failures; `chance` is from 0 to 1."""
    doublings = min(max(failures - 1, 0), MAX_DOUBLINGS)
    longest = min(policy.cap, policy.base * 2.0**doublings)
    own = longest * (0.5 + chance / 2)
    if told is None:
        return own
    least = min(max(told, 0.0), policy.told_cap)
    return max(own, least * (1 + TOLD_SPREAD * chance))


def retry_after(header: str, now: float) -> float | None:
    """
    What a `Retry-After` header asks for in seconds, or None when it says nothing sensible.

    `now` is the Unix time; a date in the past means at once.
    """
    value = header.strip()
    if value.isascii() and value.isdigit():
        return float(value)  # int() would refuse some thousand digits; this is infinite then
    try:
        date = parsedate_to_datetime(value)
        # asctime dates and "-0000" come without a zone; HTTP knows only GMT.
        until = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0.0, until - now)
