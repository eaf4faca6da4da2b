"""What a running gateway takes from the machine: memory, files, threads, tasks, and its log."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gateway_process import Gateway

TASKS = re.compile(r"^gateway_tasks (\S+)$", re.MULTILINE)
QUEUES = re.compile(r'^gateway_queue_messages\{queue="(\w[^"]*)"\} (\S+)$', re.MULTILINE)
MIB = 1 << 20
# A crowded machine may need long for what came in quickly.
SETTLE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What both processes hold; at rest it is the same again and again."""

    files: int
    threads: int
    #: Of the main process's event loop.
    tasks: int

    def __str__(self) -> str:
        """For the figure."""
        return f"{self.files} files, {self.threads} threads, {self.tasks} tasks"

    def more_than(self, other: "Held", *, by: "Held") -> bool:
        """Whether any of it is above the other by more than so much."""
        return (
            self.files > other.files + by.files
            or self.threads > other.threads + by.threads
            or self.tasks > other.tasks + by.tasks
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look."""

    second: float
    #: Resident, MiB.
    main: float
    child: float
    #: Rows that wait, in all queues.
    waiting: int
    #: The largest write-ahead log of the SQLite files, MiB.
    log: float


async def held(gateway: Gateway) -> Held:
    """Count what is open now."""
    _, page = await gateway.get("/metrics")
    found = TASKS.search(page)
    assert found, "the metrics tell no tasks"
    pids = [gateway.pid, child_of(gateway.pid)]
    return Held(
        files=sum(_entries(pid, "fd") for pid in pids),
        threads=sum(_entries(pid, "task") for pid in pids),
        tasks=int(float(found[1])),
    )


async def sample(gateway: Gateway, second: float) -> Sample:
    """Look once."""
    return Sample(
        second=second,
        main=resident(gateway.pid),
        child=resident(child_of(gateway.pid)),
        waiting=await waiting(gateway),
        log=max((path.stat().st_size / MIB for path in gateway.data_dir.glob("*-wal")), default=0),
    )


async def waiting(gateway: Gateway) -> int:
    """How many rows wait for the pipeline, a central store or a channel."""
    _, page = await gateway.get("/metrics")
    return sum(int(float(rows)) for queue, rows in QUEUES.findall(page) if queue != "parked")


async def until_settled(gateway: Gateway) -> None:
    """Wait until nothing waits any more."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while await waiting(gateway):  # noqa: ASYNC110 (another process's)
            await asyncio.sleep(0.1)


def child_of(pid: int) -> int:
    """The process that thinks, which is the larger of the children."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return max(children, key=resident)


def _entries(pid: int, folder: str) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/{folder}").iterdir())


def resident(pid: int) -> float:
    """The memory a process has, MiB."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def growth(values: list[float]) -> float:
    """By how much the last fifth is above the first, as a share."""
    fifth = max(1, len(values) // 5)
    return fmean(values[-fifth:]) / fmean(values[:fifth]) - 1


def slope(seconds: list[float], values: list[float]) -> float:
    """How much is gained in an hour, by the line of least squares."""
    at, level = fmean(seconds), fmean(values)
    spread = sum((second - at) ** 2 for second in seconds)
    if not spread:
        return 0.0
    pairs = zip(seconds, values, strict=True)
    return 3600 * sum((second - at) * (value - level) for second, value in pairs) / spread
