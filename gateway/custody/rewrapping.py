"""
Every data key under the newest gateway key, a page at a time, while the gateway works.

A row keeps its ciphertext, so nothing is read or written anew but the wrapped key of some sixty
bytes. A row that was revised or erased meanwhile keeps what it got then. Which rows are left is
told by the mark each wrapped key ends in, so a run that was interrupted is simply begun again.
"""

from collections.abc import Mapping
from types import MappingProxyType

from forwarder.ports import Transaction
from gateway.vault import Vault

PAGE = 500
#: Every table with a `data_key`, and what its rows are named by.
TABLES: Mapping[str, str] = MappingProxyType(
    {
        "journal": "id",
        "records": "record_id",
        "reporters": "record_id",
        "outbox": "id",
        "signals": "journal_id",
        "timeline": "id",
        "strays": "id",
        "decisions": "id",
        "users": "id",
    }
)
NEXT: Mapping[str, str] = MappingProxyType(
    {
        table: f"select {key}, data_key from {table} where {key} > :after and data_key is not null"
        f" order by {key} limit :limit"
        for table, key in TABLES.items()
    }
)
REWRAP: Mapping[str, str] = MappingProxyType(
    {
        table: f"update {table} set data_key = :new where {key} = :row and data_key = :old"
        for table, key in TABLES.items()
    }
)


def begin(table: str) -> int | str:
    """What comes before the first row of a table."""
    return "" if TABLES[table] == "record_id" else -1


def rewrap(
    tx: Transaction, vault: Vault, table: str, after: int | str
) -> tuple[int, int | str | None]:
    """Wrap the keys of the next rows; how many were, and where to go on (None: the end)."""
    rows = tx.all(NEXT[table], after=after, limit=PAGE)
    changed = [
        {"row": row, "old": bytes(old), "new": new}
        for row, old in rows
        if (new := vault.rewrapped(bytes(old))) is not None
    ]
    tx.many(REWRAP[table], changed)
    return len(changed), rows[-1][0] if len(rows) == PAGE else None
