"""
A record that changes after it was made: one revision more, on its way to every central store.

Whoever changes a record works on the revision they saw. If somebody else was quicker the change
is not written (`records.Stale`) and the work is done again on what stands there now, so that no
revision is lost.
What a citizen asked for, to stay anonymous or confidential, is never taken back.
"""

from collections.abc import Callable, Sequence

import msgspec

from forwarder import outbox
from forwarder.outbox import Entry
from forwarder.ports import Transaction, Vault
from gateway import records
from normalizer.dialog_fold import tightened
from normalizer.record import Record


def revise(  # noqa: PLR0913 (what a transaction needs, each once)
    tx: Transaction,
    vault: Vault,
    record_id: str,
    change: Callable[[Record], Record],
    *,
    centrals: Sequence[str],
    now: int,
) -> Record | None:
    """
    Apply a pure change to a record and send the new revision out, all within `tx`.

    The new revision, or None where nothing changed, no such record is known or it was erased.
    Raises Stale when another process revised it in the same moment.
    """
    found = records.find(tx, record_id)
    if found is None or found[1].data_key is None:
        return None
    before = opened(vault, found[1])
    after = tightened(before, change(before))
    if after == before:
        return None
    after = msgspec.structs.replace(after, revision=found[0] + 1)
    sealed = vault.seal(msgspec.json.encode(after))
    if not records.rewrite(tx, record_id, after.revision, sealed, now=now):
        raise records.Stale(record_id)
    outbox.put(tx, vault, pushes(after, sealed, centrals, now), now)
    return after


def opened(vault: Vault, stored: records.Stored) -> Record:
    """A stored record, readable; ValueError where its key was destroyed."""
    return msgspec.json.decode(vault.open(stored.document, stored.data_key or b""), type=Record)


def pushes(
    record: Record, sealed: tuple[bytes, bytes], centrals: Sequence[str], now: int
) -> list[Entry]:
    """
    The outbox rows that carry a revision to every central store.

    `sealed` is its JSON as `records` holds it: one sealing serves all copies of the same bytes.
    """
    return [
        Entry(
            record_id=record.record_id,
            kind="record",
            revision=record.revision,
            target=f"central:{name}",
            lane=record.record_id,
            body=b"",
            due=now,
            sealed=sealed,
        )
        for name in centrals
    ]
