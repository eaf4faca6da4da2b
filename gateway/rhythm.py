"""
Which channel is silent against its usual rhythm: a broken webhook looks like a quiet day.

Messages are counted by channel and hour, incrementally, beside the pipeline. From the same hours of
the days before follows how many should have come since the last one; when that many are missing, a
person is told. Citizens write in bursts, so the limit is far above what chance alone would need.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from forwarder.ports import Database, Transaction
from gateway.chain import chains, journal_id

log = structlog.get_logger()

HOUR = 3_600_000
DAY_HOURS = 24
# So far back a habit reaches, and so many days make one.
HABIT_DAYS = 28
LEAST_DAYS = 3
# Rows counted in one write, so that no acknowledgement waits behind it.
SLICE = 5_000
# Messages that must be missing before a silence is told.
MISSING = 12.0
LOOK_SECONDS = 300.0

COUNT = """
select channel, received_at / 3600000, count(*), max(received_at) from journal
where id > :after and id < :end group by channel, received_at / 3600000
"""
LAST = """
select max(id) from (
    select id from journal where id > :after and id < :end order by id limit :limit
) as slice
"""
ADD = """
insert into rhythm (channel, hour, messages) values (:channel, :hour, :messages)
on conflict (channel, hour) do update set messages = rhythm.messages + excluded.messages
"""
MARK = """
insert into cursors (channel, name, value, moved_at) values ('', :name, :value, :now)
on conflict (channel, name) do update set value = excluded.value, moved_at = excluded.moved_at
"""
MARKED = "select value from cursors where channel = '' and name = :name"
HABIT = "select channel, hour, messages from rhythm where hour >= :since order by hour"
LATELY = "select channel, hour, messages from rhythm where hour > :after"
FORGET = "delete from rhythm where hour < :since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A channel that should have had messages."""

    channel: str
    #: The last full hour anything came in, in milliseconds.
    since: int
    #: How many its habit says should have come.
    missing: float


def count(tx: Transaction, now: int) -> bool:
    """Add some of what came since the last time to its hours; whether there may be more."""
    more = False
    for chain in chains(tx):
        name = f"rhythm {chain}"
        marked = tx.one(MARKED, name=name)
        after, end = int(marked[0]) if marked else journal_id(chain, 0), journal_id(chain + 1, 0)
        last = tx.one(LAST, after=after, end=end, limit=SLICE)
        if last is None or last[0] is None:
            continue
        rows = tx.all(COUNT, after=after, end=last[0] + 1)
        tx.many(ADD, [{"channel": row[0], "hour": row[1], "messages": row[2]} for row in rows])
        tx.run(MARK, name=name, value=str(last[0]), now=now)
        more |= last[0] - after >= SLICE
    tx.run(FORGET, since=now // HOUR - HABIT_DAYS * DAY_HOURS)
    return more


def silences(tx: Transaction, now: int) -> list[Silence]:
    """Every channel that is silent for longer than its habit explains."""
    rows = tx.all(HABIT, since=now // HOUR - HABIT_DAYS * DAY_HOURS)
    by_channel: dict[str, dict[int, int]] = {}
    for channel, hour, messages in rows:
        by_channel.setdefault(channel, {})[hour] = messages
    found = (_silence(channel, hours, now) for channel, hours in sorted(by_channel.items()))
    return [silence for silence in found if silence]


def lately(tx: Transaction, now: int) -> dict[str, dict[int, int]]:
    """How many messages each channel had in each of the last 24 hours, where it had any."""
    found: dict[str, dict[int, int]] = {}
    for channel, hour, messages in tx.all(LATELY, after=now // HOUR - DAY_HOURS):
        found.setdefault(channel, {})[hour] = messages
    return found


def _silence(channel: str, hours: Mapping[int, int], now: int) -> Silence | None:
    """What is missing since the last hour with a message, by the habit of the days before it."""
    first, last, current = min(hours), max(hours), now // HOUR
    days = (last - first) // DAY_HOURS
    if days < LEAST_DAYS:
        return None
    usual = _usual(hours, days)
    # The hour that runs now is not over, and the last one may have had its messages early.
    missing = sum(usual[hour % DAY_HOURS] for hour in _at_most_a_week(last + 1, current))
    if missing < MISSING:
        return None
    return Silence(channel=channel, since=(last + 1) * HOUR, missing=missing)


def _usual(hours: Mapping[int, int], days: int) -> Mapping[int, float]:
    """Messages that usually come in each hour of the day."""
    sums = Counter[int]()
    for hour, messages in hours.items():
        sums[hour % DAY_HOURS] += messages
    return {hour: sums[hour] / days for hour in range(DAY_HOURS)}


def _at_most_a_week(first: int, end: int) -> Iterable[int]:
    return range(first, min(end, first + 7 * DAY_HOURS))


class Rhythm:
    """Looks now and then, and tells each silence once."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        changed: Callable[[str, bool], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._changed = changed
        self._silent: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Count, judge, and tell what has changed."""
        now = self._clock()
        more = True
        while more:
            more = await self._database.write(lambda tx: count(tx, now))
        found = await self._database.read(lambda tx: silences(tx, now))
        silent = {silence.channel: silence for silence in found}
        for channel in silent.keys() - self._silent:
            missing = round(silent[channel].missing)
            log.warning("channel_silent", channel=channel, missing=missing)
            self._changed(channel, True)  # noqa: FBT003 (silent or not is all there is to tell)
        for channel in self._silent - silent.keys():
            log.info("channel heard again", channel=channel)
            self._changed(channel, False)  # noqa: FBT003 (as above)
        self._silent = set(silent)
