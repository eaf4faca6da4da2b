"""
How far a move has come, kept in the target beside what was moved: all SQL on the table `moving`.

It is written in the transaction of the rows it tells of, so after a `kill -9` the next call goes on
behind the last row that is there.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from forwarder.ports import Row, Transaction

MAKE = """
create table moving (
    name text primary key,             -- of a table; '' for where it all comes from
    last {blob} not null,              -- the last key, or the ends of the source's chains
    rows bigint not null,
    digest {blob} not null             -- of these rows
)
"""
FIND = "select name, last, rows, digest from moving where name <> ''"
ORIGIN = "select last from moving where name = ''"
KEEP = """
insert into moving (name, last, rows, digest) values (:name, :last, :rows, :digest)
on conflict (name) do update set last = excluded.last, rows = excluded.rows,
    digest = excluded.digest
"""
DIGEST_BYTES = 16
_MOST = 1 << 8 * DIGEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What of one table has been moved."""

    last: tuple[object, ...] | None = None
    rows: int = 0
    #: The sum of the digests of its rows, so that their order does not matter.
    digest: int = 0

    def with_(self, rows: Sequence[Row], last: tuple[object, ...]) -> "Carried":
        """The same with more rows."""
        digest = (self.digest + digest_of(rows)) % _MOST
        return Carried(last=last, rows=self.rows + len(rows), digest=digest)


def digest_of(rows: Sequence[Row]) -> int:
    """The sum of the digests of some rows."""
    encode, digest = msgspec.msgpack.encode, hashlib.blake2b
    total = sum(
        int.from_bytes(digest(encode(row), digest_size=DIGEST_BYTES).digest()) for row in rows
    )
    return total % _MOST


def carried(tx: Transaction) -> dict[str, Carried]:
    """What was moved before, by table; without those of which nothing was."""
    return {
        name: Carried(
            last=tuple(msgspec.msgpack.decode(last)), rows=rows, digest=int.from_bytes(digest)
        )
        for name, last, rows, digest in tx.all(FIND)
    }


def keep(tx: Transaction, name: str, done: Carried) -> None:
    """Write down what has been moved of a table."""
    last, digest = msgspec.msgpack.encode(done.last or ()), done.digest.to_bytes(DIGEST_BYTES)
    tx.run(KEEP, name=name, last=last, rows=done.rows, digest=digest)


def begin(tx: Transaction, origin: bytes) -> None:
    """Make room for all this; `origin` tells one source from another."""
    tx.run(MAKE)
    tx.run(KEEP, name="", last=origin, rows=0, digest=bytes(DIGEST_BYTES))


def origin(tx: Transaction) -> bytes:
    """Where it all comes from."""
    row = tx.one(ORIGIN)
    return bytes(row[0]) if row else b""


def end(tx: Transaction) -> None:
    """Forget it all: the target is whole."""
    tx.run("drop table moving")
