"""Reports that everybody can read: posts that name us, comments below ours; SQL on `records`."""

from collections.abc import Sequence

import msgspec

from forwarder.ports import Transaction, Vault
from normalizer.record import Record

#: Where people write in public as well as to us.
CHANNELS = ("x", "instagram", "messenger", "line")
#: How channels say that others can read it; see channels/meta_comments.py.
PUBLIC = ("a public ",)

STAMPS = """
select record_id, revision from records
where received_at >= :since and channel {among:channels} and data_key is not null
order by received_at desc limit :limit
"""
KNOWN = """
select record_id, revision from records
where record_id {among:ids} and data_key is not null
"""
SOME = """
select pseudonym, document, data_key from records
where record_id {among:ids} and data_key is not null
"""


def stamps(tx: Transaction, *, since: int, limit: int, known: Sequence[str] = ()) -> dict[str, int]:
    """The revision of each of the newest reports on social media, and of `known` ones."""
    rows = tx.all(STAMPS, since=since, limit=limit, channels=list(CHANNELS))
    if known:
        rows += tx.all(KNOWN, ids=list(known))
    return {row[0]: row[1] for row in rows}


def some(tx: Transaction, vault: Vault, ids: Sequence[str]) -> list[tuple[str, Record]]:
    """These records with the pseudonyms of their authors."""
    rows = tx.all(SOME, ids=list(ids))
    return [
        (row[0], msgspec.json.decode(vault.open(bytes(row[1]), bytes(row[2])), type=Record))
        for row in rows
    ]


def is_public(record: Record) -> bool:
    """Whether everybody can read it where it was written, and its author hides nothing here."""
    if record.anonymous or record.visibility != "public":
        return False
    return bool(record.source_url) or any(remark.startswith(PUBLIC) for remark in record.remarks)
