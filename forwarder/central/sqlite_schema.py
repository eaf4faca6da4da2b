"""
The schema of the embedded central store, made to be looked at: `datasette data/central.db`.

    records           one row per record, its latest revision, a column per field of the record
    record_revisions  every revision as it came
    laporan           a view for reading: the words of an officer, local time
    records_fts       word search over title and text, kept by triggers
    cases             a view: the timeline of each case, see sqlite_cases.py

Columns follow `normalizer.record.Record`: a field added there is added here at the next start.
"""

import sqlite3
import types
import typing

import msgspec

from forwarder.central.sqlite_cases import NOW, make_cases
from forwarder.central.sqlite_tools import Database, Table
from normalizer.record import Record

RECORDS = "records"
REVISIONS = "record_revisions"
VIEW = "laporan"
SEARCHED = ("title", "clean_text", "text")
INDEXED = ("received_at", "channel", "case_code", "external_id")

VIEW_SQL = """
select case_code as kode,
       datetime(received_at, '{offset:+d} hours') as diterima,
       channel as kanal,
       json_extract("type", '$.value') as jenis,
       json_extract(topic, '$.value') as topik,
       json_extract(agency, '$.value') as instansi,
       json_extract(urgency, '$.value') as urgensi,
       json_extract(place, '$.name') as tempat,
       title as judul,
       text as isi,
       json_extract(duplicate, '$.of') as ulangan_dari,
       record_id
from records order by received_at desc
"""


def _column_type(annotation: object) -> type:
    """The SQL type for a field: numbers as such, everything else text or JSON text."""
    if isinstance(annotation, types.UnionType):
        known = [one for one in typing.get_args(annotation) if one is not types.NoneType]
        annotation = known[0] if len(known) == 1 else str
    return annotation if annotation in {int, float, bool} else str


#: Column names and their types, in the order of the record's fields.
COLUMNS: dict[str, type] = {
    field.name: _column_type(field.type) for field in msgspec.structs.fields(Record)
}


def prepare(db: Database, utc_offset: int) -> None:
    """Make what is missing, one transaction for all of it; existing rows stay as they are."""
    db.enable_wal()
    db.execute("pragma synchronous = full")
    with db.atomic():
        _make_records(db)
        _make_revisions(db)
        make_cases(db, utc_offset)
        db.create_view(VIEW, VIEW_SQL.format(offset=utc_offset).strip(), replace=True)


def _make_records(db: Database) -> None:
    records = _table(db, RECORDS)
    if not records.exists():
        records.create(COLUMNS, pk="record_id", not_null={"record_id", "revision"})
    present = records.columns_dict
    for name, kind in COLUMNS.items():
        if name not in present:
            records.add_column(name, kind)
    for name in INDEXED:
        records.create_index([name], if_not_exists=True)
    if not records.detect_fts():
        records.enable_fts(SEARCHED, create_triggers=True, tokenize="unicode61")


def _make_revisions(db: Database) -> None:
    revisions = _table(db, REVISIONS)
    if not revisions.exists():
        revisions.create(
            {"record_id": str, "revision": int, "stored_at": str, "document": str},
            pk=("record_id", "revision"),
            not_null={"document"},
            defaults={"stored_at": NOW},
        )


def _table(db: Database, name: str) -> Table:
    table = db.table(name)
    if not isinstance(table, Table):
        raise sqlite3.DatabaseError(f"{name} is a view here: this file was made by somebody else")
    return table
