"""
The processes of a run: the gateway itself, the bare servers beside it, and the load.

All on free loopback ports and in temporary folders; a peer that is not its turn is stopped with
SIGSTOP, so that its background work does not count against the other one.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from gateway_process import Gateway
from ports import unused_port

from bench.load import Order, Outcome

ROOT = Path(__file__).parents[1]
READY_SECONDS = 30.0


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How long a run may take."""

    seconds: float
    rounds: int
    pace_seconds: float
    burst: int
    backlog: int
    #: A backlog is watched no longer than this; its rate is known by then.
    drain_seconds: float
    rows: int


QUICK = Scale(
    seconds=0.8,
    rounds=2,
    pace_seconds=3.0,
    burst=1_000,
    backlog=3_000,
    drain_seconds=12.0,
    rows=50_000,
)
FULL = Scale(
    seconds=3.0,
    rounds=3,
    pace_seconds=20.0,
    burst=10_000,
    backlog=100_000,
    drain_seconds=60.0,
    rows=1_000_000,
)


@asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    """A gateway of our own, not started yet; killed and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="lapor-bench-") as home:
        process = Gateway(Path(home))
        process.env["PYTHONPATH"] = str(ROOT)
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def bare(kind: str, *folder: str) -> Iterator["Bare"]:
    """One of the servers in bare.py; killed at the end."""
    port = unused_port()
    command = [sys.executable, "-m", "bench.bare", kind, str(port), *folder]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield Bare(port, process.pid)
        finally:
            process.kill()


class Bare:
    """A running bare server."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid

    async def until_open(self) -> None:
        """Wait until it listens."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def load(order: Order) -> Outcome:
    """Send, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.load",
        msgspec.json.encode(order).decode(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        answer, _ = await process.communicate()
    except BaseException:
        process.kill()
        raise
    return msgspec.json.decode(answer, type=Outcome)


@contextmanager
def only(pid: int, others: Sequence[int]) -> Iterator[None]:
    """Let only one of the servers run."""
    resting = [other for other in others if other != pid]
    for other in resting:
        os.kill(other, signal.SIGSTOP)
    try:
        yield
    finally:
        for other in resting:
            os.kill(other, signal.SIGCONT)


def middle(outcomes: Sequence[Outcome]) -> Outcome:
    """The median of several rounds, figure by figure."""
    names = ("rate", "p50", "p99")
    values = {name: statistics.median(getattr(one, name) for one in outcomes) for name in names}
    refused = sum(one.refused for one in outcomes)
    return msgspec.structs.replace(outcomes[0], refused=refused, **values)


def port_of(address: str) -> int:
    """The port of "127.0.0.1:8080"."""
    return int(address.rpartition(":")[2])


def resident_mb(pid: int) -> float:
    """The memory of a process and its children, what they share counted once, MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_share_kb(process) for process in [pid, *map(int, children)]) / 1024


def _share_kb(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1])
