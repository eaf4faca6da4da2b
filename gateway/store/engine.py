"""
What an engine is to the store: a writer connection, readers, and its words for some snippets.

SQL is written once, with `:name` parameters and `{id}`, `{blob}`, `{lock}`, `{among:name}` and
others where the engines differ; `Engine.spell` turns it into the engine's own and caches the
result. `{lock}` takes the rows nobody else has, `{hold}` waits for who has them. `{each:name}` and
`{each_text:name}` are a list of numbers or texts as a table `asked` with one column `value`;
`{joined:column}` is a column's values in one text, with commas between them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Protocol, cast

from forwarder.ports import Row, Transaction


class Cursor(Protocol):
    """As much of a DB-API cursor as both drivers share."""

    rowcount: int

    def fetchone(self) -> Any:  # noqa: ANN401 (a driver's row)
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""


class Connection(Protocol):
    """As much of a DB-API connection as both drivers share."""

    def execute(self, sql: Any, parameters: Any = (), /) -> Cursor:  # noqa: ANN401 (a driver's)
        """Run one statement."""

    def close(self) -> None:
        """Let go of it."""


class Engine(Protocol):
    """SQLite or PostgreSQL."""

    name: str
    #: A parameter without a name.
    mark: str
    #: Errors that mean "not now", as the driver raises them.
    weather: tuple[type[Exception], ...]
    #: A row with such a key is there already.
    conflict: type[Exception]
    #: The driver's base error: whatever else it has to say about a statement.
    errors: type[Exception]

    def spell(self, sql: str) -> str:
        """The statement in this engine's words."""

    def connect(self, *, read_only: bool) -> Connection:
        """Open a connection in autocommit mode; transactions are begun by `transaction`."""

    def transaction(self, connection: Connection) -> AbstractContextManager[None]:
        """Begin, then commit, or roll back when the block raises."""

    def statement(self, connection: Connection) -> AbstractContextManager[None]:
        """The same for a single statement, which may be a transaction by itself."""

    def many(self, connection: Connection, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Execute once per row."""

    def array(self, values: Sequence[object]) -> object:
        """A list as the parameter of `{among:name}`."""

    def tend(self, connection: Connection, *, wholly: bool = False) -> None:
        """House-keeping on the writer connection while nobody waits: SQLite's checkpoint."""

    def usable(self, connection: Connection) -> bool:
        """Whether the connection can go on after an error."""


# Rows to one INSERT. Each number of rows is a statement to prepare once and keep.
MOST_ROWS = 64
LEAVE_OUT = " on conflict do nothing"
# New rows come in crowds: up to WIDEST to a statement, above MOST_ROWS by so many more.
WIDEST, STEP = 256, 32


def together(rows: int) -> int:
    """How many of so many new rows one statement takes, so that few sizes are to be kept."""
    return rows if rows <= MOST_ROWS else min(rows, WIDEST) // STEP * STEP


class Words:
    """A snippet with an argument: `{among:ids}` is spelled by `template % "ids"`."""

    __slots__ = ("_template",)

    def __init__(self, template: str) -> None:
        self._template = template

    def __format__(self, name: str) -> str:
        return self._template % name


class BoundTransaction:
    """`forwarder.ports.Transaction` on one connection of one engine."""

    __slots__ = ("_connection", "_engine", "_execute", "_spell")

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self._connection = connection
        self._execute: Callable[[Any, Any], Cursor] = connection.execute
        self._spell = engine.spell

    def one(self, sql: str, /, **parameters: object) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._execute(self._spell(sql), parameters).fetchone()
        return row

    def all(self, sql: str, /, **parameters: object) -> list[Row]:
        """Every row; a list may be given for `{among:name}`."""
        return self._execute(self._spell(sql), self._arrayed(parameters)).fetchall()

    def run(self, sql: str, /, **parameters: object) -> int:
        """Execute and return how many rows changed; a list may be given for `{among:name}`."""
        return self._execute(self._spell(sql), self._arrayed(parameters)).rowcount

    def many(self, sql: str, rows: Sequence[Mapping[str, object]], /) -> None:
        """Execute once per row."""
        if rows:
            self._engine.many(self._connection, self._spell(sql), rows)

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], /
    ) -> int:
        """
        Insert rows many at a time, leaving out those that are there; how many went in.

        One statement for many rows, because each statement gives the interpreter lock away and
        has to win it back from a busy event loop.
        """
        cursors = self._inserts(table, tuple(columns), rows, LEAVE_OUT)
        return sum(cursor.rowcount for cursor in cursors)

    def insert_new(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        returning: Sequence[str],
        /,
    ) -> list[Row]:
        """As `insert`; these columns of the rows that went in, in no certain order."""
        ending = f"{LEAVE_OUT} returning {', '.join(returning)}"
        cursors = self._inserts(table, tuple(columns), rows, ending)
        return [row for cursor in cursors for row in cursor.fetchall()]

    def upsert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], /
    ) -> None:
        """Insert rows, or give those that are there, by the first column, these values."""
        key, *others = columns
        changes = ", ".join(f"{name} = excluded.{name}" for name in others)
        ending = f" on conflict ({key}) do update set {changes}"
        for _ in self._inserts(table, tuple(columns), rows, ending):
            pass

    def append(self, table: str, columns: tuple[str, ...], values: Sequence[object], /) -> None:
        """Insert rows that must all be new; `values` are those of all rows, one after the other."""
        width, start = len(columns), 0
        while size := together((len(values) - start) // width):
            chunk = values[start : start + size * width]
            self._execute(_insert(table, columns, size, self._engine.mark), chunk)
            start += len(chunk)

    def _inserts(
        self, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[object]], ending: str
    ) -> Iterator[Cursor]:
        for start in range(0, len(rows), MOST_ROWS):
            chunk = rows[start : start + MOST_ROWS]
            statement = _insert(table, columns, len(chunk), self._engine.mark, ending)
            yield self._execute(statement, [value for row in chunk for value in row])

    def _arrayed(self, parameters: dict[str, object]) -> dict[str, object]:
        for name, value in parameters.items():
            if isinstance(value, list):
                parameters[name] = self._engine.array(value)
        return parameters


class Urgent:
    """
    Work for `Store.write` that shares its commit with nobody and goes before what else queued.

    Its methods are called in the writer's thread, in this order; nothing of another work comes
    between them.
    """

    __slots__ = ()

    def is_one_statement(self) -> bool:
        """Its turn has come; whether it is a statement, or none, that needs no other around it."""
        return False

    def __call__(self, tx: Transaction, /) -> None:
        """Do it."""
        raise NotImplementedError

    def committed(self) -> None:
        """It is on disk."""


class Insert(Urgent):
    """
    New rows as work for `Store.write`; StoreConflict if one is not new.

    One statement where they fit `together`: each gives the interpreter lock away several times,
    and the writer has to win it back from the event loop.
    """

    __slots__ = ("_columns", "_table", "_values")

    def __init__(self, table: str, columns: tuple[str, ...], values: Sequence[object]) -> None:
        self._table = table
        self._columns = columns
        self._values = values

    def is_one_statement(self) -> bool:
        """Whether the rows fit into one."""
        rows = len(self._values) // len(self._columns)
        return together(rows) == rows

    def __call__(self, tx: Transaction, /) -> None:
        """Insert."""
        cast("BoundTransaction", tx).append(self._table, self._columns, self._values)


@lru_cache(maxsize=256)
def _insert(  # noqa: PLR0917 (one key of a cache)
    table: str, columns: tuple[str, ...], size: int, mark: str, ending: str = ""
) -> str:
    row = f"({', '.join([mark] * len(columns))})"
    values = ", ".join([row] * size)
    return f"insert into {table} ({', '.join(columns)}) values {values}{ending}"
