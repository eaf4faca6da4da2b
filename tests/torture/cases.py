"""Every line of the torture chamber, in the order of their numbers; one module for each kind."""

from torture import (
    again,
    backlog,
    by_tests,
    canaries,
    clocks,
    cluster,
    dying,
    erasing,
    faults,
    full_disk,
    hostile_crowd,
    hostile_doors,
    hostile_fuzz,
    hostile_regex,
    hostile_signing,
    hostile_ssrf,
    kills,
    leap_day,
    patroni,
    poison,
    power,
    power_office,
    restore,
    soak,
    standby,
    stops,
    store_model,
    upgrade,
    weather,
    weather_beside,
    weather_providers,
)
from torture.case import Case


def _place(case: Case) -> tuple[str, int]:
    """R2 stands before R10, and all of them before S1."""
    return case.number[0], int(case.number[1:])


CASES: tuple[Case, ...] = tuple(
    sorted(
        (
            *again.CASES,
            *backlog.CASES,
            *by_tests.CASES,
            *canaries.CASES,
            *clocks.CASES,
            *cluster.CASES,
            *dying.CASES,
            *erasing.CASES,
            *faults.CASES,
            *full_disk.CASES,
            *hostile_crowd.CASES,
            *hostile_doors.CASES,
            *hostile_fuzz.CASES,
            *hostile_regex.CASES,
            *hostile_signing.CASES,
            *hostile_ssrf.CASES,
            *kills.CASES,
            *leap_day.CASES,
            *patroni.CASES,
            *poison.CASES,
            *power.CASES,
            *power_office.CASES,
            *restore.CASES,
            *soak.CASES,
            *standby.CASES,
            *stops.CASES,
            *store_model.CASES,
            *upgrade.CASES,
            *weather.CASES,
            *weather_beside.CASES,
            *weather_providers.CASES,
        ),
        key=_place,
    )
)
