"""`lapor-gateway deadlines`: what is due, at risk and overdue, by agency."""

import json
from collections.abc import Iterator, Sequence

import click
from msgspec.structs import asdict

from gateway import due
from gateway.build import DAY_MS
from gateway.build_craft import build_clock
from gateway.clock import now_ms
from gateway.commands.common import Place, looking, place_options, show_table
from gateway.naming import moment
from normalizer.deadlines import Clock

NOBODY = "(unrouted)"
STANDING = ("agency", "step", "in time", "at risk", "overdue", "met", "late")
CASES = ("case", "step", "agency", "due", "working days left", "state")

Days = click.IntRange(0, 400)


@click.command()
@click.option("--agency", default="", help="Only this office's cases.")
@click.option("--cases", "listing", is_flag=True, help="List the cases, most urgent first.")
@click.option("--days", default=0, type=Days, help="List what is due in so many days, too.")
@click.option("--since", default=30, type=Days, help="Days to count what was met or late in.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@place_options
def deadlines(  # noqa: PLR0913 (one parameter an option)
    place: Place, *, agency: str, listing: bool, days: int, since: int, as_json: bool
) -> None:
    """
    Show what is due, at risk and overdue, by agency and step.

    A running gateway looks once a minute; what it has not seen yet is not counted.

    Example: lapor-gateway deadlines --cases --days 7
    """
    now = now_ms()
    with looking(place) as (settings, tx):
        clock = build_clock(settings)
        counts = due.counts(tx, since=now - since * DAY_MS, now=now)
        cases = due.cases(tx, until=now + days * DAY_MS, agency=agency) if listing else []
    counts = [count for count in counts if agency in {"", count.agency}]
    if as_json:
        told = {"counts": list(map(asdict, counts)), "cases": list(map(asdict, cases))}
        click.echo(json.dumps(told))
        return
    show_table(STANDING, [(one.agency or NOBODY, *_numbers(one)) for one in counts])
    if listing:
        show_table(CASES, list(_rows(cases, clock, now)))


def _numbers(count: due.Count) -> Sequence[object]:
    return (count.step, count.in_time, count.at_risk, count.overdue, count.met, count.late)


def _rows(cases: Sequence[due.Case], clock: Clock, now: int) -> Iterator[Sequence[object]]:
    today = moment(now).astimezone(clock.zone).date()
    for case in cases:
        until = moment(case.due_at).astimezone(clock.zone)
        left = clock.calendar.between(today, until.date())
        over = -clock.calendar.between(until.date(), today)
        number = left if until.date() >= today else over
        yield (
            case.case_code,
            case.step,
            case.agency or NOBODY,
            f"{until:%Y-%m-%d %H:%M}",
            number,
            case.state,
        )
