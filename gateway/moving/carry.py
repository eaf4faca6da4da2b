"""
One table from one side to the other, in the order of its key.

Some rows and how far they go are one transaction, so it goes on behind the last row that is there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from forwarder.ports import Row
from gateway.moving import progress
from gateway.moving.progress import Carried
from gateway.moving.shapes import Shape
from gateway.moving.sides import Side
from gateway.store import StoreError, StoreUnavailable

# One transaction's worth.
MOST_ROWS, MOST_BYTES = 5_000, 8 << 20
#: Their text is under a digest: what PostgreSQL cannot hold of it cannot be replaced.
CHAINED = {"journal", "audit"}


class Meter(Protocol):
    """Who is told how it goes."""

    def begin(self, what: str, total: int) -> None:
        """Something with so many rows begins."""

    def more(self, rows: int) -> None:
        """So many more of them are done."""


def carry(sides: tuple[Side, Side], shape: Shape, done: Carried, meter: Meter) -> Carried:
    """What `done` leaves of a table; all that was moved of it then."""
    source, target = sides
    with source.transaction() as tx:
        row = tx.one(shape.count)
    meter.begin(shape.name, row[0] if row else 0)
    meter.more(done.rows)
    for batch in batches(_rest(source, shape, done)):
        rows = _fitting(target, shape, batch)
        is_first, done = not done.rows, done.with_(rows, shape.key_of(batch[-1]))
        with _naming(shape), target.transaction() as tx:
            if is_first:
                tx.run(shape.clear)  # what migrations put there
            target.load(shape, rows)
            progress.keep(tx, shape.name, done)
        meter.more(len(rows))
    return done


@contextmanager
def _naming(shape: Shape) -> Iterator[None]:
    """Say of which table it is that rows were refused."""
    try:
        yield
    except StoreUnavailable:
        raise
    except StoreError as exc:
        raise StoreError(f"{shape.name}: {exc}") from exc


def _rest(source: Side, shape: Shape, done: Carried) -> Iterator[Row]:
    if done.last is None:
        return source.stream(shape, shape.in_order)
    values = {f"k{number}": value for number, value in enumerate(done.last)}
    return source.stream(shape, shape.after, **values)


def batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows in lists that memory can hold."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if type(value) is bytes)
        if len(batch) >= MOST_ROWS or size >= MOST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _fitting(target: Side, shape: Shape, batch: list[Row]) -> Sequence[Row]:
    rows = target.fit(batch)
    if rows is not batch and shape.name in CHAINED:
        raise StoreError(
            f"a text in {shape.name} holds a NUL, which PostgreSQL does not take, and the chain's "
            "digest covers it: this office cannot be moved as it is"
        )
    return rows
