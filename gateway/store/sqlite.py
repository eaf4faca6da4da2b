"""
SQLite as an engine: WAL, synchronous=FULL, one connection for all writes and all checkpoints.

One connection, because SQLite before 3.51.3 can lose a commit when two connections write and
checkpoint in a tight race (sqlite.org/wal.html#walresetbug). A lock file keeps a second process
out. Readers open the file read-only.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import IO, cast

from gateway.store.engine import Connection, Words
from gateway.store.errors import StoreBusy

# How long a statement waits for another process's lock before the caller is told "not now".
BUSY_MS = 3_000
# A checkpoint copies pages and syncs twice: above 16 MiB when nobody waits (sooner, and the same
# pages are copied again and again while a backlog is worked off), in any case above 48 MiB (in
# pages of 4 KiB, by SQLite itself within a commit).
CHECKPOINT_IDLE = 16 << 20
CHECKPOINT_PAGES = 12_288
# For each connection. Keys are random, so each record touches a page of every index, and SQLite's
# own 2 MB do not hold them.
CACHE_KIB = 8 << 10

WORDS = {
    "now": "cast((julianday('now') - 2440587.5) * 86400000 as integer)",
    "id": "integer primary key",
    # A bigint here would be a second index beside the hidden rowid.
    "key": "integer primary key",
    "blob": "blob",
    "clustered": "without rowid",
    "lock": "",
    "hold": "",  # who writes does so alone
    "standbys": "select 1",
    "among": Words("in (select value from json_each(:%s))"),
    "each": Words("json_each(:%s) as asked"),
    "each_text": Words("json_each(:%s) as asked"),
    "joined": Words("group_concat(%s)"),
}


class _Reader(sqlite3.Connection):
    begin = "begin"


class _Writer(sqlite3.Connection):
    # At once as a writer, so that a lock is met here and not half-way.
    begin = "begin immediate"


class Sqlite:
    """The embedded engine; `path` is the database file."""

    name = "sqlite"
    mark = "?"
    weather: tuple[type[Exception], ...] = (sqlite3.OperationalError,)
    conflict: type[Exception] = sqlite3.IntegrityError
    errors: type[Exception] = sqlite3.Error

    def __init__(self, path: Path) -> None:
        self.path = path
        self._wal = Path(f"{path}-wal")
        self._lock_file: IO[str] | None = None

    def lock(self) -> None:
        """Keep other gateway processes away from this file until `unlock`."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = Path(f"{self.path}.lock")
        lock.touch(mode=0o600)
        self._lock_file = lock.open("a")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self._lock_file.close()
            raise StoreBusy(f"{self.path} is in use by another gateway process") from exc

    def unlock(self) -> None:
        """Let another process have the file."""
        if self._lock_file:
            self._lock_file.close()
            self._lock_file = None

    @staticmethod
    @lru_cache(maxsize=512)
    def spell(sql: str) -> str:
        """The statement with SQLite's words in place of the snippets."""
        return sql.format_map(WORDS) if "{" in sql else sql

    def connect(self, *, read_only: bool) -> Connection:
        """Open the file; the writer creates it readable by its owner alone."""
        if not read_only and not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        mode = "ro" if read_only else "rw"
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
            factory=_Reader if read_only else _Writer,
        )
        connection.execute(f"pragma busy_timeout = {BUSY_MS}")
        connection.execute(f"pragma cache_size = -{CACHE_KIB}")
        if read_only:
            connection.execute("pragma query_only = on")
        else:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute("pragma foreign_keys = on")
            # A key that was destroyed must be nowhere in the file; costs a microsecond per change.
            connection.execute("pragma secure_delete = on")
        return cast("Connection", connection)

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        """Begin, then commit, or roll back when the block raises."""
        connection.execute(cast("_Reader | _Writer", connection).begin)
        try:
            yield
            connection.execute("commit")
        except BaseException:
            # A full disk may have ended the transaction already.
            if cast("sqlite3.Connection", connection).in_transaction:
                connection.execute("rollback")
            raise

    def statement(self, connection: Connection) -> AbstractContextManager[None]:
        """Nothing: a statement outside a transaction is committed, or undone, by itself."""
        del connection
        return nullcontext()

    def many(self, connection: Connection, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Execute once per row."""
        cast("sqlite3.Connection", connection).executemany(sql, rows)

    def array(self, values: Sequence[object]) -> object:
        """A list as JSON, which json_each takes apart."""
        return json.dumps(values)

    def tend(self, connection: Connection, *, wholly: bool = False) -> None:
        """
        Move the log into the database when it has grown.

        `wholly`: also when it is short, for what was erased from the tables stands in it still.
        """
        try:
            size = self._wal.stat().st_size
        except FileNotFoundError:
            return
        if size > (0 if wholly else CHECKPOINT_IDLE):
            connection.execute("pragma wal_checkpoint(truncate)")

    def usable(self, connection: Connection) -> bool:
        """A SQLite connection goes on after an error, once the transaction is over."""
        return not cast("sqlite3.Connection", connection).in_transaction
