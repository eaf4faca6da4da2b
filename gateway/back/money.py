"""
What answers cost, month by month, in each channel's own units: all SQL on the table `spent`.

For SMS a unit is a segment. What has left is counted when it has left; what stands in the outbox
counts against the budget too, so that a full outbox spends no more than an empty one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from forwarder.ports import Transaction

ADD = """
insert into spent (channel, month, units) values (:channel, :month, :units)
on conflict (channel, month) do update set units = spent.units + excluded.units
"""
OF_MONTH = "select channel, units from spent where month = :month"
ON_THEIR_WAY = """
select coalesce(sum(n.units), 0) from outbox o join notices n
on n.id = o.revision and n.record_id = o.record_id
where o.target = :target and o.state in ('pending', 'uncertain') and o.kind = 'update'
"""


def month_of(now: int, utc_hours: int) -> str:
    """The month on the office's clock, such as "2026-03"."""
    return f"{_local(now, utc_hours):%Y-%m}"


def next_month(now: int, utc_hours: int) -> int:
    """When the next one begins."""
    local = _local(now, utc_hours)
    first = datetime(local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=UTC)
    return int((first - timedelta(hours=utc_hours)).timestamp() * 1000)


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel has cost this month."""

    channel: str
    month: str
    units: int
    #: None: there is no bound.
    budget: int | None


def bills(tx: Transaction, budget: Mapping[str, int], now: int, utc_hours: int) -> list[Bill]:
    """Of every channel that costs something or has a budget."""
    month = month_of(now, utc_hours)
    units = spent(tx, month)
    bounded = {name for name, most in budget.items() if most}
    return [
        Bill(channel=name, month=month, units=units.get(name, 0), budget=budget.get(name) or None)
        for name in sorted({*units, *bounded})
    ]


def spend(tx: Transaction, channel: str, month: str, units: int) -> None:
    """Something has left that costs so much."""
    tx.run(ADD, channel=channel, month=month, units=units)


def spent(tx: Transaction, month: str) -> Mapping[str, int]:
    """What every channel has cost in a month."""
    return dict(tx.all(OF_MONTH, month=month))


def on_their_way(tx: Transaction, target: str) -> int:
    """What the notices in the outbox will cost."""
    row = tx.one(ON_THEIR_WAY, target=target)
    return int(row[0]) if row else 0


def _local(now: int, utc_hours: int) -> datetime:
    return datetime.fromtimestamp(now / 1000, UTC) + timedelta(hours=utc_hours)
