"""
A record that changes after it was made: one revision more, on its way to the central stores.

It goes to every store that was sent the record before, whatever its rule says now, and to those
the rules name now for the first time: these begin with it, and lack nothing, since every revision
is the whole record.

Whoever changes a record works on the revision they saw. If somebody else was quicker the change
is not written (`records.Stale`) and the work is done again on what stands there now, so that no
revision is lost.
What a citizen asked for, to stay anonymous or confidential, is never taken back.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from forwarder import outbox
from forwarder.outbox import CENTRAL, Entry
from forwarder.ports import Transaction, Vault
from forwarder.routing import Routes
from gateway import records
from gateway.records import Written
from normalizer.dialog_fold import tightened
from normalizer.record import Record


def revise(  # noqa: PLR0913 (what a transaction needs, each once)
    tx: Transaction,
    vault: Vault,
    record_id: str,
    change: Callable[[Record], Record],
    *,
    centrals: Routes,
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
    records.put_files(tx, [(file.sha256, record_id) for file in after.attachments])
    earlier = sent_to(tx, [record_id], centrals)[record_id]
    stores = dict.fromkeys([*centrals.of(after), *earlier])
    named = (record_id, after.revision)
    outbox.put(tx, vault, pushes(named, sealed, stores, now), now)
    return after


def follow_up(
    tx: Transaction, vault: Vault, written: Sequence[Written], *, centrals: Routes, now: int
) -> None:
    """
    Send revisions also to stores that had the record and are no longer named by the rules.

    A store that gets a comment instead gets the revision only if it has not had the record.
    """
    revised = [row for row in written if row.revision > 1]
    if not revised:
        return
    earlier = sent_to(tx, [row.record_id for row in revised], centrals)
    entries = [
        entry
        for row in revised
        for entry in pushes(
            (row.record_id, row.revision),
            row.document,
            sorted({*earlier[row.record_id]} ^ {*row.commented}),
            now,
        )
    ]
    outbox.put(tx, vault, entries, now)  # what the rules name stands there already


def sent_to(
    tx: Transaction, record_ids: Sequence[str], centrals: Routes
) -> dict[str, tuple[str, ...]]:
    """The stores each of these records was put down for, as far as there are such stores still."""
    rows = outbox.targets_of(tx, record_ids)
    return {
        record_id: tuple(
            name for name in centrals.stores if (record_id, f"{CENTRAL}{name}") in rows
        )
        for record_id in record_ids
    }


def opened(vault: Vault, stored: records.Stored) -> Record:
    """A stored record, readable; ValueError where its key was destroyed."""
    return msgspec.json.decode(vault.open(stored.document, stored.data_key or b""), type=Record)


def pushes(
    revision: tuple[str, int], sealed: tuple[bytes, bytes], stores: Iterable[str], now: int
) -> list[Entry]:
    """
    The outbox rows that carry a revision, named by record and number, to these central stores.

    `sealed` is its JSON as `records` holds it: one sealing serves all copies of the same bytes.
    """
    record_id, number = revision
    return [
        Entry(
            record_id=record_id,
            kind="record",
            revision=number,
            target=f"{CENTRAL}{name}",
            lane=record_id,
            body=b"",
            due=now,
            sealed=sealed,
        )
        for name in stores
    ]
