"""The officer's list as a table, CSV or XLSX, for typing in many records at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway import sheets
from gateway.handoff import FIELDS, Task, form_of

HEAD = ("Kode", "Pekerjaan", "No. SP4N", *FIELDS, "Tambahan pelapor")


def rows_of(tasks: Sequence[Task], categories: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """One row for each task, in the order of `HEAD`."""
    for task in tasks:
        form = (
            [value for _, value in form_of(task.record, categories)]
            if task.record
            else [""] * len(FIELDS)
        )
        work = "ubah" if task.tracking_id else "baru"
        said = "\n".join(said_of(comment.text, solved=comment.solved) for comment in task.comments)
        yield (task.case_code, work, task.tracking_id, *form, said)


def as_csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    """UTF-8 with the mark that spreadsheets want to see."""
    return sheets.as_csv(HEAD, rows)


def as_xlsx(rows: Iterable[tuple[str, ...]]) -> bytes:
    """A workbook of one sheet."""
    return sheets.as_xlsx(sheets.Sheet(name="Laporan", head=HEAD, rows=rows))


def said_of(text: str, *, solved: bool | None) -> str:
    """What a citizen added, with their word on whether it is solved."""
    verdict = {True: "[selesai] ", False: "[belum selesai] ", None: ""}[solved]
    return f"{verdict}{text}"
