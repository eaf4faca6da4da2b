"""
The two ends of a move: what it asks of an engine beyond what the gateway does.

Reading a table from end to end without holding it in memory, loading many rows, keeping gateways
away, and setting numbers on behind the highest that was given.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import urlsplit

from forwarder.ports import Row, Transaction
from gateway.moving.shapes import Shape, shapes_of
from gateway.store import StoreBusy, StoreError, StoreUnavailable
from gateway.store.engine import BoundTransaction, Connection, Engine
from gateway.store.sqlite import Sqlite
from gateway.store.store import engine_for

if TYPE_CHECKING:
    import sqlite3

    import psycopg

# What PostgreSQL sends at a time; a payload may have 25 MB.
ROWS_AT_ONCE, LARGE_ROWS_AT_ONCE = 2_000, 20
# The server notices that a process is gone when it next writes to it.
GONE_SECONDS = 20.0
OURS = "lapor-gateway migrate-store"


class Side:
    """One database, kept for this process alone until `close`."""

    CATALOGUE: ClassVar[str]

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self.engine = engine
        self.connection = connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction; what the engine has to say against it is told without the rows."""
        try:
            with self.engine.transaction(self.connection):
                yield BoundTransaction(self.engine, self.connection)
        except self.engine.weather as exc:
            raise StoreUnavailable(
                f"{self.engine.name} failed ({type(exc).__name__}): "
                "call again, it goes on where it was"
            ) from exc
        except self.engine.errors as exc:
            raise StoreError(f"{self.engine.name} refused it ({type(exc).__name__})") from exc

    def shapes(self) -> dict[str, Shape]:
        """Every table by its name."""
        with self.transaction() as tx:
            return shapes_of(tx.all(self.CATALOGUE))

    def keep_others_away(self) -> None:
        """Refuse with StoreBusy while somebody else is at work on it."""

    def stream(self, shape: Shape, statement: str, **parameters: object) -> Iterator[Row]:
        """Rows one after the other; nothing else may be asked of this side meanwhile."""
        raise NotImplementedError

    def load(self, shape: Shape, rows: Sequence[Row]) -> None:
        """Put rows with these columns into a table of this side, within a transaction."""
        raise NotImplementedError

    def fit(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows as this side can hold them; the same list where it can."""
        return rows

    def settle(self, shapes: Mapping[str, Shape]) -> None:
        """What is to be done once all rows are there."""

    def close(self) -> None:
        """Let others have it."""
        self.connection.close()


class SqliteSide(Side):
    """A file, locked as the gateway locks it."""

    CATALOGUE = """
    select t.name, c.name, c.type, c.pk, 0 from sqlite_master t, pragma_table_info(t.name) c
    where t.type = 'table' and t.name not like 'sqlite#_%' escape '#' order by t.name, c.cid
    """

    def stream(self, shape: Shape, statement: str, **parameters: object) -> Iterator[Row]:
        """SQLite makes each row when it is asked for."""
        del shape
        server = cast("sqlite3.Connection", self.connection)
        with self.transaction(), closing(server.execute(statement, parameters)) as rows:
            yield from rows

    def load(self, shape: Shape, rows: Sequence[Row]) -> None:
        """One prepared statement for all rows."""
        marks = ", ".join("?" * len(shape.columns))
        insert = f"insert into {shape.name} ({', '.join(shape.columns)}) values ({marks})"
        cast("sqlite3.Connection", self.connection).executemany(insert, rows)

    def close(self) -> None:
        """Give the lock back too."""
        super().close()
        cast("Sqlite", self.engine).unlock()


class PostgresSide(Side):
    """A database of a server, on which no gateway may be at work."""

    CATALOGUE = """
    select c.table_name, c.column_name, c.data_type, coalesce(k.ordinal_position, 0),
           c.is_identity = 'YES'
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    left join information_schema.table_constraints p on p.table_schema = c.table_schema
        and p.table_name = c.table_name and p.constraint_type = 'PRIMARY KEY'
    left join information_schema.key_column_usage k on k.constraint_schema = p.constraint_schema
        and k.constraint_name = p.constraint_name and k.table_name = c.table_name
        and k.column_name = c.column_name
    where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
    order by c.table_name, c.ordinal_position
    """

    @property
    def _server(self) -> "psycopg.Connection":
        return cast("psycopg.Connection", self.connection)

    def keep_others_away(self) -> None:
        """Refuse while gateways are connected; one of ours that was killed is waited for."""
        others = """
        select count(*) filter (where application_name <> :ours), count(*) from pg_stat_activity
        where datname = current_database() and left(application_name, 13) = 'lapor-gateway'
            and pid <> pg_backend_pid()
        """
        until = time.monotonic() + GONE_SECONDS
        with self.transaction() as tx:
            tx.one("select set_config('application_name', :ours, false)", ours=OURS)
            # While the other side is written to, this one waits in the middle of its reading.
            tx.one("select set_config('idle_in_transaction_session_timeout', '0', false)")
        while True:
            with self.transaction() as tx:
                row = tx.one(others, ours=OURS)
            gateways, connected = row or (0, 0)
            if gateways:
                raise StoreBusy("a gateway is connected to the PostgreSQL database: stop it first")
            if not connected:
                return
            if time.monotonic() > until:
                raise StoreBusy("another migrate-store is at work on the PostgreSQL database")
            time.sleep(0.1)

    def stream(self, shape: Shape, statement: str, **parameters: object) -> Iterator[Row]:
        """The server keeps the rows and hands them over some at a time."""
        spelled = self.engine.spell(statement).encode()
        with self.transaction(), self._server.cursor(name="moving") as rows:
            large = "bytes" in shape.kinds.values()
            rows.itersize = LARGE_ROWS_AT_ONCE if large else ROWS_AT_ONCE
            rows.execute(spelled, parameters, binary=True)
            yield from rows

    def load(self, shape: Shape, rows: Sequence[Row]) -> None:
        """By COPY, which is fastest; in text, so that a number that is too large shows."""
        into = f"copy {shape.name} ({', '.join(shape.columns)}) from stdin".encode()
        with self._server.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def fit(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Text without NUL, which PostgreSQL does not take; U+FFFD stands in its place."""
        if not any(type(value) is str and "\0" in value for row in rows for value in row):
            return rows
        return [tuple(_without_nul(value) for value in row) for row in rows]

    def settle(self, shapes: Mapping[str, Shape]) -> None:
        """Numbers go on behind the highest, and the planner learns what there is."""
        with self.transaction() as tx:
            for shape in shapes.values():
                if shape.identity:
                    tx.one(shape.number_on)
        self._server.execute(f"analyze {', '.join(shapes)}".encode())


def _without_nul(value: object) -> object:
    return value.replace("\0", "\ufffd") if type(value) is str else value


def open_source(url: str) -> Side:
    """The database an office is moved from; StoreError where there is none."""
    engine = _engine(url)
    if isinstance(engine, Sqlite) and not engine.path.exists():
        raise StoreError(f"there is no database {engine.path}")
    return _opened(engine)


def open_target(url: str) -> Side:
    """The database it is moved into."""
    return _opened(_engine(url))


def _engine(url: str) -> Engine:
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and (parts.netloc or not parts.path):
        raise StoreError(f"{url}: expected sqlite:PATH or sqlite:///PATH")
    return engine_for(url)


def _opened(engine: Engine) -> Side:
    if isinstance(engine, Sqlite):
        engine.lock()
    try:
        connection = engine.connect(read_only=False)
    except engine.weather as exc:
        if isinstance(engine, Sqlite):
            engine.unlock()
        raise StoreUnavailable(f"{engine.name} cannot be opened: {exc}") from exc
    is_file = isinstance(engine, Sqlite)
    side = SqliteSide(engine, connection) if is_file else PostgresSide(engine, connection)
    try:
        side.keep_others_away()
    except BaseException:
        side.close()
        raise
    return side
