"""A disk that forgets what was not synced (forgetful_disk.py), for as long as the block lasts."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

from torture.fuse_wire import Kernel, unmount

PROGRAM = Path(__file__).with_name("forgetful_disk.py")
# It answers within milliseconds; a crowded machine is given time.
PATIENCE = 60.0


@lru_cache(maxsize=1)
def refused() -> str | None:
    """Why nothing of ours can be mounted here, or nothing; found out by doing it."""
    with tempfile.TemporaryDirectory(prefix="lapor-disk-") as folder:
        try:
            Kernel(Path(folder)).close()
        except Exception as exc:  # noqa: BLE001 (whatever it is: not here)
            said = getattr(exc, "stderr", b"") or b""
            return f"no file system of ours can be mounted: {exc} {said.decode().strip()}"
    return None


class Disk:
    """A folder whose power can be cut."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self._process = process

    async def settle(self) -> None:
        """Make all that is there certain, as sync(1) does."""
        await self._order("settle")

    async def lie(self) -> None:
        """Answer every sync with "done" and do nothing, until the power is cut."""
        await self._order("lie")

    async def fail(self, changes: int) -> None:
        """Answer nothing any more from so many changes on."""
        await self._order(f"fail {changes}")

    async def dark(self) -> None:
        """Wait until it has failed."""
        await self._heard("dark")

    async def cut(self, seed: int, share: float) -> None:
        """
        Forget what was not synced, but for such a share of it, and be there again.

        Whoever still has a file open hears of errors only.
        """
        await self._order(f"cut {seed} {share}")

    async def end(self) -> None:
        """Take it away, also from those who still wait for it; harmless when it is away."""
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()
        unmount(self.folder)

    async def _order(self, order: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{order}\n".encode())
        async with asyncio.timeout(PATIENCE):
            await self._heard(order.partition(" ")[0])

    async def _heard(self, word: str) -> None:
        assert self._process.stdout
        while (line := await self._process.stdout.readline()) != f"{word}\n".encode():
            assert line, "the disk has ended"


@asynccontextmanager
async def forgetful_disk(folder: Path) -> AsyncIterator[Disk]:
    """Mount an empty one; nothing of it is left afterwards, also when this process is killed."""
    folder.mkdir(mode=0o700)  # noqa: ASYNC240 (an empty folder)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROGRAM), str(folder)),
        stdin=pipe,
        stdout=pipe,
        # An interrupt from the keyboard is ours: it ends when its orders do.
        start_new_session=True,
    )
    disk = Disk(folder, process)
    try:
        async with asyncio.timeout(PATIENCE):
            await disk._heard("mounted")  # noqa: SLF001 (its own module)
        yield disk
    finally:
        await disk.end()
