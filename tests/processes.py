"""What runs on this machine, as /proc tells: children of a process, and what was left behind."""

import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

# Places of the numbers behind the state in /proc/*/stat.
PARENT, SESSION = 0, 2


def children(pid: int) -> dict[int, str]:
    """The child processes of a process and what they were started as."""
    return {child: command for child, parent, command in _all(PARENT) if parent == pid}


def thinker(pid: int) -> int:
    """The process that reads and composes for the gateway with this pid."""
    return thinkers(pid)[0]


def thinkers(pid: int) -> list[int]:
    """All processes that do, where there are several."""
    return [child for child, name in children(pid).items() if "resource_tracker" not in name]


def left_of(sessions: Collection[int]) -> dict[int, str]:
    """Processes that still run of those that were started as leaders of these sessions."""
    return {pid: command for pid, session, command in _all(SESSION) if session in sessions}


def started_with(word: str) -> list[int]:
    """Processes with this in what they were started as."""
    return [pid for pid, _, command in _all(PARENT) if word in command]


def running(pids: Collection[int]) -> set[int]:
    """Those of these processes that have not ended."""
    return {pid for pid, *_ in _all(PARENT)} & set(pids)


def end_at_once(*pids: int) -> None:
    """Kill processes and their children as the kernel would, and wait until none of them runs."""
    for pid in pids:  # who stands still starts no other one
        _send(pid, signal.SIGSTOP)
        while _state(pid) not in "TtZX":
            time.sleep(0.001)
    doomed = {*pids, *(child for pid in pids for child in children(pid))}
    for pid in doomed:
        _send(pid, signal.SIGKILL)
    while running(doomed):
        time.sleep(0.01)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _state(pid: int) -> str:
    """One letter, see proc(5); that of a dead one where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _all(field: int) -> Iterator[tuple[int, int, str]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, *numbers = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it ended meanwhile
        if state != "Z":
            yield int(entry.name), int(numbers[field]), command
