"""
The tables of a central store in somebody's PostgreSQL database; the same as the embedded store's.

    records  record_revisions  case_comments  case_updates  and the views  laporan  cases

Whether they are made by us or by an administrator is a setting; what rights the gateway's account
needs then is told in docs/central-sql.md.
"""

import types
import typing
from datetime import datetime

import msgspec

from forwarder.central.cases import ANCHORS, COMMENT_COLUMNS, COMMENTS, KINDS, TIMELINE, UPDATES
from forwarder.central.sqlite_schema import INDEXED, RECORDS, REVISIONS, VIEW
from normalizer.record import Record

TYPES: dict[object, str] = {
    int: "bigint",
    float: "double precision",
    bool: "boolean",
    datetime: "timestamptz",
}
_KINDS = ", ".join(f"'{kind}'" for kind in KINDS)


def _column_type(annotation: object) -> str:
    """Plain values by their own type, what has parts as jsonb."""
    if isinstance(annotation, types.UnionType):
        known = [one for one in typing.get_args(annotation) if one is not types.NoneType]
        annotation = known[0]
    if annotation is str or typing.get_origin(annotation) is typing.Literal:
        return "text"
    return TYPES.get(annotation, "jsonb")


#: Column names and their types, in the order of the record's fields.
COLUMNS: dict[str, str] = {
    field.name: _column_type(field.type) for field in msgspec.structs.fields(Record)
}

_DEFINED = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_VALUES = ", ".join(f"%s::{kind}" for kind in COLUMNS.values())
_CHANGES = ", ".join(f'"{name}" = excluded."{name}"' for name in COLUMNS if name != "record_id")

UPSERT = f"""
insert into {RECORDS} ({_NAMES}) values ({_VALUES})
on conflict (record_id) do update set {_CHANGES} where excluded.revision > {RECORDS}.revision
"""
KEEP = f"""
insert into {REVISIONS} (record_id, revision, document) values (%s, %s, %s)
on conflict do nothing
"""
KEEP_COMMENT = f"""
insert into {COMMENTS} ({", ".join(COMMENT_COLUMNS)})
values (%s, %s, %s::timestamptz, %s, %s) on conflict do nothing
"""
KEEP_ANCHOR = f"insert into {ANCHORS} (digest, document) values (%s, %s) on conflict do nothing"
# The JSON of a record holds these words only as a field: in a text their quotes are escaped.
FORGET = f"""
delete from {REVISIONS} where record_id = %s and revision < %s
and (%s or document not like '%%"anonymous":true%%')
"""
FORGET_COMMENTS = f"delete from {COMMENTS} where record_id = %s"
HAS = f"select 1 from {REVISIONS} where record_id = %s and revision = %s"
HAS_COMMENT = f"select 1 from {COMMENTS} where comment_id = %s"
HELD = f"""
select asked.number from unnest(%s::text[], %s::bigint[]) with ordinality
    as asked(record_id, revision, number)
join {REVISIONS} r on r.record_id = asked.record_id and r.revision = asked.revision
"""
# A row may be seen only after every transaction that began before its own has ended; else one that
# commits late would stay behind the cursor for ever.
ENTERED = f"""
select entered, id, record_id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    kind, status, text, agency
from {UPDATES}
where (entered, id) > (%s::text::xid8, %s) and entered < pg_snapshot_xmin(pg_current_snapshot())
order by entered, id limit %s
"""

#: Made in this order, each only where it is missing; {schema} is quoted already.
MAKE: tuple[str, ...] = (
    "create schema if not exists {schema}",
    f"create table if not exists {RECORDS} ({_DEFINED}, primary key (record_id))",
    *(f'alter table {RECORDS} add column if not exists "{n}" {k}' for n, k in COLUMNS.items()),
    *(f"create index if not exists {RECORDS}_{name} on {RECORDS} ({name})" for name in INDEXED),
    f"""
    create table if not exists {REVISIONS} (
        record_id text not null,
        revision bigint not null,
        stored_at timestamptz not null default now(),
        document text not null,
        primary key (record_id, revision)
    )
    """,
    f"""
    create table if not exists {COMMENTS} (
        comment_id text primary key,
        record_id text not null,
        at timestamptz not null,
        text text not null,
        solved boolean
    )
    """,
    f"""
    create table if not exists {ANCHORS} (
        digest text primary key,
        document text not null,
        stored_at timestamptz not null default now()
    )
    """,
    f"create index if not exists {COMMENTS}_of on {COMMENTS} (record_id)",
    f"""
    create table if not exists {UPDATES} (
        id bigint generated always as identity primary key,
        entered xid8 not null default pg_current_xact_id(),
        record_id text not null,
        case_code text,
        at timestamptz not null default now(),
        kind text check (kind in ({_KINDS})),
        status text not null default '',
        text text not null default '',
        agency text not null default '',
        entered_by text not null default current_user,
        check (kind is not null or status <> '' or text <> '' or agency <> '')
    )
    """,
    f"create index if not exists {UPDATES}_of on {UPDATES} (record_id)",
    f"create index if not exists {UPDATES}_entered on {UPDATES} (entered, id)",
    f"""
    create or replace function {UPDATES}_known() returns trigger language plpgsql as $$
    begin
        select r.record_id into new.record_id from {{schema}}.{RECORDS} r
        where r.record_id = new.record_id or r.case_code = new.case_code limit 1;
        if new.record_id is null then raise exception 'there is no such case'
            using errcode = 'integrity_constraint_violation'; end if;
        new.entered := pg_current_xact_id();
        return new;
    end $$
    """,
    f"""
    create or replace trigger {UPDATES}_known before insert on {UPDATES}
    for each row execute function {UPDATES}_known()
    """,
    f"""
    create or replace view {VIEW} as
    select case_code as kode, received_at at time zone '{{zone}}' as diterima, channel as kanal,
           "type" ->> 'value' as jenis, topic ->> 'value' as topik, agency ->> 'value' as instansi,
           urgency ->> 'value' as urgensi, place ->> 'name' as tempat, title as judul, text as isi,
           duplicate ->> 'of' as ulangan_dari, record_id
    from {RECORDS} order by received_at desc
    """,
    f"""
    create or replace view {TIMELINE} as
    select r.case_code as kode, t.at at time zone '{{zone}}' as waktu, t.peristiwa, t.status,
           t.isi, t.instansi, r.record_id
    from {RECORDS} r join (
        select record_id, stored_at as at,
               case when revision = 1 then 'laporan masuk' else 'laporan diperbarui' end
               as peristiwa, null as status, 'revisi ' || revision as isi, null as instansi
        from {REVISIONS}
        union all
        select record_id, at, 'tambahan pelapor',
               case solved when true then 'selesai' when false then 'belum' end, text, null
        from {COMMENTS}
        union all
        select record_id, at, coalesce(kind, 'status'), status, text, agency from {UPDATES}
    ) t on t.record_id = r.record_id
    order by r.case_code, t.at
    """,
)
