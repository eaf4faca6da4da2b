"""
An answer that cannot reach its citizen where they wrote goes where else they may be reached.

They left a telephone number or a mail address with their report, and one of our channels speaks to
it. Nobody else is asked, and only once: what fails there too waits for a person.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from channels.contract import Channel, Reply
from forwarder.item import Item
from forwarder.outbox import CHANNEL, Entry, reply_id
from forwarder.ports import Transaction
from gateway.vault import Vault

IDENTITY = """
select identity, data_key from reporters where record_id = :record_id and data_key is not null
"""


class _Identity(msgspec.Struct, frozen=True):
    """What is known of who can be answered."""

    contact: str = ""


def another_way(
    tx: Transaction, item: Item, *, channels: Mapping[str, Channel], vault: Vault, now: int
) -> Entry | None:
    """The same answer through another channel, or None where there is no other way."""
    row = tx.one(IDENTITY, record_id=item.record_id)
    if row is None:
        return None
    identity = msgspec.json.decode(vault.open(bytes(row[0]), bytes(row[1])), type=_Identity)
    if not identity.contact:
        return None
    for name, channel in channels.items():
        address = channel.reach(identity.contact)
        if address and item.target != f"{CHANNEL}{name}" and not channel.keeps():
            return _redirected(item, f"{CHANNEL}{name}", address, now)
    return None


def _redirected(item: Item, target: str, address: str, now: int) -> Entry:
    entry = Entry(
        record_id=item.record_id,
        kind=item.kind,
        revision=item.revision,
        target=target,
        lane=item.lane,
        body=b"",
        due=now,
    )
    reply = msgspec.json.decode(item.body, type=Reply)
    # Named anew: news about this sending must not be taken for news about the first.
    reply = replace(reply, id=reply_id(entry), to=address, buttons=(), heard_at=None)
    return msgspec.structs.replace(entry, body=msgspec.json.encode(reply))
