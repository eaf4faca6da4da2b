"""
The embedded central store: one SQLite file, made with sqlite-utils, easy to read with Datasette.

Pushes arrive in batches, one transaction each, in a thread of their own. A record is a row, its
latest revision wins, and pushing a revision again changes nothing. Whatever the disk or another
program does to the file is weather: the batch is tried later on a new connection. Updates are rows
somebody inserts into `case_updates`. Schema: sqlite_schema.py, sqlite_cases.py.
"""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

import msgspec

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder.central.cases import COMMENTS, Kept, comment_cells, said_cells
from forwarder.central.contract import Central
from forwarder.central.sqlite_cases import HAS_COMMENT, KEEP_ANCHOR, KEEP_COMMENT, entered
from forwarder.central.sqlite_cells import cells_of
from forwarder.central.sqlite_schema import COLUMNS, RECORDS, REVISIONS, prepare
from forwarder.central.sqlite_tools import Database
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Page
from normalizer.privacy_hidden import ERASED

# How long a write waits for another program that reads or copies the file.
BUSY_SECONDS = 3.0

# Rows to a statement: each statement gives the interpreter lock away and must win it back from a
# busy event loop.
MOST_ROWS = 16

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_CHANGES = ", ".join(f'"{name}" = excluded."{name}"' for name in COLUMNS if name != "record_id")
UPSERT = f"""
insert into {RECORDS} ({_NAMES}) values %s
on conflict (record_id) do update set {_CHANGES} where excluded.revision > {RECORDS}.revision
"""
KEEP = f"""
insert into {REVISIONS} (record_id, revision, document) values %s on conflict do nothing
"""
# The JSON of a record holds these words only as a field: in a text their quotes are escaped.
FORGET = f"""
delete from {REVISIONS} where record_id = ? and revision < ?
and (? or document not like '%"anonymous":true%')
"""
FORGET_COMMENTS = f"delete from {COMMENTS} where record_id = ?"
MERGE = f"insert into {RECORDS}_fts ({RECORDS}_fts) values ('optimize')"
HAS = f"select 1 from {REVISIONS} where record_id = ? and revision = ?"


_RECORD_ID, _REVISION = list(COLUMNS).index("record_id"), list(COLUMNS).index("revision")
_ANONYMOUS, _TEXT, _REMARKS = (
    list(COLUMNS).index(name) for name in ("anonymous", "text", "remarks")
)


class Row(NamedTuple):
    """What is written of a push."""

    revision: tuple[str, int, str]
    #: In the order of `COLUMNS`.
    cells: list[object]

    @property
    def forgets(self) -> tuple[str, int, bool] | None:
        """Which earlier revisions are to go: of an erased record all, else those with a name."""
        if not self.cells[_ANONYMOUS]:
            return None
        record_id, revision, _ = self.revision
        erased = not self.cells[_TEXT] and f'"{ERASED} on ' in str(self.cells[_REMARKS])
        return (record_id, revision, erased) if revision > 1 else None


class SqliteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a central store of kind sqlite."""

    #: Below the data directory unless absolute.
    path: str = "central.db"
    #: Hours ahead of UTC in the view `laporan`: WIB 7, WITA 8, WIT 9.
    utc_offset: Annotated[int, msgspec.Meta(ge=-12, le=14)] = 7
    #: Seconds between two looks for updates somebody entered; 0: nobody looks.
    poll: Annotated[float, msgspec.Meta(ge=0)] = 5.0


class SqliteCentral(Central):
    """Records in a file of the gateway's own machine."""

    kind: ClassVar[str] = "sqlite"
    Options = SqliteOptions
    takes_batches: ClassVar[bool] = True
    takes_anchors: ClassVar[bool] = True
    takes_comments = True

    def __init__(self, name: str, options: SqliteOptions, data: Path) -> None:
        super().__init__(name)
        self.path = data / options.path
        self.poll_every = options.poll or None
        self._utc_offset = options.utc_offset
        self._thread = ThreadPoolExecutor(1, f"central-{name}")
        self._db: Database | None = None

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Store a batch in one transaction."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._store, pushes)

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Whether this revision is in the history, or this comment among the comments."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._look_up, push)

    async def holds(self, cases: Sequence[Case]) -> Sequence[bool | None]:
        """Whether these revisions are in the history."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._held, cases)

    async def poll(self, cursor: str) -> Page | TryLater:
        """What officers entered since."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._entered, cursor)

    async def close(self) -> None:
        """Finish the batch under way and close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown()

    # --- in the thread -------------------------------------------------------------------------

    def _store(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        rows = [row_of(push) if push.kind == "record" else said_cells(push) for push in pushes]
        good = [row for row in rows if isinstance(row, Row)]
        kept = [row for row in rows if isinstance(row, Kept)]
        said = [row for row in rows if not isinstance(row, Row | Kept | Refused)]
        try:
            db = self._opened()
            with db.atomic():
                _insert(db, KEEP, [row.revision for row in good])
                _insert(db, UPSERT, [row.cells for row in good])
                db.conn.executemany(KEEP_COMMENT, said)
                db.conn.executemany(KEEP_ANCHOR, kept)
                forgotten = self._forget(db, good)
            if forgotten:
                db.conn.execute("pragma wal_checkpoint(truncate)")
        except (sqlite3.Error, OSError) as exc:
            self._let_go()
            weather = TryLater(reason=f"{self.path.name}: {exc}")
            return [row if isinstance(row, Refused) else weather for row in rows]
        return [row if isinstance(row, Refused) else Receipt() for row in rows]

    def _forget(self, db: Database, rows: Sequence[Row]) -> bool:
        """Earlier revisions that tell what a record must not tell any more; whether there were."""
        hiding = [row.forgets for row in rows if row.forgets]
        if not hiding or db.conn.executemany(FORGET, hiding).rowcount <= 0:
            return False
        erased = [(record_id,) for record_id, _, whole in hiding if whole]
        db.conn.executemany(FORGET_COMMENTS, erased)
        # A word that was taken out stays in the search index until its parts are merged.
        db.conn.execute(MERGE)
        return True

    def _look_up(self, push: Push) -> Receipt | Uncertain | None:
        said = comment_cells(push) if push.kind == "comment" else (push.record_id, push.revision)
        if isinstance(said, Refused):
            return None
        try:
            ask = self._opened().conn.execute
            if push.kind == "comment":
                row = ask(HAS_COMMENT, said[:1]).fetchone()
            else:
                row = ask(HAS, said).fetchone()
        except (sqlite3.Error, OSError) as exc:
            self._let_go()
            return Uncertain(reason=f"{self.path.name}: {exc}")
        return Receipt() if row else None

    def _held(self, cases: Sequence[Case]) -> Sequence[bool | None]:
        try:
            ask = self._opened().conn.execute
            return [bool(ask(HAS, (one.record_id, one.revision)).fetchone()) for one in cases]
        except (sqlite3.Error, OSError):
            self._let_go()
            return [None] * len(cases)

    def _entered(self, cursor: str) -> Page | TryLater:
        try:
            return entered(self._opened().conn, cursor, self._utc_offset)
        except (sqlite3.Error, OSError) as exc:
            self._let_go()
            return TryLater(reason=f"{self.path.name}: {exc}")

    def _opened(self) -> Database:
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Complaints are nobody else's to read; sqlite3 would follow the umask.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
            # What is deleted is overwritten: it may be a name.
            connection.execute("pragma secure_delete = on")
            try:
                db = Database(connection)
                prepare(db, self._utc_offset)
            except BaseException:
                connection.close()
                raise
            self._db = db
        return self._db

    def _let_go(self) -> None:
        if self._db is not None:
            self._db.conn.close()
            self._db = None


def _insert(db: Database, statement: str, rows: Sequence[Sequence[object]]) -> None:
    """Write rows, as many to a statement as it takes."""
    for start in range(0, len(rows), MOST_ROWS):
        chunk = rows[start : start + MOST_ROWS]
        values = [*chain.from_iterable(chunk)]
        db.conn.execute(_of_rows(statement, len(chunk), len(chunk[0])), values)


@lru_cache(maxsize=4 * MOST_ROWS)
def _of_rows(statement: str, rows: int, columns: int) -> str:
    marks = f"({', '.join('?' * columns)})"
    return statement % ", ".join([marks] * rows)


def row_of(push: Push) -> Row | Refused:
    """The record as column values; a document that fits no column is for a person to see."""
    try:
        cells = cells_of(push.document)
        text = push.document.decode()
    except (ValueError, OverflowError) as exc:
        return Refused(reason=f"the document cannot be stored: {type(exc).__name__}")
    named = (cells[_RECORD_ID], cells[_REVISION])
    if named != (push.record_id, push.revision):
        return Refused(reason="the document is not the record it is sent as")
    return Row(revision=(push.record_id, push.revision, text), cells=cells)
