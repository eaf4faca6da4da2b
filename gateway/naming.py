"""The names things get: records by their journal row, senders by a pseudonym."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from channels.contract import InboundMessage
from channels.registry import CHANNELS
from gateway.vault import Vault

# UUIDv5 namespace of record ids; never change it: a replay must find its record again.
RECORDS = UUID("6f0a3c1e-52a4-5d0b-9a57-1f6a4d1c0c55")

# `uuid.uuid5` takes ten times as long; a copy of this one is made for each name.
_NAMED = hashlib.sha1(RECORDS.bytes, usedforsecurity=False)
_VERSION, _VARIANT = 5 << 4, 0b10 << 6

HIDDEN = "anon-"
#: Channels whose ids are kept as keyed hashes, because they are stored in plain.
TELLING = frozenset(channel.name for channel in CHANNELS if channel.ids_tell)


def record_id_of(channel: str, external_id: str) -> str:
    """The id of the record a journal row becomes."""
    named = _NAMED.copy()
    named.update(f"{channel}\n{external_id}".encode())
    octets = bytearray(named.digest()[:16])
    octets[6] = octets[6] & 0x0F | _VERSION
    octets[8] = octets[8] & 0x3F | _VARIANT
    digits = octets.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(parts)


def kept_id(vault: Vault, channel: str, external_id: str) -> str:
    """An external id as the journal has it: a hash where it would tell who wrote."""
    if channel not in TELLING or not external_id:
        return external_id
    return vault.pseudonym("external id", channel, external_id)


def lane_of(vault: Vault, channel: str, message: InboundMessage, external_id: str) -> str:
    """The sender's pseudonym; a message without a sender stands alone."""
    sender = message.sender or f"\0{external_id}"
    return vault.pseudonym(channel, sender)


def hidden_lane(vault: Vault, lane: str) -> str:
    """
    What stands for a sender wherever an anonymous report of theirs is: no key, no way back to it.

    The same for all anonymous reports of one sender, so that they can speak about them.
    """
    return lane if is_hidden(lane) else HIDDEN + vault.pseudonym("anonymous lane", lane)


def is_hidden(lane: str) -> bool:
    """Whether a pseudonym stands for the sender of an anonymous report."""
    return lane.startswith(HIDDEN)


def moment(milliseconds: int) -> datetime:
    """A database time as a datetime, UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
