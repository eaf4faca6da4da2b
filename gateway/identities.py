"""
Who complained, apart from what was said: the sealed column of `reporters` and the ministry's boxes.

Of a named citizen the gateway knows how to answer, the address they wrote from, and the name and
contact they chose to give. Of an anonymous one it keeps the return address and nothing else; the
rest is in a box for the ministry, made in the moment the record is.
"""

from typing import Self

import msgspec

from channels.contract import InboundMessage
from forwarder.ports import Transaction
from gateway.ministry import Ministry, Told
from gateway.naming import moment
from gateway.vault import Vault
from normalizer.record import Record

OF = """
select identity, data_key from reporters where record_id = :record_id and data_key is not null
"""
REPLACE = """
update reporters set identity = :identity, data_key = :data_key where record_id = :record_id
"""


class Sender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the gateway itself knows of a reporter."""

    return_address: str | None = None
    sender: str = ""
    name: str = ""
    contact: str = ""

    @classmethod
    def of(cls, message: InboundMessage) -> Self:
        """Who wrote a message."""
        return cls(
            return_address=message.return_address,
            sender=message.sender,
            name=message.name,
            contact=message.contact,
        )

    @property
    def only_address(self) -> "Sender":
        """What may be kept of somebody anonymous."""
        return Sender(return_address=self.return_address)


def sender_of(tx: Transaction, vault: Vault, record_id: str) -> Sender | None:
    """Who reported, as far as it is known; None where the key to it was destroyed."""
    row = tx.one(OF, record_id=record_id)
    if row is None:
        return None
    return msgspec.json.decode(vault.open(bytes(row[0]), bytes(row[1])), type=Sender)


def replace_sender(tx: Transaction, vault: Vault, record_id: str, sender: Sender) -> None:
    """Keep this of a reporter, and nothing of what was kept before."""
    identity, data_key = vault.seal_identity(msgspec.json.encode(sender))
    tx.run(REPLACE, record_id=record_id, identity=identity, data_key=data_key)


def sealed_told(
    ministry: Ministry, record: Record, message: InboundMessage, *, external_id: str, now: int
) -> str:
    """A box with who sent a message and its words before they were masked."""
    return ministry.seal(
        Told(
            record_id=record.record_id,
            case_code=record.case_code,
            channel=record.channel,
            at=moment(now).isoformat(),
            sender=message.sender,
            return_address=message.return_address,
            name=message.name,
            contact=message.contact,
            external_id=external_id,
            source_url=message.source_url,
            title=message.title,
            text=message.text,
            place=message.place,
            context=message.context,
            files=tuple(file.name for file in message.attachments),
        )
    )
