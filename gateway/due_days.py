"""
How many steps of cases ended on which day, in time or late: all SQL on table `clock_days`.

Counted with the step's end, in the same transaction, so that a page need not count a month of them.
"""

from collections import Counter
from collections.abc import Iterable

from forwarder.ports import Transaction

DAY_MS = 86_400_000
COUNTED = ("met", "late")

ADD = """
insert into clock_days (day, agency, step, ended, steps)
values (:day, :agency, :step, :ended, :steps)
on conflict (day, agency, step, ended) do update set steps = clock_days.steps + excluded.steps
"""
SINCE = """
select agency, step, ended, sum(steps) from clock_days
where day >= :day and (:agency = '' or agency = :agency) group by agency, step, ended
"""

#: The agency in charge (None for nobody), the step, how it ended, and when in milliseconds.
End = tuple[str | None, str, str, int]


def add(tx: Transaction, ends: Iterable[End]) -> None:
    """Some steps have ended; those without a deadline are not counted."""
    days = Counter(
        (at // DAY_MS, agency or "", step, ended)
        for agency, step, ended, at in ends
        if ended in COUNTED
    )
    names = ("day", "agency", "step", "ended")
    rows = [{**dict(zip(names, key, strict=True)), "steps": n} for key, n in sorted(days.items())]
    if rows:
        tx.many(ADD, rows)


def since(tx: Transaction, at: int, agency: str = "") -> dict[tuple[str | None, str, str], int]:
    """How many ended since the day (by UTC) of a time, by agency, step and end."""
    rows = tx.all(SINCE, day=at // DAY_MS, agency=agency)
    return {(row[0] or None, row[1], row[2]): int(row[3]) for row in rows}
