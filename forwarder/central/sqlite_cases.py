"""
The timeline of cases in the embedded store: its tables, its view, and reading what officers enter.

SQLite hands out the numbers of `case_updates` in the order of commits and never twice, so the
number itself is where to go on.
"""

import sqlite3

from forwarder.central.cases import (
    ANCHORS,
    COMMENT_COLUMNS,
    COMMENTS,
    KINDS,
    PAGE,
    TIMELINE,
    UPDATES,
    update_of,
)
from forwarder.central.sqlite_tools import Database
from forwarder.update import Page

NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
_KINDS = ", ".join(f"'{kind}'" for kind in KINDS)

TABLES = (
    f"""
    create table if not exists {COMMENTS} (
        comment_id text primary key,
        record_id text not null,
        at text not null,
        text text not null,
        solved integer
    )
    """,
    f"""
    create table if not exists {ANCHORS} (
        digest text primary key,
        document text not null,
        stored_at text not null default ({NOW})
    )
    """,
    f"create index if not exists {COMMENTS}_of on {COMMENTS} (record_id)",
    f"""
    create table if not exists {UPDATES} (
        id integer primary key autoincrement,
        record_id text,
        case_code text,
        at text not null default ({NOW}) check (datetime(at) is not null),
        kind text check (kind in ({_KINDS})),
        status text not null default '',
        text text not null default '',
        agency text not null default '',
        entered_by text,
        check (record_id is not null or case_code is not null),
        check (kind is not null or status <> '' or text <> '' or agency <> '')
    )
    """,
    f"create index if not exists {UPDATES}_of on {UPDATES} (record_id)",
    f"create index if not exists {UPDATES}_of_code on {UPDATES} (case_code)",
    # Whoever mistypes a code hears of it at once, and no update is lost in silence.
    f"""
    create trigger if not exists {UPDATES}_known before insert on {UPDATES}
    when not exists (
        select 1 from records where record_id = new.record_id or case_code = new.case_code)
    begin select raise(abort, 'there is no such case'); end
    """,
)
# One line for each thing that happened to a case, with the words of an officer.
VIEW_SQL = f"""
select r.case_code as kode, datetime(t.at, '{{offset:+d}} hours') as waktu, t.peristiwa, t.status,
       t.isi, t.instansi, r.record_id
from records r join (
    select record_id, stored_at as at,
           case when revision = 1 then 'laporan masuk' else 'laporan diperbarui' end as peristiwa,
           null as status, 'revisi ' || revision as isi, null as instansi
    from record_revisions
    union all
    select record_id, at, 'tambahan pelapor', case solved when 1 then 'selesai' when 0 then 'belum'
           end, text, null
    from {COMMENTS}
    union all
    select coalesce(u.record_id, c.record_id), u.at, coalesce(u.kind, 'status'), u.status, u.text,
           u.agency
    from {UPDATES} u left join records c on c.case_code = u.case_code
) t on t.record_id = r.record_id
order by r.case_code, t.at
"""
KEEP_COMMENT = f"""
insert into {COMMENTS} ({", ".join(COMMENT_COLUMNS)})
values ({", ".join("?" * len(COMMENT_COLUMNS))}) on conflict do nothing
"""
KEEP_ANCHOR = f"insert into {ANCHORS} (digest, document) values (?, ?) on conflict do nothing"
HAS_COMMENT = f"select 1 from {COMMENTS} where comment_id = ?"
ENTERED = f"""
select u.id, coalesce(u.record_id, r.record_id), u.at, u.kind, u.status, u.text, u.agency
from {UPDATES} u left join records r on r.case_code = u.case_code
where u.id > ? order by u.id limit {PAGE}
"""


def make_cases(db: Database, utc_offset: int) -> None:
    """Make what is missing."""
    for statement in TABLES:
        db.execute(statement)
    db.create_view(TIMELINE, VIEW_SQL.format(offset=utc_offset).strip(), replace=True)


def entered(connection: sqlite3.Connection, cursor: str, utc_offset: int) -> Page:
    """What was entered behind `cursor`, the number of the last row seen."""
    rows = connection.execute(ENTERED, (int(cursor or 0),)).fetchall()
    return Page(
        updates=tuple(update_of(row, utc_offset) for row in rows if row[1]),
        cursor=str(rows[-1][0]) if rows else cursor,
        more=len(rows) == PAGE,
    )
