"""The names things get: records by their journal row, senders by a pseudonym."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from channels.contract import InboundMessage
from gateway.vault import Vault

# UUIDv5 namespace of record ids; never change it: a replay must find its record again.
RECORDS = UUID("6f0a3c1e-52a4-5d0b-9a57-1f6a4d1c0c55")


def record_id_of(channel: str, external_id: str) -> str:
    """The id of the record a journal row becomes."""
    return str(uuid5(RECORDS, f"{channel}\n{external_id}"))


def lane_of(vault: Vault, channel: str, message: InboundMessage, external_id: str) -> str:
    """The sender's pseudonym; a message without a sender stands alone."""
    sender = message.sender or f"\0{external_id}"
    return vault.pseudonym(channel, sender)


def moment(milliseconds: int) -> datetime:
    """A database time as a datetime, UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
