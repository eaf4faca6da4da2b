"""
A table out of another system: CSV or XLSX bytes in, rows of plain text out.

Nothing is calculated and nothing is fetched: a formula stays the text it is. What the file says of
its own encoding is tried first, then what Indonesian offices really write. Sizes are bounded before
anything is unpacked, because a spreadsheet is a zip file.
https://www.rfc-editor.org/rfc/rfc4180 · ECMA-376 (Office Open XML)
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Any

MOST_BYTES = 20 * 2**20
MOST_UNPACKED = 200 * 2**20
MOST_ROWS = 100_000
MOST_COLUMNS = 200
MOST_CELL = 32_767

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"

# What a library that reads foreign files meets in a damaged one; XML's own errors are SyntaxErrors.
_DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class NoTable(Exception):
    """The file is no table we can read; the words say what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table."""

    #: Where a person finds it in the file, counted from 1.
    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as text; rows without any text are left out."""

    name: str
    rows: tuple[Row, ...]
    #: How it was read: "CSV, UTF-8, separated by ;".
    how: str


def read_table(content: bytes, name: str) -> Table:
    """The table in a file; raises NoTable. `name` is only shown."""
    if len(content) > MOST_BYTES:
        raise NoTable(f"larger than {MOST_BYTES // 2**20} MiB: split it")
    if content.startswith(_ZIP):
        rows, how = _xlsx(content), "XLSX"
    elif content.startswith(_OLD_EXCEL):
        raise NoTable("an old Excel file (.xls): save it as .xlsx or .csv")
    else:
        text, encoding = _decoded(content)
        delimiter = _delimiter(text)
        shown = "tab" if delimiter == "\t" else delimiter
        rows, how = _csv(text, delimiter), f"CSV, {encoding}, separated by {shown}"
    kept = tuple(_bounded(rows))
    if not kept:
        raise NoTable("no row with text in it")
    return Table(name=name, rows=kept, how=how)


def _bounded(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Row]:
    for count, (number, cells) in enumerate(rows):
        if count >= MOST_ROWS:
            raise NoTable(f"more than {MOST_ROWS} rows: split it")
        if len(cells) > MOST_COLUMNS and any(cells[MOST_COLUMNS:]):
            raise NoTable(f"more than {MOST_COLUMNS} columns in row {number}")
        stripped = tuple(cell.strip()[:MOST_CELL] for cell in cells[:MOST_COLUMNS])
        if any(stripped):
            yield Row(number=number, cells=stripped)


# --- CSV ---------------------------------------------------------------------------------------


def _decoded(content: bytes) -> tuple[str, str]:
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = next((one for mark, one in marks.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding), "UTF-16" if encoding == "utf-16" else "UTF-8"
    except UnicodeDecodeError:
        # Excel's "CSV" on an Indonesian Windows; every byte means something there.
        return content.decode("cp1252", "replace"), "Windows-1252"


def _delimiter(text: str) -> str:
    """The sign that cuts the first rows into the most columns, the same number in each."""
    head = text[: len("sep=;")]
    if head[:4].lower() == "sep=" and head[4:] in _DELIMITERS:
        return head[4:]
    return max(_DELIMITERS, key=lambda sign: _evenness(text, sign))


def _evenness(text: str, delimiter: str) -> tuple[int, int]:
    sample = islice(csv.reader(io.StringIO(text), delimiter=delimiter), _SAMPLE_ROWS)
    try:
        widths = [len(cells) for cells in sample if cells]
    except csv.Error:
        return 0, 0
    usual = max(set(widths), key=widths.count, default=0)
    return (widths.count(usual) if usual > 1 else 0), usual


def _csv(text: str, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = 1
    try:
        for cells in reader:
            if not (start == 1 and delimiter.join(cells).lower().startswith("sep=")):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise NoTable(f"row {start} cannot be read: {error}") from error


# --- XLSX --------------------------------------------------------------------------------------


def _xlsx(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    _check_zip(content)
    # 18 MB that only an import needs; it publishes no types.
    import openpyxl  # type: ignore[import-untyped]  # noqa: PLC0415 (see above)

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        for sheet in book.worksheets:
            # What the sheet says of its own size is often wrong, and then rows are missing.
            sheet.reset_dimensions()
            rows = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1)
            found = [
                (number, _cells(values))
                for number, values in zip(range(1, MOST_ROWS + 2), rows, strict=False)
            ]
            if any(any(cells) for _, cells in found):
                return iter(found)
    except _DAMAGE as error:
        raise NoTable(f"a damaged spreadsheet ({type(error).__name__})") from error
    return iter(())


def _check_zip(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise NoTable(f"unpacks to more than {MOST_UNPACKED // 2**20} MiB: split it")
            if "xl/workbook.xml" not in parts.namelist():
                raise NoTable("a zip file, and no spreadsheet in it")
            for part in parts.namelist():
                with parts.open(part) as file:
                    if b"<!DOCTYPE" in file.read(1024):
                        raise NoTable("a spreadsheet with definitions no office program writes")
    except _DAMAGE as error:
        raise NoTable(f"a damaged spreadsheet ({type(error).__name__})") from error


def _cells(values: Sequence[Any]) -> list[str]:
    """The cells as text, without the empty ones at the end."""
    cells = [_text(value) for value in values]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: Any) -> str:  # noqa: ANN401 (whatever a cell holds)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a telephone number somebody's Excel took for a quantity
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
