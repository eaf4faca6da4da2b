"""
What reading X has cost, and how far it went: one value that is stored with the pages it paid for.

Money is counted in millionths of a dollar, per source (mentions, each rule), per UTC day and month.
X charges the same post once a day, which is not relied upon: our sum is an upper bound.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace

from channels.x_options import MICRO, XOptions, micro

MENTIONS = "mentions"

#: The cursor of all sources, and that of what was written.
READS = "reads"
WRITES = "writes"


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far one source has been read."""

    #: The newest post of the last walk that was finished.
    since: str = ""
    #: A walk under way: the newest post it began with, the oldest it has reached, X's word for the
    #: next page, and the moment before which it takes nothing.
    newest: str = ""
    oldest: str = ""
    token: str = ""
    start: str = ""
    #: Millionths of a dollar on the ledger's day.
    today: int = 0
    #: What was not looked at last, for `status`; `gap` is the key of its record.
    gap: str = ""
    missed: str = ""

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever read here."""
        return not (self.since or self.newest)


class Ledger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every source and the sums; days as 2026-11-22, months as 2026-11, both UTC."""

    day: str = ""
    today: int = 0
    month: int = 0
    places: dict[str, Place] = {}

    def place(self, source: str) -> Place:
        """How far a source has been read."""
        return self.places.get(source, Place())

    def on(self, day: str) -> "Ledger":
        """The same on another day: what was spent on the day before is no longer of today."""
        if day <= self.day:  # a clock that was set back buys nothing twice
            return self
        month = self.month if day[:7] == self.day[:7] else 0
        places = {name: replace(place, today=0) for name, place in self.places.items()}
        return replace(self, day=day, today=0, month=month, places=places)

    def after(self, source: str, place: Place, cost: int = 0) -> "Ledger":
        """The same with a source further on, and what that has cost."""
        moved = replace(place, today=place.today + cost)
        return replace(
            self,
            today=self.today + cost,
            month=self.month + cost,
            places={**self.places, source: moved},
        )


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What answers have cost this month."""

    month: str = ""
    spent: int = 0

    def on(self, day: str) -> "Written":
        """The same on another day."""
        return self if day[:7] <= self.month else Written(month=day[:7])


def read_ledger(value: str) -> Ledger:
    """The value of the cursor READS; what nobody can read begins anew."""
    try:
        return msgspec.json.decode(value or "{}", type=Ledger)
    except msgspec.MsgspecError:
        return Ledger()


def read_written(value: str) -> Written:
    """The value of the cursor WRITES."""
    try:
        return msgspec.json.decode(value or "{}", type=Written)
    except msgspec.MsgspecError:
        return Written()


def left(options: XOptions, ledger: Ledger, source: str, written: int) -> tuple[int, str]:
    """
    What a source may still spend, and which budget it is that ends first: "day" or "month".

    Rules leave alone what is kept for mentions until midnight.
    """
    by_month = micro(options.monthly_usd) - ledger.month - written
    by_day = micro(options.daily_usd) - ledger.today
    if source != MENTIONS:
        kept = micro(options.mentions_usd) - ledger.place(MENTIONS).today
        own = next(
            micro(rule.daily_usd) for rule in options.rules if rule_source(rule.name) == source
        )
        by_day = min(by_day - max(kept, 0), own - ledger.place(source).today)
    return (by_day, "day") if by_day <= by_month else (by_month, "month")


def rule_source(name: str) -> str:
    """What a rule is called in the ledger."""
    return f"rule {name}"


def utc_day(seconds: float) -> str:
    """The UTC day of a moment."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def hours_before(seconds: float, hours: float) -> str:
    """A moment earlier, as X wants it."""
    return f"{datetime.fromtimestamp(seconds, UTC) - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def statement(options: XOptions, ledger: Ledger, written: Written) -> list[str]:
    """Lines for `lapor-gateway status`."""
    if not ledger.day and not written.month:
        return []
    month = max(ledger.day[:7], written.month)
    both = ledger.month * (ledger.day[:7] == month) + written.spent * (written.month == month)
    lines = [f"spent {_usd(both)} of {options.monthly_usd:.2f} USD in {month}"]
    if ledger.day:
        lines.append(f"of it {_usd(ledger.today)} of {options.daily_usd:.2f} on {ledger.day}")
    for source, place in sorted(ledger.places.items()):
        until = f"read up to {place.since}" if place.since else "nothing read to its end yet"
        walk = f", on the way back at {place.oldest}" if place.oldest else ""
        lines.append(f"{source}: {until}{walk}, {_usd(place.today)} that day")
        if place.missed:
            lines.append(f"{source}: {place.missed}")
    return lines


def _usd(millionths: int) -> str:
    return f"{millionths / MICRO:.3f}"
