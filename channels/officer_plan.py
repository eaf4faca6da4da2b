"""
What an import would do, before it does it: which column is what, which rows are good, which not.

A row is bad when there is nothing to report in it; everything else is doubt, and a row with a doubt
is imported all the same. Deliveries come from the plan alone, so the import does what was shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from channels.contract import Delivery
from channels.officer_columns import HEADINGS, JOINED, heading_row, recognise
from channels.officer_dates import WIB_HOURS, read_date
from channels.officer_found import Found, external_id, says_nothing
from channels.officer_table import NoTable, Row, Table

_SHOWN = 60
_TEXTS = ("id", "text", "title", "author", "contact", "place", "topic", "link")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A row that would be imported."""

    number: int
    found: Found
    #: What could not be read in it and is left out: "the date is not clear".
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A row that would not."""

    number: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import of one table would do."""

    name: str
    how: str
    #: Each heading with the field it stands for, or "".
    columns: tuple[tuple[str, str], ...]
    good: tuple[Planned, ...]
    bad: tuple[Bad, ...]


def plan(
    table: Table, mapping: Mapping[str, str] | None = None, *, utc_hours: int = WIB_HOURS
) -> Plan:
    """
    The plan for a table; `mapping` names headings for fields where they are not recognised.

    Raises NoTable for a mapping that names what is not there, and for a table without any column
    that could be a complaint.
    """
    position = heading_row(table.rows)
    headings = table.rows[position].cells
    columns = recognise(headings) | _mapped(headings, mapping or {})
    if not columns.keys() & {"text", "link"}:
        raise NoTable(f"no column is recognised as text or link; there are: {_list(headings)}")
    rows = [_read(row, headings, columns, utc_hours) for row in table.rows[position + 1 :]]
    if _repeats_ids(rows):  # a district's code, not the report's
        del columns["id"]
        rows = [_read(row, headings, columns, utc_hours) for row in table.rows[position + 1 :]]
    good, bad = _sorted_out(rows)
    fields = {column: field for field, among in columns.items() for column in among}
    return Plan(
        name=table.name,
        how=table.how,
        columns=tuple((heading, fields.get(number, "")) for number, heading in enumerate(headings)),
        good=tuple(good),
        bad=tuple(bad),
    )


def deliveries(plan: Plan, source: str, by: str = "") -> list[Delivery]:
    """
    The good rows as journal entries; equal for equal rows, so a second import adds nothing.

    `source` names the other system; rows with an id of their own are known by both.
    """
    kept = [msgspec.structs.replace(row.found, system=source, by=by) for row in plan.good]
    return [
        Delivery(external_id=external_id(found), payload=msgspec.json.encode(found))
        for found in kept
    ]


def preview(plan: Plan, rows: int = 5) -> Iterator[str]:
    """Lines for a person: how it was read, the columns, the first rows, and what is wrong."""
    yield f"{plan.name}: {plan.how}"
    for heading, field in plan.columns:
        yield f"  {heading or '(no heading)'} -> {field or 'kept, not used'}"
    yield f"{len(plan.good)} rows can be imported, {len(plan.bad)} cannot"
    for row in plan.good[:rows]:
        text = " ".join((row.found.text or row.found.link).split())
        yield f"  row {row.number}: {text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}"
    for row in plan.good:
        for doubt in row.doubts:
            yield f"  row {row.number}: {doubt}"
    for bad in plan.bad:
        yield f"  row {bad.number}: not imported, {bad.why}"


def _mapped(headings: Sequence[str], mapping: Mapping[str, str]) -> dict[str, list[int]]:
    found = {}
    for field, heading in mapping.items():
        if field not in HEADINGS:
            raise NoTable(f"{field} is no field; there are: {_list(tuple(HEADINGS))}")
        if heading not in headings:
            raise NoTable(f"there is no column {heading}; there are: {_list(headings)}")
        found[field] = [headings.index(heading)]
    return found


def _repeats_ids(rows: Sequence[Planned]) -> bool:
    """Whether two different reports have the same id."""
    texts: dict[str, str] = {}
    return any(
        texts.setdefault(row.found.id, row.found.text) != row.found.text
        for row in rows
        if row.found.id
    )


def _sorted_out(rows: Sequence[Planned]) -> tuple[list[Planned], list[Bad]]:
    good: list[Planned] = []
    bad: list[Bad] = []
    seen: dict[str, int] = {}
    for row in rows:
        first = seen.setdefault(external_id(row.found), row.number)
        if says_nothing(row.found):
            bad.append(Bad(number=row.number, why="there is neither text nor link in it"))
        elif first != row.number:
            bad.append(Bad(number=row.number, why=f"it is row {first} again"))
        else:
            good.append(row)
    return good, bad


def _read(
    row: Row, headings: Sequence[str], columns: Mapping[str, Sequence[int]], utc_hours: int
) -> Planned:
    told: dict[str, str] = {}
    names = _names(headings, len(row.cells))
    other = {names[column]: cell for column, cell in enumerate(row.cells) if cell}
    for field, among in columns.items():
        says = [column for column in among if _cell(row, column)]
        taken = says if field in JOINED else says[:1]
        told[field] = ", ".join(_cell(row, column) for column in taken)
        for column in taken:
            other.pop(names[column], None)
    written_at = read_date(told.get("written_at", ""), utc_hours)
    unclear = bool(told.get("written_at")) and written_at is None
    found = Found(
        **{name: told.get(name, "") for name in _TEXTS},  # type: ignore[arg-type]  # all of them texts
        written_at=written_at,
        lat=_degrees(told.get("lat", "")),
        lon=_degrees(told.get("lon", "")),
        other=other | ({"written_at": told["written_at"]} if unclear else {}),
    )
    return Planned(number=row.number, found=found, doubts=("the date is not clear",) * unclear)


def _names(headings: Sequence[str], width: int) -> list[str]:
    """A name for each cell of a row, also where its heading is empty, missing or there twice."""
    shown = [*headings, *[""] * (width - len(headings))]
    return [
        heading if heading and heading not in shown[:column] else f"{heading} [{column + 1}]"
        for column, heading in enumerate(shown)
    ]


def _cell(row: Row, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""


def _degrees(written: str) -> float | None:
    """Degrees with a point or, as an Indonesian Excel writes them, a comma."""
    try:
        return float(written.replace(",", "."))
    except ValueError:
        return None


def _list(names: Sequence[str]) -> str:
    return ", ".join(name for name in names if name)
