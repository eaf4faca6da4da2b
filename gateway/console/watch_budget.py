"""What reading X has cost and may still cost, for who looks at the monitor."""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.x_money import (
    MENTIONS,
    READS,
    WRITES,
    left,
    read_ledger,
    read_written,
    rule_source,
    utc_day,
)
from channels.x_options import MICRO, XOptions
from forwarder.ports import Transaction
from gateway import cursors

NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What one source may still spend today, in US dollars."""

    #: A rule's name; "" for mentions.
    rule: str
    spent: float
    left: float
    #: What was not looked at last; "" where nothing was missed.
    missed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """US dollars; days and months are UTC's, as X bills them."""

    today: float
    daily: float
    month: float
    monthly: float
    purses: Sequence[Purse]

    @property
    def is_low(self) -> bool:
        """Whether somebody should look: less than a tenth is left of the day or the month."""
        return any(
            spent >= NEARLY_ALL * bound
            for spent, bound in ((self.today, self.daily), (self.month, self.monthly))
        )


def budget(tx: Transaction, options: XOptions, now: int) -> Budget:
    """What the ledger says now."""
    told, day = cursors.of(tx, "x"), utc_day(now / 1000)
    ledger = read_ledger(told.get(READS, "")).on(day)
    written = read_written(told.get(WRITES, "")).on(day)
    sources = {"": MENTIONS} | {rule.name: rule_source(rule.name) for rule in options.rules}
    return Budget(
        today=ledger.today / MICRO,
        daily=options.daily_usd,
        month=(ledger.month + written.spent) / MICRO,
        monthly=options.monthly_usd,
        purses=[
            Purse(
                rule=rule,
                spent=ledger.place(source).today / MICRO,
                left=max(0, left(options, ledger, source, written.spent)[0]) / MICRO,
                missed=ledger.place(source).missed,
            )
            for rule, source in sources.items()
        ],
    )
