"""
From journal rows to what they say: open the seal, let the channel parse, one bad row alone.

Runs in a worker thread: a mail may take a second to read and must not stall the event loop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import structlog

from channels.contract import Channel, Ignored, InboundMessage, Parsed, Unreadable
from gateway.naming import kept_id
from gateway.vault import Vault
from gateway.work import Claimed

log = structlog.get_logger()

# A row taken up this often without an end has ended its worker each time.
DEADLY = 10


class Opened(msgspec.Struct, frozen=True):
    """A journal row and what its channel makes of it."""

    row: Claimed
    said: Parsed


class Reader:
    """Opens and parses claimed rows."""

    def __init__(self, channels: Mapping[str, Channel], vault: Vault) -> None:
        self._channels = channels
        self._vault = vault

    def read(self, rows: Sequence[Claimed]) -> list[Opened]:
        """Every row with its meaning; a row that cannot be read says so and harms no other."""
        return [Opened(row=row, said=self._parse(row)) for row in rows]

    def _parse(self, row: Claimed) -> Parsed:
        if row.data_key is None:
            return Ignored(reason="erased")
        if row.attempts >= DEADLY:
            return Unreadable(reason=f"its reading ended the process {row.attempts} times")
        channel = self._channels.get(row.channel)
        if channel is None:
            return Unreadable(reason=f"the channel {row.channel} is not switched on")
        try:
            said = channel.parse(self._vault.open(row.payload, row.data_key))
        except Exception as exc:
            # Parsers promise never to raise: this is our bug, and one message must not stop all.
            log.exception("parser failed", journal_id=row.id, channel=row.channel)
            return Unreadable(reason=f"bug: {type(exc).__name__} in the parser")
        if isinstance(said, InboundMessage) and said.edits:
            said = replace(said, edits=kept_id(self._vault, row.channel, said.edits))
        return said
