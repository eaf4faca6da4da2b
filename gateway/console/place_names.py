"""What districts and regencies are called, by their Kemendagri codes: read from places.csv."""

from collections.abc import Mapping

from gateway.config_files import find_config_file
from gateway.places_table import TableError, read_tables
from gateway.settings import Settings

# Provinces, regencies and districts; villages are ten times as many and count for their district.
MOST_DOTS = 2


def read_place_names(settings: Settings) -> Mapping[str, str]:
    """The names by code; of the office's own area where it has one, and all regencies."""
    areas = [part.strip() for part in settings.tenant.area.split(",") if part.strip()]
    try:
        places = read_tables([find_config_file(settings.config_dir, "places.csv")], lambda _: None)
    except TableError:
        return {}
    return {
        code: name
        for code, (name, _) in places.items()
        if code.count(".") < MOST_DOTS
        or (code.count(".") == MOST_DOTS and (not areas or code.startswith(tuple(areas))))
    }
