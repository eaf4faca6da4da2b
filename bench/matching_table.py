"""A table of fingerprints, filled with invented reports, on either engine."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import psycopg
from postgres import running_postgres

from bench.edits import report
from forwarder.ports import Transaction
from gateway.store.engine import BoundTransaction
from gateway.store.postgres import Postgres
from gateway.store.sqlite import Sqlite
from normalizer.fingerprint import Fingerprints

TABLE = """
create table fingerprints (key bigint not null, received_at bigint not null,
    number bigint not null, primary key (key, received_at, number))
"""
# Filling is not measured, and keys come in no order.
FILLING_CACHE = "pragma cache_size = -1000000"
PAGE = 50_000
BEGAN = 1_700_000_000_000
MINUTE = 60_000
NANO = 1_000_000_000

Row = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A table that can be asked."""

    tx: Transaction
    stored: int
    bytes: int
    #: What a look-up is timed by: CPU seconds, of ours and of the server's process.
    clock: Callable[[], float]


@contextmanager
def on_sqlite(stored: int, made: Fingerprints) -> Iterator[Filled]:
    """The embedded engine, asked as the gateway asks it."""
    with TemporaryDirectory(prefix="lapor-bench-") as folder:
        engine = Sqlite(Path(folder) / "bench.db")
        writer = engine.connect(read_only=False)
        writer.execute("pragma synchronous = off")
        writer.execute(FILLING_CACHE)
        writer.execute(f"{TABLE} without rowid")
        insert = "insert or ignore into fingerprints values (:key, :at, :number)"
        for page in _pages(stored, made):
            rows = [{"key": key, "at": at, "number": number} for key, at, number in page]
            with engine.transaction(writer):
                engine.many(writer, insert, rows)
        writer.execute("pragma wal_checkpoint(truncate)")
        writer.close()
        with closing(engine.connect(read_only=True)) as reader:
            tx = cast("Transaction", BoundTransaction(engine, reader))
            size = engine.path.stat().st_size
            yield Filled(tx=tx, stored=stored, bytes=size, clock=time.process_time)


@contextmanager
def on_postgres(stored: int, made: Fingerprints) -> Iterator[Filled]:
    """The tests' server."""
    with running_postgres(lambda _: None) as server:
        url = server.database()
        try:
            with psycopg.connect(url, autocommit=True) as writer:
                writer.execute(TABLE)
                for page in _pages(stored, made):
                    _copy(writer, page)
                writer.execute("vacuum analyze fingerprints")
                size = writer.execute("select pg_total_relation_size('fingerprints')").fetchone()
            engine = Postgres(url)
            with closing(engine.connect(read_only=True)) as reader:
                tx = cast("Transaction", BoundTransaction(engine, reader))
                served = tx.one("select pg_backend_pid()")
                assert size and served  # noqa: S101, PT018 (narrows the types: both have a row)
                clock = _clock_with(Path(f"/proc/{served[0]}/schedstat"))
                yield Filled(tx=tx, stored=stored, bytes=size[0], clock=clock)
        finally:
            server.drop(url)


def _clock_with(server: Path) -> Callable[[], float]:
    """Our CPU time and the server's; the time that passes where the server is elsewhere."""
    if not server.exists():
        return time.perf_counter
    return lambda: time.process_time() + int(server.read_text().split()[0]) / NANO


def _copy(writer: "psycopg.Connection[tuple[int]]", rows: Iterable[Row]) -> None:
    with writer.cursor() as cursor, cursor.copy("copy fingerprints from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _pages(stored: int, made: Fingerprints) -> Iterator[list[Row]]:
    """A report a minute."""
    for start in range(0, stored, PAGE):
        numbers = range(start, min(start + PAGE, stored))
        yield [
            (key, BEGAN + number * MINUTE, number)
            for number in numbers
            for key in made.of_words(report(number))
        ]
