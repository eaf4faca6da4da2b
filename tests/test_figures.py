"""How the office does: periods, lengths, and the figures kept by day and month, on both engines."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise

import pytest
from clock import Clock
from town import DAY_MS, HOUR_MS, TOPICS, Town

from forwarder.ports import Row, Transaction
from gateway.figures import keeper
from gateway.figures.folding import Kind, Sum, folded
from gateway.figures.keeper import Keeper
from gateway.figures.periods import Period, compared, named, read_against, read_period
from gateway.figures.reading import REST, beside, course, read, summed
from gateway.figures.spans import MINUTE_MS, at_share, step_of
from gateway.figures.tables import month_of, number_of, parts_of, split
from gateway.store import Store
from gateway.vault import Vault

TODAY = date(2026, 5, 31)
WIB = 7
KINDS: tuple[Kind, ...] = ("channel", "topic", "agency", "place")


# --- periods ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({}, "2026-05-02", "2026-05-31"),
        ({"period": "days7"}, "2026-05-25", "2026-05-31"),
        ({"period": "month"}, "2026-05-01", "2026-05-31"),
        ({"period": "quarter"}, "2026-04-01", "2026-05-31"),
        ({"period": "year"}, "2026-01-01", "2026-05-31"),
        ({"from": "2026-02-10", "to": "2026-02-01"}, "2026-02-01", "2026-02-10"),
        ({"from": "x", "to": "2026-02-01", "period": "nonsense"}, "2026-05-02", "2026-05-31"),
        ({"from": "0001-01-01", "to": "2026-01-01"}, "2023-01-01", "2026-01-01"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "1970-01-01", "1970-01-01"),
    ],
)
def test_a_period_stands_in_the_address(query: dict[str, str], first: str, last: str) -> None:
    """By its name or its days; what makes no sense is the usual one."""
    period = read_period(query, TODAY)

    assert (str(period.first), str(period.last)) == (first, last)
    assert read_period(period.query(), TODAY) == period


@pytest.mark.parametrize(
    ("period", "against", "first", "last"),
    [
        (named("days30", TODAY), "before", "2026-04-02", "2026-05-01"),
        (named("month", TODAY), "before", "2026-04-01", "2026-04-30"),
        (named("quarter", TODAY), "before", "2026-01-01", "2026-02-28"),
        (named("year", TODAY), "before", "2025-01-01", "2025-05-31"),
        (named("days7", TODAY), "year", "2025-05-25", "2025-05-31"),
        (
            Period(first=date(2024, 2, 29), last=date(2024, 3, 1)),
            "year",
            "2023-02-28",
            "2023-03-01",
        ),
    ],
)
def test_it_is_compared_with_days_like_its_own(
    period: Period, against: str, first: str, last: str
) -> None:
    other = compared(period, read_against({"against": against}))

    assert (str(other.first), str(other.last)) == (first, last)


@pytest.mark.parametrize(
    ("first", "last", "spans"),
    [
        (date(2026, 3, 1), date(2026, 4, 30), ["month", "day"]),
        (date(2026, 3, 2), date(2026, 5, 3), ["day", "month", "day"]),
        (date(2026, 3, 1), date(2026, 5, 3), ["month", "day"]),
        (date(2026, 3, 2), date(2026, 4, 29), ["day"]),
        (date(2026, 3, 2), date(2026, 3, 2), ["day"]),
    ],
)
def test_a_period_is_months_and_the_days_around_them(
    first: date, last: date, spans: list[str]
) -> None:
    """Each day is in it once."""
    parts = parts_of(Period(first=first, last=last))

    assert [part[0] for part in parts] == spans
    days = [
        day
        for span, begin, end in parts
        for day in range(number_of(first), number_of(last) + 1)
        if begin <= (day if span == "day" else month_of(day)) < end
    ]
    assert days == list(range(number_of(first), number_of(last) + 1))


# --- lengths ------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 5, 61, 1440, 40_000, 1_000_000])
def test_a_median_is_known_to_five_per_cent(length: int) -> None:
    steps = {step_of(length * MINUTE_MS): 3}

    assert at_share(steps, 0.5) == pytest.approx(length * MINUTE_MS, rel=0.06)


def test_nine_in_ten_are_within_the_longer_length() -> None:
    steps = {step_of(minutes * MINUTE_MS): 1 for minutes in (1, 2, 4, 8, 16, 32, 64, 128, 256)}
    steps[step_of(10_000 * MINUTE_MS)] = 1

    assert at_share(steps, 0.5) == pytest.approx(16 * MINUTE_MS, rel=0.1)
    assert at_share(steps, 0.9) == pytest.approx(256 * MINUTE_MS, rel=0.11)
    assert at_share({}, 0.5) is None
    assert step_of(-5) == 0


# --- a day --------------------------------------------------------------------------------------


def seen(**values: object) -> Row:
    row: dict[str, object] = {
        "received_at": 0,
        "channel": "sms",
        "type": "pengaduan",
        "topic": "jalan",
        "agency": "PU",
        "place": "36.03.01.2001",
        "state": "diteruskan",
        "relation": "",
        "answered_at": None,
        "closed_at": None,
    } | values
    return tuple(row.values())


def test_a_day_is_counted_for_the_office_and_each_agency() -> None:
    rows = [
        seen(),
        seen(state="selesai", answered_at=HOUR_MS, closed_at=2 * HOUR_MS, relation="same"),
        seen(agency=None, topic=None, place=None, state="ditindaklanjuti", type=None),
        seen(type="bukan_laporan"),
    ]

    sums = folded(rows)

    assert sums["", "all", ""] == Sum(reports=3, answered=1, followed=2, closed=1, repeats=1)
    assert sums["PU", "all", ""].reports == 2
    assert sums["", "place", "36.03.01"].reports == 2
    assert sums["", "topic", ""].reports == sums["", "agency", ""].reports == 1
    assert sums["PU", "answer", str(step_of(HOUR_MS))].reports == 1
    assert {whose for whose, _, _ in sums} == {"", "PU"}


# --- kept true ----------------------------------------------------------------------------------


@dataclass
class Office:
    """A town and who counts it."""

    database: Store
    town: Town
    keeper: Keeper
    told: list[None]

    async def count(self) -> int:
        """Look until there is nothing left."""
        total = 0
        while counted := await self.keeper.look():
            total += counted
        return total

    async def truth(self, agency: str, period: Period) -> list[Row]:
        """What the board has of a period, looked at row by row."""
        since, until = (
            int(datetime(at.year, at.month, at.day, tzinfo=UTC).timestamp() * 1000) + extra
            for at, extra in ((period.first, 0), (period.last, DAY_MS))
        )

        def read(tx: Transaction) -> list[Row]:
            return tx.all(
                "select channel, topic, agency, place, relation, answered_at, received_at"
                " from board where received_at >= :since and received_at < :until"
                " and (:agency = '' or agency = :agency)",
                since=since - WIB * HOUR_MS,
                until=until - WIB * HOUR_MS,
                agency=agency,
            )

        return await self.database.read(read)


@pytest.fixture
async def office(database: Store, vault: Vault, clock: Clock) -> Office:
    now = clock.milliseconds
    town = Town(database=database, vault=vault, now=now)
    told: list[None] = []
    keep = Keeper(
        database,
        now=lambda: clock.milliseconds,
        utc_hours=WIB,
        owner="one",
        told=partial(told.append, None),
    )
    await town.fill(150, 70)
    await town.watch()
    return Office(database, town, keep, told)


def months(office: Office) -> Period:
    last = datetime.fromtimestamp(office.town.now / 1000, UTC).date()
    return Period(first=date(last.year - 1, 1, 1), last=last)


@pytest.mark.parametrize("agency", ["", TOPICS["jalan"][0]])
async def test_figures_are_those_of_the_board(office: Office, agency: str) -> None:
    """For any days, by each split, for the office and for an agency."""
    await office.count()
    whole = months(office)

    for period in (whole, Period(first=whole.last.replace(day=1), last=whole.last)):
        truth = await office.truth(agency, period)
        found = await office.database.read(partial(read, agency=agency, period=period))

        assert found.total.reports == len(truth) > 0
        assert found.total.answered == sum(row[5] is not None for row in truth)
        assert found.total.repeats == sum(row[4] == "same" for row in truth)
        for at, kind in enumerate(KINDS):
            by = {value: one.reports for value, one in found.splits[kind].items()}
            values = [row[at] or "" for row in truth]
            assert by == {value: values.count(value) for value in set(values)}
        lengths = sorted(row[5] - row[6] for row in truth if row[5] is not None)
        if lengths:
            middle = lengths[(len(lengths) - 1) // 2]
            assert found.answer[0] == pytest.approx(middle, rel=0.15)


async def test_a_change_shows_in_the_next_count_and_no_other_day_is_counted(
    office: Office,
) -> None:
    await office.count()
    assert await office.keeper.look() == 0
    before = len(office.told)
    whole = months(office)

    await office.town.fill(1, 1, first=1_000)
    await office.town.watch(only=1_000)

    assert 1 <= await office.count() <= 2
    assert len(office.told) == before + 1
    found = await office.database.read(partial(split, agency="", kind="all", period=whole))
    assert found[""].reports == 151


async def test_another_clock_counts_every_day_again(office: Office, clock: Clock) -> None:
    """A report of the late evening is the next day's in the east."""
    await office.count()
    clock.advance(keeper.LEASE_MS / 1000 + 1)
    east = Keeper(
        office.database,
        now=lambda: clock.milliseconds,
        utc_hours=9,
        owner="two",
        told=lambda: None,
    )

    assert await east.look() > 30
    found = await office.database.read(partial(split, agency="", kind="all", period=months(office)))
    assert found[""].reports == 150


async def test_one_process_counts_at_a_time(office: Office, clock: Clock) -> None:
    await office.keeper.look()
    other = Keeper(
        office.database,
        now=lambda: clock.milliseconds,
        utc_hours=WIB,
        owner="two",
        told=lambda: None,
    )
    await office.town.fill(1, 1, first=1_000)
    await office.town.watch(only=1_000)

    assert await other.look() == 0
    assert await office.keeper.look() > 0


# --- as they are shown --------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "points"), [(30, 30), (70, 11), (365, 13)])
async def test_a_course_has_its_empty_days_weeks_and_months(
    office: Office, days: int, points: int
) -> None:
    await office.count()
    last = months(office).last
    first = date.fromordinal(last.toordinal() - days + 1)

    found = await office.database.read(
        partial(course, agency="", period=Period(first=first, last=last))
    )

    assert abs(len(found) - points) <= 1
    assert (found[0].first, found[-1].last) == (first, last)
    assert all(one.last < two.first for one, two in pairwise(found))
    truth = await office.truth("", Period(first=first, last=last))
    assert summed(point.sum for point in found).reports == len(truth)


def test_small_values_stand_together_behind_the_largest() -> None:
    now = {str(number): Sum(reports=number) for number in range(1, 6)}
    before = {"1": Sum(reports=9), "x": Sum(reports=2)}

    lines = beside(now, before, most=3)

    assert [(line.value, line.now.reports, line.before.reports) for line in lines] == [
        ("5", 5, 0),
        ("4", 4, 0),
        ("3", 3, 0),
        (REST, 3, 11),
    ]
