"""
Updates about cases we do not know, or not yet: the SQL on the table `strays`.

They are kept for a person and listed by `lapor-gateway parked list`; the moment their case is known
they are taken like any other. Nothing here deletes a row but its being taken.
"""

from collections.abc import Sequence

import msgspec

from forwarder.ports import Row, Transaction, Vault
from forwarder.update import Update

COLUMNS = ("store", "update_id", "record_id", "reference", "taken_at", "document", "data_key")
KNOWN_NOW = """
select s.id, s.store, s.document, s.data_key from strays s
where s.data_key is not null and (
    exists (select 1 from records r where r.record_id = s.record_id)
    or exists (
        select 1 from outbox o where o.reference = s.reference and o.kind = 'record'
        and o.reference <> '' and o.target = 'central:' || s.store
    )
) order by s.id limit 500
"""
DISMISS = "update strays set dismissed = :reason where id = :id and dismissed is null"


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """An update that waits for its case."""

    id: int
    store: str
    update: Update


def keep(tx: Transaction, vault: Vault, store: str, updates: Sequence[Update], *, now: int) -> int:
    """Keep updates nobody knows the case of; how many were new."""
    rows = [
        (
            store,
            update.update_id,
            update.record_id,
            update.reference,
            now,
            *vault.seal(msgspec.json.encode(update)),
        )
        for update in updates
    ]
    return tx.insert("strays", COLUMNS, rows)


def known_now(tx: Transaction, vault: Vault) -> list[Stray]:
    """Those whose case is known by now."""
    return [_stray(row, vault) for row in tx.all(KNOWN_NOW)]


def taken(tx: Transaction, ids: Sequence[int]) -> None:
    """These stand in a timeline now, or turned out to."""
    if ids:
        tx.run("delete from strays where id {among:ids}", ids=list(ids))


def content(tx: Transaction, id_: int) -> tuple[bytes, bytes | None]:
    """What is stored of one, sealed."""
    row = tx.one("select document, data_key from strays where id = :id", id=id_)
    if row is None:
        raise KeyError(id_)
    return bytes(row[0]), None if row[1] is None else bytes(row[1])


def dismiss(tx: Transaction, id_: int, reason: str) -> bool:
    """Put one aside for good, with a reason; it is taken all the same if its case turns up."""
    return tx.run(DISMISS, id=id_, reason=reason) > 0


def _stray(row: Row, vault: Vault) -> Stray:
    document = vault.open(bytes(row[2]), bytes(row[3]))
    return Stray(id=row[0], store=row[1], update=msgspec.json.decode(document, type=Update))
