"""A read-only look at the database for commands that run beside the daemon."""

from collections.abc import Iterator
from contextlib import contextmanager

from forwarder.ports import Transaction
from gateway.store.engine import BoundTransaction
from gateway.store.errors import StoreUnavailable
from gateway.store.migrate import require_current
from gateway.store.store import engine_for


@contextmanager
def reading(url: str) -> Iterator[Transaction]:
    """One consistent view; raises StoreError when there is no database of this version."""
    engine = engine_for(url)
    nothing = "there is no database to read yet"
    try:
        connection = engine.connect(read_only=True)
    except engine.weather as exc:
        raise StoreUnavailable(f"{nothing} ({type(exc).__name__})") from exc
    try:
        try:
            require_current(engine, connection)
        except engine.errors as exc:  # a server's database that holds no table
            raise StoreUnavailable(f"{nothing} ({type(exc).__name__})") from exc
        with engine.transaction(connection):
            yield BoundTransaction(engine, connection)
    finally:
        connection.close()
