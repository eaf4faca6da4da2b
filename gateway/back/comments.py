"""
What citizens say about a case after it was reported: into its timeline, and to the stores.

A store that takes comments gets each once, behind the record; to the others it goes as a revision.
"""

from collections.abc import Sequence

from forwarder import outbox
from forwarder.outbox import CENTRAL
from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway.back import timeline
from gateway.revise import sent_to
from gateway.turn import Heard
from gateway.vault import Vault


def put(
    tx: Transaction, vault: Vault, heard: Sequence[Heard], *, centrals: Routes, now: int
) -> None:
    """Write down what was said, in the transaction of the revision it makes."""
    for one in heard:
        entry = timeline.Entry(
            record_id=one.record_id,
            store="",
            update_id=one.comment_id,
            at=one.at,
            kind=one.kind,
            sealed=one.sealed,
        )
        if timeline.put(tx, [entry], now) and one.stores:
            number = timeline.said_by_citizen(tx, one.record_id)
            have = sent_to(tx, [one.record_id], centrals)[one.record_id]
            stores = [name for name in one.stores if name in have]
            outbox.put(tx, vault, [_push(one, name, number, now) for name in stores], now)


def _push(heard: Heard, store: str, number: int, now: int) -> outbox.Entry:
    return outbox.Entry(
        record_id=heard.record_id,
        kind="comment",
        revision=number,
        target=f"{CENTRAL}{store}",
        lane=heard.record_id,
        body=b"",
        due=now,
        sealed=heard.sealed,
    )
