"""What is not ready, in words; nothing means citizens are served and messages stored."""

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gateway.sockets import host_and_port
from gateway.store import Store, StoreError

# Below this SQLite cannot even grow its log by a burst.
LEAST_FREE = 1 << 20
STORE_SECONDS = 3.0
PROBE_SECONDS = 0.05
UNIX = "unix:"


class Health:
    """Collects what the parts say about themselves."""

    def __init__(self, store: Store, data_dir: Path) -> None:
        self._store = store
        self._data_dir = data_dir
        self._down: set[str] = set()
        self.starting = True
        self.stopping = False

    def channel(self, name: str, *, up: bool) -> None:
        """A channel runs, or has failed."""
        (self._down.discard if up else self._down.add)(name)

    async def missing(self) -> Sequence[str]:
        """One phrase for each thing that is not ready."""
        found = [f"channel {name} is down" for name in sorted(self._down)]
        if self.starting:
            found.append("starting")
        if self.stopping:
            found.append("stopping")
        if shutil.disk_usage(self._data_dir).free < LEAST_FREE:
            found.append("the disk is full")
        if not await self.store_writable():
            found.append("the database takes no writes")
        return found

    async def store_writable(self) -> bool:
        """Whether an empty transaction gets through in time."""
        # Shielded: a commit is never cancelled.
        attempt = asyncio.ensure_future(self._store.write(lambda _: None))
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await asyncio.shield(attempt)
        except (StoreError, TimeoutError):
            attempt.add_done_callback(_forget)
            return False
        return True


async def until_listening(addresses: Sequence[str]) -> None:
    """Return once something accepts connections on every address."""
    for address in addresses:
        while not await _accepts(address):  # noqa: ASYNC110 (nothing tells when a port opens)
            await asyncio.sleep(PROBE_SECONDS)


async def _accepts(address: str) -> bool:
    try:
        if address.startswith(UNIX):
            _, writer = await asyncio.open_unix_connection(address.removeprefix(UNIX))
        else:
            _, writer = await asyncio.open_connection(*host_and_port(address))
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _forget(attempt: asyncio.Future[None]) -> None:
    if not attempt.cancelled():
        attempt.exception()
