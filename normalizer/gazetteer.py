"""
Names of places with their Kemendagri codes, found by name.

A code says where a place lies: 36 a province, 36.03 a regency or city, 36.03.04 a district and
36.03.04.2001 a village in it. Inside, a code is one number of ten digits, 3603040000 for a
district, so that the whole country (91,000 places) takes few bytes. Names are looked up in one
spelling, small letters without blanks, so that "Tembok Dukuh" and "Tembokdukuh" are one; a name
that many places share gives all of them.
"""

import csv
import io
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from normalizer.remembered import Remembered

Level: TypeAlias = Literal["provinsi", "kabupaten", "kota", "kecamatan", "desa"]
#: A place as a number of ten digits; 0 is no place.
Number: TypeAlias = int
#: Places that belong together, such as a city and the regency around it; none: the country.
Area: TypeAlias = tuple[Number, ...]

# What one province, regency or district is wide, counted in numbers.
PROVINCE, REGENCY, DISTRICT = 10**8, 10**6, 10**4

_KINDS = re.compile(
    r"^(?:kabupaten|kab\.?|kota(?: administrasi| adm\.?)?|provinsi|prov\.?|daerah istimewa|"
    r"daerah khusus ibukota|daerah khusus)\s+",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^a-z0-9]+")
_CODE = re.compile(r"\d\d(?:\.\d\d(?:\.\d\d(?:\.\d{4})?)?)?", re.ASCII)
_LINE = re.compile(
    rb"(?:(?:#[^\n]*|code,[^\n]*|\d\d(?:\.\d\d(?:\.\d\d(?:\.\d{4})?)?)?,[^\s,][^\n]*)?(?:\n|$))*+"
)
_CITY_FROM = 71
_CODE_AND_NAME = 2


class GazetteerError(Exception):
    """A table of places cannot be used; the message says why."""


class Gazetteer:
    """Every place of one table."""

    def __init__(self, areas: Iterable[tuple[str, str, str]] = ()) -> None:
        """Take (code, name, other names separated by |), in any order; the last one counts."""
        by_number = {number_of(code): (name, others) for code, name, others in areas}
        self._numbers = array("Q", sorted(by_number))
        self._found: dict[str, int | tuple[int, ...]] = {}
        self._starts = array("L", [0])
        names = []
        at = 0
        for number in self._numbers:
            name, others = by_number[number]
            names.append(name)
            at += len(name)
            self._starts.append(at)
            self._add(spelling(name), number)
            for other in {*map(spelling, others.split("|"))} - {spelling(name)} if others else ():
                self._add(other, number)
        self._names = "".join(names)
        self._called = Remembered[Number, str](self._called_of)

    def _add(self, key: str, number: Number) -> None:
        known = self._found.get(key)
        if known is None:
            self._found[key] = number
        else:
            self._found[key] = (*(known if isinstance(known, tuple) else (known,)), number)

    def __len__(self) -> int:
        return len(self._numbers)

    def find(self, key: str) -> tuple[Number, ...]:
        """Every place of this name, the larger ones first; `key` is `spelling(name)`."""
        found = self._found.get(key)
        if found is None:
            return ()
        return found if isinstance(found, tuple) else (found,)

    def keys_in(self, area: Area) -> Iterator[str]:
        """The names of the places in an area, and of every regency, city and province."""
        for key in self._found:
            if not area or any(_is_known_in(area, number) for number in self.find(key)):
                yield key

    def name(self, number: Number) -> str:
        """What a place is called, empty where there is none."""
        at = bisect_left(self._numbers, number)
        if at == len(self._numbers) or self._numbers[at] != number:
            return ""
        return self._names[self._starts[at] : self._starts[at + 1]]

    def within(self, number: Number) -> Sequence[Number]:
        """Every place inside another one, in the order of their codes; 0: every place."""
        first = bisect_left(self._numbers, number + 1)
        last = bisect_left(self._numbers, number + width(number))
        return self._numbers[first:last]

    def called(self, number: Number) -> str:
        """A place with what it lies in: "Sukamulya, Cikupa, Kabupaten Tangerang"."""
        return self._called[number]

    def _called_of(self, number: Number) -> str:
        whole = dict.fromkeys((number, district_of(number), regency_of(number)))
        names = [self.name(each) for each in whole if each]
        return ", ".join(name for name in names if name)


def _is_known_in(area: Area, number: Number) -> bool:
    return number % REGENCY == 0 or lies_in_area(number, area)


def spelling(name: str) -> str:
    """A name as it is looked up: without what it is, blanks, points and case."""
    small = name.lower()
    if small.isascii() and small.isalpha():
        return small
    return _LETTERS.sub("", _KINDS.sub("", small, count=1))


def number_of(code: str) -> Number:
    """The number of a code such as "36.03.04"; 0 for a code that is none."""
    return int(code.replace(".", "").ljust(10, "0")) if _CODE.fullmatch(code) else 0


def code_of(number: Number) -> str:
    """The code of a number, as short as its level."""
    if number % PROVINCE == 0:
        return f"{number // PROVINCE:02}"
    province, rest = divmod(number, PROVINCE)
    regency, rest = divmod(rest, REGENCY)
    district, village = divmod(rest, DISTRICT)
    code = f"{province:02}.{regency:02}"
    if district:
        code += f".{district:02}"
    return f"{code}.{village:04}" if village else code


def level_of(number: Number) -> Level:
    """What a place is, as its code tells."""
    if number % DISTRICT:
        return "desa"
    if number % REGENCY:
        return "kecamatan"
    if number % PROVINCE:
        return "kota" if number // REGENCY % 100 >= _CITY_FROM else "kabupaten"
    return "provinsi"


def width(number: Number) -> int:
    """How many numbers lie in a place, itself included."""
    if number % DISTRICT:
        return 1
    if number % REGENCY:
        return DISTRICT
    if number % PROVINCE:
        return REGENCY
    return PROVINCE if number else 100 * PROVINCE


def lies_in(number: Number, whole: Number) -> bool:
    """Whether a place is another one or a part of it; everything lies in 0."""
    return whole <= number < whole + width(whole)


def lies_in_area(number: Number, area: Area) -> bool:
    """Whether a place belongs to an area; every one belongs to the country."""
    return not area or any(lies_in(number, whole) for whole in area)


def area_of(codes: str) -> Area:
    """The area of codes such as "36.03" or "34.04, 34.71"; GazetteerError names what is none."""
    area = []
    for code in codes.replace(",", " ").split():
        number = number_of(code)
        if not number:
            raise GazetteerError(f"{code} is no code of an area, such as 36 or 36.03")
        area.append(number)
    return tuple(area)


def district_of(number: Number) -> Number:
    """The district of a village, itself for a district, 0 above that."""
    return number - number % DISTRICT if number % REGENCY else 0


def regency_of(number: Number) -> Number:
    """The regency or city of a place, 0 for a province."""
    return number - number % REGENCY if number % PROVINCE else 0


def check_table(table: bytes) -> None:
    """Look quickly whether every line fits; GazetteerError names the first that does not."""
    plain = table.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    found = _LINE.match(plain)
    end = found.end() if found else 0
    if end < len(plain):
        line = plain.count(b"\n", 0, end) + 1
        raise GazetteerError(f"places.csv: line {line}: expected code,name[,other|names]")


def read_gazetteer(table: bytes) -> Gazetteer:
    """Read `code,name[,other|names]`; GazetteerError names the line that does not fit."""
    check_table(table)
    try:
        rows = csv.reader(io.StringIO(table.decode("utf-8-sig")))
        return Gazetteer(_areas(rows))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise GazetteerError(f"places.csv: {exc}") from exc


def _areas(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        if row and _CODE.fullmatch(row[0]) and len(row) >= _CODE_AND_NAME:
            yield row[0], row[1].strip(), row[2] if len(row) > _CODE_AND_NAME else ""
