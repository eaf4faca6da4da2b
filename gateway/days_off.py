"""The days on which public offices in Indonesia are closed, joint leave included."""

from datetime import date
from functools import cache


@cache
def days_off(year: int) -> frozenset[date]:
    """
    National holidays and cuti bersama of a year, as the `holidays` library knows them.

    Dates by the moon are estimates until the government's decree is in a release of the library;
    config/deadlines.toml can put them right at once.
    """
    # Some 300 modules and 16 MB, for those who count working days only.
    from holidays.countries.indonesia import Indonesia  # noqa: PLC0415 (as above)

    return frozenset(Indonesia(categories=("public", "government"), years=year))
