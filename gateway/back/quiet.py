"""The hours in which nobody is woken for news that can wait; pure."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated

import msgspec

TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
ClockTime = Annotated[str, msgspec.Meta(pattern=TIME)]


def quiet_until(now: int, begin: str, end: str, utc_hours: int) -> int | None:
    """
    When the quiet hours end in which `now` lies; None where it lies in none.

    `begin` and `end` are "HH:MM" on a clock that is `utc_hours` ahead of UTC; equal ones mean that
    there are no quiet hours.
    """
    if begin == end:
        return None
    local = datetime.fromtimestamp(now / 1000, UTC) + timedelta(hours=utc_hours)
    first, last = time.fromisoformat(begin), time.fromisoformat(end)
    over_midnight = first > last
    clock = local.time()
    inside = (clock >= first or clock < last) if over_midnight else first <= clock < last
    if not inside:
        return None
    tomorrow = over_midnight and clock >= first
    over = datetime.combine(local.date() + timedelta(days=tomorrow), last, tzinfo=UTC)
    return int((over - timedelta(hours=utc_hours)).timestamp() * 1000)
