"""Until when what must have happened, by the office's calendar and clock."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config_files import config_files
from gateway.days_off import days_off
from normalizer.deadlines import Clock, DeadlinesError, DeadlinesFile
from normalizer.record import Deadlines
from normalizer.rules import RulesError, read_rules

SHIPPED = config_files(None)
FILE = msgspec.toml.decode(SHIPPED["deadlines.toml"], type=DeadlinesFile)
# The last working day before the Lebaran leave of 2026, which is a Tuesday.
BEFORE_LEBARAN = datetime(2026, 3, 17, 2, 0, tzinfo=UTC)


def clock(utc_hours: int = 7, **changes: object) -> Clock:
    """The shipped deadlines, changed."""
    file = msgspec.convert({**msgspec.to_builtins(FILE), **changes}, DeadlinesFile)
    return Clock(file, utc_hours, days_off)


def days(deadlines: Deadlines) -> Mapping[str, str]:
    """The date of each deadline there is."""
    told = msgspec.to_builtins(deadlines)
    return {name.removesuffix("_by"): until[:10] for name, until in told.items() if until}


def test_working_days_skip_lebaran_with_its_joint_leave() -> None:
    """Silence Day on Thursday, Eid on Saturday and Sunday, leave from Wednesday to next Tuesday."""
    counted = clock().of("pengaduan", None, BEFORE_LEBARAN)

    assert days(counted) == {
        "verify": "2026-03-27",
        "follow_up": "2026-04-06",
        "solve": "2026-04-14",
    }


@pytest.mark.parametrize(
    ("type_", "solve"),
    [
        ("permintaan_informasi", "2026-01-12"),
        ("pengaduan", "2026-01-26"),
        ("aspirasi", "2026-01-26"),
        (None, "2026-01-26"),
        ("pengaduan_pengawasan", "2026-04-10"),
        ("bukan_laporan", None),
    ],
)
def test_each_type_has_its_own_days(type_: str | None, solve: str | None) -> None:
    """5, 14 and 60 working days; what is no report has only to be looked at."""
    monday = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
    counted = days(clock().of(type_, None, monday))

    assert counted.get("solve") == solve
    assert counted["verify"] == "2026-01-08"


@pytest.mark.parametrize(
    ("utc_hours", "verify"), [(7, "2026-01-08"), (8, "2026-01-09"), (9, "2026-01-09")]
)
def test_one_minute_before_midnight_is_another_day_further_east(
    utc_hours: int, verify: str
) -> None:
    """23.59 on Monday in Jakarta is Tuesday in Denpasar and Jayapura."""
    sent = datetime(2026, 1, 5, 16, 59, tzinfo=UTC)
    counted = clock(utc_hours).of("pengaduan", sent, sent)

    assert counted.verify_by
    assert counted.verify_by.isoformat() == f"{verify}T23:59:59+0{utc_hours}:00"


@pytest.mark.parametrize(
    ("late", "verify"),
    [
        (timedelta(days=2), "2026-01-08"),
        (timedelta(days=29), "2026-01-08"),
        (timedelta(days=31), "2026-02-10"),
        (timedelta(days=-1), "2026-01-07"),
        (timedelta(days=-365), "2025-01-08"),
    ],
)
def test_it_is_counted_from_when_the_citizen_wrote(late: timedelta, verify: str) -> None:
    """An operator may deliver days later; a clock that is a year off is not believed."""
    sent = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)

    assert days(clock().of("pengaduan", sent, sent + late))["verify"] == verify


def test_a_promise_in_hours_runs_round_the_clock() -> None:
    """2 x 24 hours over a weekend end on the weekend, to the second."""
    sent = datetime(2026, 1, 2, 9, 30, 15, tzinfo=UTC)
    counted = clock(step=({"name": "promise", "hours": 48, "warn": 12},)).due(None, sent, sent)

    assert [(due.warn_at, due.due_at) for due in counted] == [
        (sent + timedelta(hours=36), sent + timedelta(hours=48))
    ]


def test_an_office_has_days_of_its_own() -> None:
    """A local day off is skipped; a holiday on which it works counts."""
    monday = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
    changed = clock(off=["2026-01-07"], worked=["2026-01-16"])

    assert days(changed.of("permintaan_informasi", None, monday))["solve"] == "2026-01-13"
    assert changed.calendar.works(date(2026, 1, 16))
    assert not clock().calendar.works(date(2026, 1, 16))


@given(st.dates(date(2025, 1, 1), date(2027, 12, 1)), st.integers(1, 60))
def test_counting_forward_and_back_agree(day: date, count: int) -> None:
    """The nth working day has n working days up to it, and it is one itself."""
    calendar = clock().calendar
    found = calendar.after(day, count)

    assert calendar.works(found)
    assert calendar.between(day, found) == count


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("weekend = [1, 2, 3, 4, 5, 6, 7]", "no day to work on"),
        ('[[step]]\nname = "verify"\nafter = "solve"\nworking_days = 1', "not above it"),
        ('[[step]]\nname = "verify"\nworking_days = 1\nhours = 2', "hours and working days"),
        ('[[step]]\nname = "solve"\nhours = 1\n[[step]]\nname = "solve"\nhours = 2', "twice"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(file: str, sentence: str) -> None:
    """One sentence, naming the file."""
    assert tomllib.loads(file)
    with pytest.raises(DeadlinesError, match=sentence):
        Clock(msgspec.toml.decode(file, type=DeadlinesFile), 7, days_off)
    with pytest.raises(RulesError, match=r"^deadlines\.toml: "):
        read_rules({**SHIPPED, "deadlines.toml": file.encode()})
