"""What the forwarder needs from the process around it, as narrow as it gets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Row = tuple[Any, ...]


class Transaction(Protocol):
    """
    One open transaction on SQLite or PostgreSQL; parameters are written `:name` in the SQL.

    Times are integers: milliseconds since 1970, UTC.
    """

    def one(self, sql: str, /, **parameters: object) -> Row | None:
        """The first row, or None."""

    def all(self, sql: str, /, **parameters: object) -> list[Row]:
        """Every row."""

    def run(self, sql: str, /, **parameters: object) -> int:
        """Execute and return how many rows changed."""

    def many(self, sql: str, rows: Sequence[Mapping[str, object]], /) -> None:
        """Execute once per row."""

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], /
    ) -> int:
        """Insert rows, leaving out those that are there; how many went in."""

    def insert_new(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        returning: Sequence[str],
        /,
    ) -> list[Row]:
        """As `insert`; these columns of the rows that went in, in no certain order."""

    def upsert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], /
    ) -> None:
        """Insert rows, or give those that are there, by the first column, these values."""


class Database(Protocol):
    """The door to the database: plain functions over a transaction, run off the event loop."""

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """Run `work` and return its value after the commit is on disk."""

    async def read(self, work: Callable[[Transaction], T], /) -> T:
        """Run `work` on a read-only connection."""


class Vault(Protocol):
    """Encryption at rest: each row has its own data key, wrapped by the gateway key."""

    def seal(self, plain: bytes) -> tuple[bytes, bytes]:
        """The ciphertext and the wrapped data key."""

    def open(self, ciphertext: bytes, data_key: bytes) -> bytes:
        """The plain bytes; raises ValueError when key or bytes do not fit."""
