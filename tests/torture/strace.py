"""strace as a bad disk: the calls of a running program fail, or are slow, as long as it is held."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import peers


def lacking() -> str | None:
    """Why programs cannot be held here, or nothing."""
    if peers.find("strace") is None:
        return "strace is not installed (apt-get install strace)"
    tried = subprocess.run(
        ["strace", "-o", "/dev/null", "true"], capture_output=True, check=False, timeout=60
    )
    return None if tried.returncode == 0 else f"strace is not allowed: {tried.stderr.decode()[:80]}"


class Held:
    """What is done to a program at the moment."""

    def __init__(self, record: Path) -> None:
        self._record = record

    @property
    def struck(self) -> int:
        """How many calls were made to fail, or were slowed, so far."""
        return self._record.read_text(errors="replace").count("(INJECTED)")


@asynccontextmanager
async def holding(
    root: int, fault: str, record: Path, *, only: Path | None = None
) -> AsyncIterator[Held]:
    """
    Hold a process and everything it started while the block lasts.

    `fault` is one of strace's, such as "fdatasync:error=EIO:when=3"; it counts for each thread.
    `only`: calls on this one file.
    """
    calls = fault.partition(":")[0]
    options = ["-f", "-qq", "--seccomp-bpf", "-e", f"trace={calls}", "-e", f"inject={fault}"]
    options += ["-P", str(only)] if only else []
    pids = [word for pid in family(root) for word in ("-p", str(pid))]
    record.write_text("")  # noqa: ASYNC240 (an empty file)
    held = await asyncio.create_subprocess_exec(
        "strace", *options, "-o", str(record), *pids, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield Held(record)
    finally:
        if held.returncode is None:
            held.send_signal(signal.SIGTERM)  # it lets go of all of them, and they run on
        await held.wait()


def family(root: int) -> Iterable[int]:
    """A process and all that came from it and still runs."""
    yield root
    for tasks in Path(f"/proc/{root}/task").glob("*/children"):
        for child in tasks.read_text().split():
            yield from family(int(child))
