"""
Writes to a journal in bursts and says what is acknowledged: the program of which a record is kept.

    power_writer.py FOLDER SYNCHRONOUS BURSTS
"""

import asyncio
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

from channels.contract import Delivery  # noqa: E402 (see above)
from gateway.clock import now_ms  # noqa: E402 (see above)
from gateway.journal import Journal  # noqa: E402 (see above)
from gateway.store import Store, sqlite  # noqa: E402 (see above)
from gateway.vault import Vault  # noqa: E402 (see above)

BURST = 8
# The gateway's own are megabytes; here the log must be moved every few commits.
CHECKPOINT_IDLE, CHECKPOINT_PAGES = 128 << 10, 48


async def main(folder: str, synchronous: str, bursts: int) -> None:
    """Open, write, and end without closing, as a power cut would."""
    sqlite.CHECKPOINT_IDLE, sqlite.CHECKPOINT_PAGES = CHECKPOINT_IDLE, CHECKPOINT_PAGES
    if synchronous != "full":
        _weaken(synchronous)
    store = await Store.open(f"sqlite://{folder}/gateway.db")
    journal = Journal(store, Vault(bytes(32)), clock=now_ms)
    await journal.open()
    for burst in range(bursts):
        await asyncio.gather(*(_deliver(journal, f"{burst}-{one}") for one in range(BURST)))
        if burst % 8 == 0:
            await asyncio.sleep(0.15)  # an idle moment, in which the log is moved
    os._exit(0)


async def _deliver(journal: Journal, name: str) -> None:
    payload = name.encode() + os.urandom(500)
    await journal.accept("sms", [Delivery(external_id=name, payload=payload)])
    os.write(1, f"ack {name}\n".encode())


def _weaken(synchronous: str) -> None:
    connect = sqlite.Sqlite.connect

    def weaker(self: sqlite.Sqlite, *, read_only: bool) -> object:
        connection = connect(self, read_only=read_only)
        connection.execute(f"pragma synchronous = {synchronous}")
        return connection

    sqlite.Sqlite.connect = weaker  # type: ignore[method-assign,assignment]  # what the check must find


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
