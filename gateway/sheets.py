"""
Tables to take away, CSV and XLSX: one way for all lists an officer exports.

What citizens wrote is never a formula: a cell that a spreadsheet would run gets an apostrophe in
CSV and is marked as text in XLSX. Numbers stay numbers.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Cell = str | int | float | None

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A cell that begins like this is run as a formula by spreadsheets.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What a cell of a spreadsheet holds, and the name of a sheet.
LONGEST = 32_767
LONGEST_NAME = 31
NO_NAME = re.compile(r"[\[\]:*?/\\]")
# Of a column, in characters.
NARROWEST, WIDEST = 9, 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table with its head."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with the mark that spreadsheets want to see."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow([harmless(cell) for cell in head])
    table.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def as_xlsx(*sheets: Sheet) -> bytes:
    """A workbook; the head of each sheet stays in sight and has filters."""
    # The daemon reads this module too and seldom writes a workbook: 18 MB it need not have.
    from openpyxl import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]  # noqa: PLC0415
    from openpyxl.styles import Font  # type: ignore[import-untyped]  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]  # noqa: PLC0415

    book = Workbook(write_only=True)
    bold = Font(bold=True)
    for one in sheets:
        table = book.create_sheet(NO_NAME.sub(" ", one.name)[:LONGEST_NAME])
        rows = [list(row) for row in one.rows]
        for number, width in enumerate(_widths(one.head, rows), start=1):
            table.column_dimensions[get_column_letter(number)].width = width
        table.freeze_panes = "A2"
        table.auto_filter.ref = f"A1:{get_column_letter(len(one.head))}{len(rows) + 1}"
        for number, row in enumerate([one.head, *rows]):
            cells = []
            for value in row:
                cell = WriteOnlyCell(table, _plain(value))
                if isinstance(value, str):
                    cell.data_type = "s"
                if number == 0:
                    cell.font = bold
                cells.append(cell)
            table.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def harmless(cell: Cell) -> Cell:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _plain(value: Cell) -> Cell:
    return NO_XML.sub("", value)[:LONGEST] if isinstance(value, str) else value


def _widths(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[int]:
    longest = [len(name) for name in head]
    for row in rows:
        for at, value in enumerate(row):
            longest[at] = max(longest[at], len(str(value).partition("\n")[0]))
    return [min(WIDEST, max(NARROWEST, length + 2)) for length in longest]
