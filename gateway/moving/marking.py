"""
Who may start on which of the two databases: versions that no program has keep every gateway away.

    target   empty ▶ MOVING ▶ (proven) free
    source   in use ▶ MOVED, for good; taken back only while the target is MOVING
"""

from forwarder.ports import Transaction
from gateway.moving import progress
from gateway.moving.shapes import ORDER, Shape
from gateway.moving.sides import Side
from gateway.moving.standing import holds
from gateway.store import StoreError
from gateway.store.migrate import BEGIN, FOUND, MOVED, MOVING, VERSION, bring_up, refuse_unusable

MARK = "insert into schema_version values (:version)"
UNMARK = "delete from schema_version where version = :version"
TRAIL = "select 1 from trail_head where position > 0"


def version(tx: Transaction) -> int:
    """What stands as a database's version, marks included."""
    row = tx.one(FOUND)
    return int((row and row[0]) or 0)


def is_given_up(source: Transaction) -> bool:
    """Whether a move from here was begun; refuses what no move can begin with."""
    found = version(source)
    if found == MOVED:
        return True
    refuse_unusable(found)
    if found != VERSION:
        raise StoreError(
            f"FROM has version {found}, this program {VERSION}: start the gateway on it once, "
            "which brings it up, stop it, and move it then"
        )
    return False


def is_whole(target: Side, origin: bytes) -> bool:
    """Whether all of this source was moved here, and gateways may work here since."""
    if not {"schema_version", "journal", "audit"} <= target.shapes().keys():
        return False
    with target.transaction() as tx:
        return version(tx) == VERSION and holds(tx, origin)


def begin(target: Side, origin: bytes, *, fresh: bool) -> None:
    """Mark the target and bring up its tables, or find the mark of the same move."""
    shapes = target.shapes()
    with target.transaction() as tx:
        tx.run(BEGIN)
        found = version(tx)
        if found == MOVING:
            _require_same(tx, origin, fresh=fresh)
        else:
            refuse_unusable(found)
            _require_empty(tx, shapes, found)
            tx.run(MARK, version=MOVING)
            progress.begin(tx, origin)
    bring_up(target.engine, target.connection)


def _require_same(tx: Transaction, origin: bytes, *, fresh: bool) -> None:
    if progress.origin(tx) != origin:
        raise StoreError("TO is being filled from another database, or FROM has changed since")
    if fresh and progress.carried(tx):
        raise StoreError(
            "FROM was taken back since this move began, and may have changed: "
            "give an empty database as TO"
        )


def _require_empty(tx: Transaction, shapes: dict[str, Shape], found: int) -> None:
    there = [name for name in ORDER if name in shapes]
    if not found and there:
        raise StoreError(f"TO has a table {there[0]} already that is none of ours")
    filled = [name for name in there if name != "trail_head" and tx.one(shapes[name].any_row)]
    if filled or ("trail_head" in there and tx.one(TRAIL)):
        raise StoreError(
            f"TO is in use already ({', '.join(filled) or 'audit'} is not empty): "
            "give an empty database"
        )


def give_up(source: Side) -> None:
    """Let no gateway start on the source any more."""
    with source.transaction() as tx:
        if version(tx) != MOVED:
            tx.run(MARK, version=MOVED)


def free(tx: Transaction) -> None:
    """Let gateways start on the target."""
    progress.end(tx)
    tx.run(UNMARK, version=MOVING)


def take_back(source: Side, target: Side) -> None:
    """Let gateways start on the source again, while they cannot on the target."""
    there = target.shapes()
    with target.transaction() as tx:
        if "schema_version" not in there or version(tx) != MOVING:
            raise StoreError(
                "TO is not being moved into; an office that was moved comes back by moving it: "
                "migrate-store TO into a new database"
            )
    with source.transaction() as tx:
        if not tx.run(UNMARK, version=MOVED):
            raise StoreError("FROM was not given up")
