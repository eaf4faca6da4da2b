"""
Past reports with a known village, from a table or from the gateway's own records.

The streets they name are what `places learn` makes streets.json of. A table needs a column with the
words and one with the village, by its code or by its name; the district's name tells namesakes
apart. The gateway's own records count where an officer has said which village it was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from rapidfuzz.distance import Levenshtein

from channels.officer_table import Table
from normalizer.gazetteer import (
    DISTRICT,
    REGENCY,
    Area,
    Gazetteer,
    Number,
    lies_in_area,
    number_of,
    spelling,
)
from normalizer.record import Record

#: Address, text, and the number of the village, 0 where the table of places has none such.
Past: TypeAlias = tuple[str, str, Number]

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "isi", "isi laporan", "laporan", "aduan", "keluhan", "uraian", "description"),
    "address": ("address", "alamat", "lokasi", "tempat", "place"),
    "code": ("code", "kode", "kode wilayah", "kode desa", "kode kelurahan"),
    "village": ("village", "desa", "kelurahan", "desa/kelurahan", "kelurahan/desa", "nagari"),
    "district": ("district", "kecamatan", "kapanewon"),
}
_REMEMBERED = 4_096


class NoReports(Exception):
    """A table cannot be learned from; the message says why."""


def past_in(table: Table, gazetteer: Gazetteer, area: Area) -> Iterator[Past]:
    """The reports of a table, whose first row names its columns."""
    at = _columns(table.rows[0].cells)
    if "text" not in at and "address" not in at:
        raise NoReports("expected a column such as text, isi or alamat in the first row")
    if "code" not in at and "village" not in at:
        raise NoReports("expected a column such as code, desa or kelurahan in the first row")
    villages = Villages(gazetteer, area)
    for row in table.rows[1:]:
        cells = {name: row.cells[n].strip() for name, n in at.items() if n < len(row.cells)}
        number = number_of(cells.get("code", ""))
        if not (number % DISTRICT and gazetteer.name(number)):
            number = villages.named(cells.get("village", ""), cells.get("district", ""))
        yield cells.get("address", ""), cells.get("text", ""), number


def past_of(records: Iterable[Record], gazetteer: Gazetteer) -> Iterator[Past]:
    """The records whose village an officer has confirmed."""
    for record in records:
        place = record.place
        number = number_of(place.code or "") if place and place.by == "officer" else 0
        if place and number % DISTRICT:
            said = "" if place.name == gazetteer.called(number) else place.name
            yield said or place.street, record.text, number


class Villages:
    """The villages of an area by what people write in a column of a table."""

    def __init__(self, gazetteer: Gazetteer, area: Area) -> None:
        self._gazetteer = gazetteer
        inside = [n for n in gazetteer.within(0) if lies_in_area(n, area)]
        self._districts = [n for n in inside if n % DISTRICT == 0 and n % REGENCY]
        self._villages = [n for n in inside if n % DISTRICT]
        self.named = lru_cache(_REMEMBERED)(self._named)

    def district(self, name: str) -> Number:
        """The district of this name; 0 where there is none, or more than one."""
        return self._closest(name, self._districts)

    def _named(self, name: str, district: str) -> Number:
        """A name a city has twice may carry its district: "Sukamulya Cikupa"."""
        around = self.district(district) if district else 0
        inside = [n for n in self._villages if n - n % DISTRICT == around or not around]
        return self._closest(name, inside) or self._closest(
            name.removesuffix(f" {district}"), inside
        )

    def _closest(self, name: str, numbers: Sequence[Number]) -> Number:
        """The one place of this name; lists differ in a letter: "Bringin" and "Beringin"."""
        key = spelling(name)
        found = [(Levenshtein.distance(key, self._key(n), score_cutoff=1), n) for n in numbers]
        best = min((distance for distance, _ in found), default=2)
        closest = [n for distance, n in found if distance == best <= 1]
        return closest[0] if len(closest) == 1 else 0

    def _key(self, number: Number) -> str:
        return spelling(self._gazetteer.name(number))


def _columns(headings: Sequence[str]) -> dict[str, int]:
    """Where each column stands; of two that could be it, the first named in `_HEADINGS`."""
    plain = [heading.strip().lower() for heading in headings]
    found = {}
    for name, known in _HEADINGS.items():
        heading = next((each for each in known if each in plain), None)
        if heading:
            found[name] = plain.index(heading)
    return found
