"""What districts and regencies are called, by their Kemendagri codes: read from places.csv."""

from collections.abc import Mapping
from functools import lru_cache

from gateway.config_files import config_file
from gateway.places_table import TableError, names_in
from gateway.settings import Settings

# Provinces, regencies and districts; villages are ten times as many and count for their district.
MOST_DOTS = 2


def read_place_names(settings: Settings) -> Mapping[str, str]:
    """The names by code; of the office's own area where it has one, and all regencies."""
    areas = tuple(part.strip() for part in settings.tenant.area.split(",") if part.strip())
    return _names_of(config_file(settings.config_dir, "places.csv"), areas)


@lru_cache(maxsize=1)
def _names_of(table: bytes, areas: tuple[str, ...]) -> Mapping[str, str]:
    try:
        names = names_in(table)
    except TableError:
        return {}
    return {
        code: name
        for code, name in names.items()
        if code.count(".") < MOST_DOTS
        or (code.count(".") == MOST_DOTS and (not areas or code.startswith(areas)))
    }
