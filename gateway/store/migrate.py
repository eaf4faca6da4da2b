"""
Bring a database to this program's version, one transaction per step, forward only.

A database from a newer program is refused: an old one would not know what it overlooks.
"""

from gateway.store.engine import BoundTransaction, Connection, Engine
from gateway.store.errors import StoreError
from gateway.store.migrations import MIGRATIONS

VERSION = len(MIGRATIONS)


def migrate(engine: Engine, connection: Connection) -> None:
    """Apply the steps that are missing."""
    transaction = BoundTransaction(engine, connection)
    with engine.transaction(connection):
        transaction.run("create table if not exists schema_version (version integer not null)")
        row = transaction.one("select max(version) from schema_version")
    found = (row and row[0]) or 0
    if found > VERSION:
        raise StoreError(
            f"the database has version {found}, this program knows {VERSION}: run the newer program"
        )
    for version, step in enumerate(MIGRATIONS[found:], start=found + 1):
        with engine.transaction(connection):
            for statement in step:
                transaction.run(statement)
            transaction.run("insert into schema_version values (:version)", version=version)


def require_current(engine: Engine, connection: Connection) -> None:
    """Refuse a database of another version; for commands that only read."""
    row = connection.execute(engine.spell("select max(version) from schema_version")).fetchone()
    if not row or row[0] != VERSION:
        raise StoreError(f"the database has version {row and row[0]}, this program {VERSION}")
