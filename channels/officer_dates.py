"""Dates as Indonesian offices write them; without a zone they are the office's own time."""

import re
from datetime import UTC, datetime, timedelta, timezone

WIB_HOURS = 7

_MONTHS = {
    name[:3]: number
    for number, names in enumerate(
        ("januari january", "februari february pebruari", "maret march", "april", "mei may", "juni",
         "juli", "agustus august agt", "september", "oktober october", "november nopember",
         "desember december"), 1)
    for name in names.split()
}  # fmt: skip
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})\b(.*)", re.ASCII)
_NAMED = re.compile(r"(?:[a-z']+,\s*)?(\d{1,2})[\s\-]([a-z]{3,9})[\s\-](\d{4})\b(.*)")
_CLOCK = re.compile(
    r"\D*?(\d{1,2})[.:](\d{2})(?:[.:](\d{2}))?(?:\.\d+)?(?:\s*(wib|wita|wit|z))?\W*"
)
_ZONES = {"wib": 7, "wita": 8, "wit": 9, "z": 0}
_YEARS = range(1990, 2100)


def read_date(written: str, hours: int = WIB_HOURS) -> datetime | None:
    """The moment, UTC, or None; `hours` is the office's own distance from UTC."""
    text = " ".join(written.lower().split())
    moment = _iso(text) or _spelled(text, hours)
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    return aware.astimezone(UTC) if aware.year in _YEARS else None


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d", text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def _spelled(text: str, hours: int) -> datetime | None:
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    elif found := _NAMED.fullmatch(text):
        day, month, year = int(found[1]), _MONTHS.get(found[2][:3], 0), int(found[3])
    else:
        return None
    clock = _CLOCK.fullmatch(found[4])
    if found[4].strip() and not clock:
        return None
    hour, minute, second = (int(clock[n] or 0) for n in (1, 2, 3)) if clock else (0, 0, 0)
    zone = timezone(timedelta(hours=_ZONES.get(clock[4] or "", hours) if clock else hours))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
