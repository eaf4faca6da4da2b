"""One parser under fire in a process of its own, with little memory and a clock on each payload."""

import contextlib
import gc
import resource
import signal
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from torture.hostile_parsers import parsers
from torture.hostile_payloads import payloads

#: Processor time for one payload; the bar for any payload, and what ends a runaway one.
MOST_SECONDS, RUNAWAY_SECONDS = 1.0, 10.0
#: Above what the process has when it begins.
MOST_MEMORY = 512 << 20
SHOWN = 200


class Runaway(BaseException):
    """A payload costs more time than any payload may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """What came of the payloads of one parser."""

    parser: str
    payloads: int
    refused: int
    #: Payload and what it did, of the first few.
    broken: tuple[str, ...]
    #: Seconds of processor time of the slowest payload.
    slowest: float
    #: How far the memory of the process grew, bytes.
    grown: int


def fire(name: str, count: int, seed: int) -> Fire:
    """Shoot; in a process that has nothing else to do."""
    parser = parsers()[name]
    warnings.simplefilter("ignore")
    broken, refused, slowest, shots = [], 0, 0.0, 0
    before = _resident()
    with _little_memory(), _clock():
        for payload in payloads(parser.seeds, count, seed):
            shots += 1
            began = time.process_time()
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, RUNAWAY_SECONDS)
                parser.read(payload)
            except parser.refuses:
                refused += 1
            except (Exception, Runaway) as exc:  # noqa: BLE001 (that is what is looked for)
                broken.append(f"{type(exc).__name__} by {payload[:SHOWN]!r} ({len(payload)} bytes)")
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            slowest = max(slowest, time.process_time() - began)
    gc.collect()
    return Fire(
        parser=name,
        payloads=shots,
        refused=refused,
        broken=tuple(broken[:5]),
        slowest=slowest,
        grown=max(0, _resident() - before),
    )


@contextlib.contextmanager
def _little_memory() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + MOST_MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextlib.contextmanager
def _clock() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Runaway

    before = signal.signal(signal.SIGVTALRM, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGVTALRM, before)


def _mapped() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 (a number)
        return int(file.read().split()[0]) * resource.getpagesize()


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 (a number)
        return int(file.read().split()[1]) * resource.getpagesize()
