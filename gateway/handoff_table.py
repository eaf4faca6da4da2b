"""
The officer's list as a table, CSV or XLSX, for typing in many records at a time.

What citizens wrote is never a formula: a cell that a spreadsheet would run gets an apostrophe in
CSV and is marked as text in XLSX.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.handoff import FIELDS, Task, form_of

HEAD = ("Kode", "Pekerjaan", "No. SP4N", *FIELDS, "Tambahan pelapor")
# A cell that begins like this is run as a formula by spreadsheets.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What a cell of a spreadsheet holds.
LONGEST = 32_767


def rows_of(tasks: Sequence[Task], categories: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """One row for each task, in the order of `HEAD`."""
    for task in tasks:
        form = (
            [value for _, value in form_of(task.record, categories)]
            if task.record
            else [""] * len(FIELDS)
        )
        work = "ubah" if task.tracking_id else "baru"
        said = "\n".join(_said(comment.text, solved=comment.solved) for comment in task.comments)
        yield (task.case_code, work, task.tracking_id, *form, said)


def as_csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    """UTF-8 with the mark that spreadsheets want to see."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(HEAD)
    table.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def as_xlsx(rows: Iterable[tuple[str, ...]]) -> bytes:
    """A workbook of one sheet."""
    # The daemon reads this module too and never writes a workbook: 18 MB it need not have.
    from openpyxl import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Laporan")
    sheet.append(HEAD)
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, NO_XML.sub("", value)[:LONGEST])
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _said(text: str, *, solved: bool | None) -> str:
    verdict = {True: "[selesai] ", False: "[belum selesai] ", None: ""}[solved]
    return f"{verdict}{text}"
