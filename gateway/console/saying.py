"""How times, ages and numbers are said to an officer: in their language, by the office's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
#: What stands where there is no value.
NONE = "\u2013"
#: From here on days say it better than hours.
MOST_HOURS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """Words for values; times are milliseconds since 1970."""

    sentences: Mapping[str, Any]
    zone: tzinfo
    now: int

    def when(self, at: int | datetime | None) -> str:
        """A moment: '22 Nov 2026 15.04 WIB'; a dash for none."""
        if at is None:
            return NONE
        local = self._local(at)
        return f"{self.day(at)} {local:%H.%M} {local.tzname()}"

    def day(self, at: int | datetime | None) -> str:
        """A day: '22 Nov 2026'."""
        if at is None:
            return NONE
        local = self._local(at)
        month = self.sentences["saying"]["months"][local.month - 1]
        return f"{local.day} {month} {local.year}"

    def iso(self, at: int | datetime) -> str:
        """For the datetime attribute of a time element."""
        return self._local(at).isoformat(timespec="seconds")

    def ago(self, at: int | None) -> str:
        """How long ago in its largest unit: '3 mnt', '5 jam', '12 hr'."""
        if at is None:
            return NONE
        return self.span(max(0, self.now - at))

    def span(self, length: int | None) -> str:
        """A length of time in its largest unit."""
        if length is None:
            return NONE
        units = self.sentences["saying"]
        if length < HOUR:
            return str(units["minutes"]).format(length // MINUTE)
        if length < MOST_HOURS * HOUR:
            return str(units["hours"]).format(length // HOUR)
        return str(units["days"]).format(length // DAY)

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with the language's own separators."""
        if value is None:
            return NONE
        thousands, comma = self.sentences["saying"]["separators"]
        said = f"{value:,.{digits}f}"
        return said.translate(str.maketrans({",": thousands, ".": comma}))

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share of one, as per cent."""
        return NONE if share is None else f"{self.number(share * 100, digits)} %"

    def _local(self, at: int | datetime) -> datetime:
        if isinstance(at, datetime):
            return at.astimezone(self.zone)
        return datetime.fromtimestamp(at / 1000, tz=UTC).astimezone(self.zone)
