"""
Making places.csv from the tables of the npm package idn-area-data.

Its layout: provinces.csv and regencies.csv, districts.csv, villages.csv with `code`, `name` and the
code of what they lie in, which the code itself tells as well. Any single one of these files, or a
places.csv, is taken too.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from normalizer.gazetteer import lies_in, number_of

TABLES = ("provinces.csv", "regencies.csv", "districts.csv", "villages.csv")
#: What people call a place besides its name in the tables, and names from before a change.
OTHER_NAMES = {
    "11": "NAD|Nanggroe Aceh Darussalam",
    "12": "Sumut|Sumatra Utara",
    "12.12": "Toba Samosir|Tobasa",
    "12.13": "Madina",
    "12.72": "Siantar",
    "13": "Sumbar|Sumatra Barat",
    "13.03": "Sawahlunto Sijunjung",
    "13.07": "Limapuluh Koto|50 Kota",
    "14.02": "Inhu",
    "14.04": "Inhil",
    "14.06": "Rohul",
    "14.07": "Rohil",
    "14.09": "Kuansing",
    "15.06": "Tanjabbar",
    "15.07": "Tanjabtim",
    "16": "Sumsel|Sumatra Selatan",
    "16.01": "OKU",
    "16.02": "OKI",
    "16.06": "Muba",
    "16.13": "Muratara",
    "19": "Babel|Bangka Belitung",
    "21": "Kepri",
    "21.01": "Kabupaten Kepulauan Riau",
    "31": "DKI|Jakarta|Daerah Khusus Ibukota Jakarta|Daerah Khusus Jakarta",
    "31.71": "Jakpus",
    "31.72": "Jakut",
    "31.73": "Jakbar",
    "31.74": "Jaksel",
    "31.75": "Jaktim",
    "32": "Jabar",
    "32.06": "Tasik",
    "32.17": "KBB",
    "32.78": "Tasik",
    "33": "Jateng",
    "33.72": "Solo",
    "34": "DIY|DI Yogyakarta|Jogja|Yogya|Jogjakarta",
    "34.71": "Jogja|Yogya|Jogjakarta",
    "35": "Jatim",
    "35.78": "SBY",
    "35.78.12.1006": "Perak Timur|Perak Utara",  # the two became one
    "36.03": "Tanggerang",
    "36.71": "Tanggerang",
    "36.74": "Tangsel",
    "52": "NTB",
    "52.01": "Lobar",
    "52.02": "Loteng",
    "52.03": "Lotim",
    "52.08": "KLU",
    "53": "NTT",
    "53.02": "TTS",
    "53.03": "TTU",
    "61": "Kalbar",
    "61.02": "Kabupaten Pontianak",
    "62": "Kalteng",
    "62.01": "Kobar",
    "62.02": "Kotim",
    "63": "Kalsel",
    "64": "Kaltim",
    "64.02": "Kukar",
    "64.07": "Kubar",
    "64.08": "Kutim",
    "64.09": "PPU",
    "65": "Kaltara",
    "71": "Sulut",
    "72": "Sulteng",
    "73": "Sulsel",
    "73.01": "Selayar",
    "73.10": "Pangkep",
    "73.71": "Ujung Pandang|Ujungpandang|Makasar",
    "74": "Sultra",
    "74.02": "Kabupaten Kendari",
    "76": "Sulbar",
    "76.01": "Mamuju Utara",
    "81.03": "Maluku Tenggara Barat",
    "82": "Malut",
    "82.01": "Kabupaten Maluku Utara",
    "82.72": "Kota Tidore|Tidore",
    "91": "Irian Jaya|Irian",
    "91.05": "Yapen Waropen",
    "92": "Irian Jaya Barat",
}
HEAD = """\
# Names of places with their Kemendagri codes: code,name,other names separated by |
# Contains information from idn-area-data 3.1.2 (https://github.com/fityannugroho/idn-area-data),
# which is made available under the Open Database License (ODbL) 1.0,
# https://opendatacommons.org/licenses/odbl/1-0/ - this table is made available under the same one.
# Made by `lapor-gateway places import`; other names were added by us.
"""
_SMALL_WORDS = {"DKI": "DKI", "DI": "DI", "DAN": "dan"}
_CODE_AND_NAME = 2


class TableError(Exception):
    """A file is not a table of places; the message says which and why."""


def tables_in(source: Path) -> list[Path]:
    """The tables of a folder, or those beside a village table, or the one file."""
    folder = source if source.is_dir() else source.parent
    if not source.is_dir() and source.name not in TABLES:
        return [source]
    found = [folder / name for name in TABLES if (folder / name).is_file()]
    if not found:
        raise TableError(f"{source}: holds none of {', '.join(TABLES)}")
    return found


def read_tables(files: Iterable[Path], note: Callable[[int], None]) -> dict[str, tuple[str, str]]:
    """Code -> (name, other names); TableError where a file does not fit."""
    places: dict[str, tuple[str, str]] = {}
    for file in files:
        for code, name, others in _rows(_content(file), file):
            places[code] = (name, others)
            note(len(places))
    if not places:
        raise TableError("no place was found in it")
    return places


def names_in(table: bytes) -> dict[str, str]:
    """Code -> name, of what lies in a places.csv; TableError where it does not fit."""
    return {code: name for code, name, _ in _rows(table, "places.csv")}


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise TableError(f"{file}: cannot be read: {exc}") from exc


def within(places: dict[str, tuple[str, str]], wholes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The places of some areas, with every province, regency and city of the country."""
    areas = [number_of(code) for code in wholes]
    return {
        code: place
        for code, place in places.items()
        if code.count(".") <= 1 or any(lies_in(number_of(code), area) for area in areas)
    }


def table_of(places: dict[str, tuple[str, str]]) -> bytes:
    """places.csv, in the order of the codes."""
    lines = [HEAD, "code,name,others\n"]
    for code in sorted(places):
        name, others = places[code]
        lines.append(
            f"{code},{_cell(name)},{_cell(others)}\n" if others else f"{code},{_cell(name)}\n"
        )
    return "".join(lines).encode()


def _cell(text: str) -> str:
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if "," in text or '"' in text else text


def _rows(table: bytes, called: str | Path) -> Iterator[tuple[str, str, str]]:
    try:
        lines = io.StringIO(table.decode("utf-8-sig"), newline="")
        rows = csv.reader(line for line in lines if not line.startswith("#"))
        head = [cell.strip().lower() for cell in next(rows, [])]
        if "code" not in head or "name" not in head:
            raise TableError(f"{called}: expected the columns code and name in the first line")
        code_at, name_at = head.index("code"), head.index("name")
        others_at = head.index("others") if "others" in head else None
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            if len(row) <= max(code_at, name_at) or not number_of(row[code_at].strip()):
                raise TableError(f"{called}: row {number}: expected a code such as 36.03.04.2001")
            yield _row(row[code_at].strip(), row[name_at], _others(row, others_at))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise TableError(f"{called}: cannot be read: {exc}") from exc


def _others(row: list[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""


def _row(code: str, name: str, others: str) -> tuple[str, str, str]:
    plain = " ".join(name.split())
    if not plain:
        raise TableError(f"the place {code} has no name")
    if plain.isupper():
        plain = " ".join(_SMALL_WORDS.get(word, word.title()) for word in plain.split())
    return code, plain, others or OTHER_NAMES.get(code, "")
