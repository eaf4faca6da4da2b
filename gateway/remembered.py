"""
Earlier records as later messages are compared with them, as many as memory is given to.

Opening a sealed record and reading its JSON costs more than comparing it, and most neighbours are
of late: they were made here, and are remembered before they are sealed. By data key, which is new
with every revision.
"""

from itertools import islice

from gateway.earlier import neighbour_of
from gateway.records import Stored
from gateway.revise import opened
from gateway.vault import Vault
from normalizer.record import Record
from normalizer.report import Neighbour

# About 10 MB of memory.
MOST = 8_192


class Remembered:
    """What is compared of each record, and whether it is anonymous."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[bytes, tuple[Neighbour, bool]] = {}

    def __contains__(self, data_key: bytes) -> bool:
        """Whether a record can do without its document."""
        return data_key in self._known

    def forget(self) -> None:
        """Make room; to be called between two batches, for what one needs must stay."""
        for oldest in list(islice(self._known, max(0, len(self._known) - MOST))):
            del self._known[oldest]

    def add(self, data_key: bytes, record: Record) -> tuple[Neighbour, bool]:
        """Remember a record."""
        known = self._known[data_key] = (neighbour_of(record), record.anonymous)
        return known

    def of(self, stored: Stored) -> tuple[Neighbour, bool]:
        """The neighbour, and whether it is anonymous; what is not known must have its document."""
        data_key = stored.data_key or b""
        return self._known.get(data_key) or self.add(data_key, opened(self._vault, stored))
