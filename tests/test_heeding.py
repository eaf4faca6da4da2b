"""A gateway that runs takes what was learned meanwhile, without being told."""

import asyncio
from contextlib import suppress
from pathlib import Path

from gateway.heeding import heed
from gateway.learning.versions import Versions

OFTEN = 0.001


async def test_a_model_put_in_force_or_taken_back_is_taken_once(tmp_path: Path) -> None:
    """So are learned streets; nothing is taken while nothing changes."""
    taken: asyncio.Queue[None] = asyncio.Queue()
    watching = asyncio.create_task(heed(tmp_path, lambda: taken.put_nowait(None), OFTEN))
    versions = Versions.of(tmp_path, "topic")
    await asyncio.sleep(0)  # it has seen the empty folder

    versions.add("1", b"a model")
    versions.activate("1")
    await taken.get()
    (tmp_path / "streets.json").write_bytes(b"{}")
    await taken.get()
    versions.roll_back()
    await taken.get()

    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert taken.empty()
