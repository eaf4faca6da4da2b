"""
Bring a database to this program's version, one transaction per step, forward only.

Of several machines that start at once one takes each step, and the others go on from there. A
database from a newer program is refused: an old one would not know what it overlooks.
`migrate-store` marks both databases of a move by versions no program has, so that no gateway, of
this version or an older one, starts on either before it may.
"""

import structlog

from gateway.store.engine import BoundTransaction, Connection, Engine
from gateway.store.errors import StoreError, StoreUnavailable
from gateway.store.migrations import MIGRATIONS

log = structlog.get_logger()

VERSION = len(MIGRATIONS)

#: Stands as a version in a database that is being filled.
MOVING = 1_000_000_000
#: Stands in the one it is filled from, also when all has been moved.
MOVED = MOVING + 1
MARKS = {
    MOVING: "the database is being moved into and is not whole yet: "
    "call lapor-gateway migrate-store again, with the same two addresses, until it says it is",
    MOVED: "the database was given up for another by lapor-gateway migrate-store: "
    "set [store] url to the other one (or, while that is not whole yet, give it up with --cancel)",
}

BEGIN = "create table if not exists schema_version (version integer not null)"
#: With the marks, and without.
FOUND = "select coalesce(max(version), 0) from schema_version"
TAKEN = "select coalesce(max(version), 0) from schema_version where version < :mark"
# Changes nothing, but whoever else wants to take a step waits at this row until we have.
ONE_AT_A_TIME = "update schema_version set version = version where version = 1"


def migrate(engine: Engine, connection: Connection) -> None:
    """Apply the steps that are missing."""
    _make_table(engine, connection)
    with engine.transaction(connection):
        row = BoundTransaction(engine, connection).one(FOUND)
    first = int(row[0]) if row else 0
    refuse_unusable(first)
    bring_up(engine, connection)
    if 0 < first < VERSION:
        log.info("database migrated", from_version=first, to_version=VERSION)


def bring_up(engine: Engine, connection: Connection) -> None:
    """Apply the steps that are missing, whatever marks there are."""
    found = _taken(engine, connection)
    while found < VERSION:
        try:
            _take(engine, connection, found + 1)
        except engine.errors:
            # An empty database has no row to wait at: who comes second meets tables that are
            # there, and loses nothing.
            if _taken(engine, connection) == found:
                raise
        found = _taken(engine, connection)
    refuse_unusable(found)


def require_current(engine: Engine, connection: Connection) -> None:
    """Refuse a database of another version; for commands that only read."""
    found = _marked(engine, connection)
    if found in MARKS:
        raise StoreError(MARKS[found])
    if found != VERSION:
        raise StoreError(f"the database has version {found}, this program {VERSION}")


def refuse_marked(engine: Engine, connection: Connection) -> None:
    """Refuse one that `migrate-store` took while nobody was connected to it."""
    found = _marked(engine, connection)
    if found in MARKS:
        raise StoreUnavailable(MARKS[found])


def _marked(engine: Engine, connection: Connection) -> int:
    row = connection.execute(engine.spell(FOUND)).fetchone()
    return int(row[0]) if row else 0


def refuse_unusable(found: int) -> None:
    """Refuse what a program of this version cannot work on, now or ever."""
    if found in MARKS:
        raise StoreError(MARKS[found])
    if found > VERSION:
        raise StoreError(
            f"the database has version {found}, this program knows {VERSION}: run the newer program"
        )


def _make_table(engine: Engine, connection: Connection) -> None:
    for is_second in (False, True):
        try:
            with engine.transaction(connection):
                BoundTransaction(engine, connection).run(BEGIN)
        except engine.errors:
            # PostgreSQL fails where another machine makes it at the same moment.
            if is_second:
                raise
        else:
            return


def _taken(engine: Engine, connection: Connection) -> int:
    with engine.transaction(connection):
        row = BoundTransaction(engine, connection).one(TAKEN, mark=MOVING)
    return int(row[0]) if row else 0


def _take(engine: Engine, connection: Connection, version: int) -> None:
    transaction = BoundTransaction(engine, connection)
    with engine.transaction(connection):
        transaction.run(ONE_AT_A_TIME)
        row = transaction.one(TAKEN, mark=MOVING)
        if row and row[0] >= version:
            return
        for part in MIGRATIONS[version - 1]:
            if isinstance(part, str):
                transaction.run(part)
            else:
                part(transaction)
        transaction.run("insert into schema_version values (:version)", version=version)
