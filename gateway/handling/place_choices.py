"""
The villages and districts an officer may say a report is about, found by what they type.

What is typed is a code, a name, or a name with what it lies in ("Bencongan, Kelapa Dua"), spelled
as one likes. Only what fits one place alone is taken for it; else the officer chooses.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.config_files import config_file
from gateway.places_table import TableError, names_in
from gateway.settings import Settings
from normalizer.gazetteer import level_of, number_of, spelling

LEVELS = ("kecamatan", "desa")
#: What is offered to choose from.
MOST_OFFERED = 12
#: More are no list that a browser shows while one types.
MOST_LISTED = 600
#: Without an area of its own an office may have the villages of the whole country: too many.
MOST_KEPT = 20_000
FEWEST_LETTERS = 3
KIND = re.compile(
    r"\s*(?:(?P<district>kec(?:amatan)?)|desa|ds|kel(?:urahan)?)\b[. ]*", re.IGNORECASE
)


class Spot(NamedTuple):
    """A village or district."""

    code: str
    name: str
    level: str
    #: With what it lies in.
    label: str


class Places:
    """Those there are; none where the table cannot be read."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Take names by Kemendagri code, also of what villages and districts lie in."""
        spots = [_spot(code, names) for code in names]
        kept = [spot for spot in spots if spot.level in LEVELS]
        if len(kept) > MOST_KEPT:
            kept = [spot for spot in kept if spot.level == LEVELS[0]]
        self._spots = {spot.code: spot for spot in kept}
        self._spelled: dict[str, list[Spot]] = defaultdict(list)
        for spot in kept:
            for form in {spelling(spot.name), spelling(spot.label)}:
                self._spelled[form].append(spot)
        #: What a browser may offer while one types.
        self.listed = sorted(spot.label for spot in kept) if len(kept) <= MOST_LISTED else ()

    def get(self, code: str) -> Spot | None:
        """The place with this code."""
        return self._spots.get(code)

    def named(self, typed: str) -> Sequence[Spot]:
        """Every place that is called so, or has this code."""
        if spot := self._spots.get(typed.strip()):
            return [spot]
        found = self._spelled.get(spelling(typed), ())
        if not found and (kind := KIND.match(typed)):
            level = LEVELS[0] if kind["district"] else LEVELS[1]
            named = self._spelled.get(spelling(typed[kind.end() :]), ())
            return [spot for spot in named if spot.level == level]
        return found

    def like(self, typed: str) -> Sequence[Spot]:
        """Places one may have meant: those that begin so, then those with it anywhere."""
        part = spelling(typed)
        if len(part) < FEWEST_LETTERS:
            return ()
        forms = [form for form in self._spelled if part in form]
        forms.sort(key=lambda form: (not form.startswith(part), form))
        found = (spot for form in forms for spot in self._spelled[form])
        return list(dict.fromkeys(found))[:MOST_OFFERED]


NO_PLACES = Places({})


def read_places(settings: Settings) -> Places:
    """The places of places.csv, in the office's own area where it has one."""
    areas = tuple(part.strip() for part in settings.tenant.area.split(",") if part.strip())
    return _places_in(config_file(settings.config_dir, "places.csv"), areas)


@lru_cache(maxsize=1)
def _places_in(table: bytes, areas: tuple[str, ...]) -> Places:
    try:
        names = names_in(table)
    except TableError:
        return NO_PLACES
    return Places({code: name for code, name in names.items() if _is_ours(code, areas)})


def _is_ours(code: str, areas: tuple[str, ...]) -> bool:
    return not areas or any(code.startswith(area) or area.startswith(code) for area in areas)


def _spot(code: str, names: Mapping[str, str]) -> Spot:
    name, whole = names[code], names.get(code.rpartition(".")[0], "")
    label = f"{name}, {whole}" if whole else name
    return Spot(code=code, name=name, level=level_of(number_of(code)), label=label)
