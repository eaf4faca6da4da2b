"""
Where the pipeline's thinking is done: in processes of its own, or in a thread.

Python runs one thread at a time, so thinking in the gateway's own process would make every
acknowledgement wait. A child gets the settings and the gateway key through a pipe, touches no
database, and may die of a poisonous message, or is ended where one makes it spin: the pipeline then
takes the batch up again, alone in the end. It dies with its parent, whatever ends that.

What a message says stays in the child that read it, so a batch has a seat: whoever reads it
composes it too. With two children one reads the next batch while the other composes the last.
"""

import asyncio
import ctypes
import gc
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import structlog

from gateway import log as logs
from gateway.apart import Apart, Ended
from gateway.build_craft import build_craft
from gateway.craft import Craft
from gateway.settings import Settings

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

# Thinking may take a second; an acknowledgement must not wait for it.
NICER_BY = 5
PR_SET_PDEATHSIG = 1
# A message may make its reader spin or swell without end. An honest batch takes a second of the
# processor; one of nothing but the worst mails that takes longer is taken up again row by row.
TASK_SECONDS = 20.0
MOST_BYTES = 1 << 30


class ThinkingDied(OSError):
    """The process that thinks has ended in the middle; nothing was written, try again."""


class InThread:
    """Thinks in a thread of this process: for tests, and for machines with little memory."""

    apart = False

    def __init__(self, craft: Craft) -> None:
        self._craft = craft
        self._executor: Executor = ThreadPoolExecutor(1, "thinking")

    async def run(
        self, task: Callable[Concatenate[Craft, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do one task of the craft."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, partial(task, self._craft, *args, **kwargs)
        )

    def seat(self) -> "Seat":
        """Where a batch is read and composed."""
        return self

    def furnish(self, settings: Settings, key: bytes) -> None:
        """Take new rules."""
        self._craft = build_craft(settings, key)

    def close(self) -> None:
        """Let go of the thread."""
        self._executor.shutdown()


class Child:
    """One process that thinks."""

    def __init__(self, settings: Settings, how: Literal["fork", "spawn"]) -> None:
        self._settings = settings
        self._key = b""
        self._pool = self._open(how)
        #: Tasks that were begun and have not ended.
        self.busy = 0

    async def run(
        self, task: Callable[Concatenate[Craft, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do one task of the craft; raises ThinkingDied when the child ended over it."""
        pool = self._pool
        self.busy += 1
        try:
            return await asyncio.wrap_future(pool.submit(_do, task.__name__, *args, **kwargs))
        except Ended as exc:
            if self._pool is pool:  # nobody else who waited for this child has made another
                log.error("thinking died")  # noqa: TRY400 (the child's end has no traceback of ours)
                # Spawned: by now a fork would copy our threads' locks and open database.
                self._pool = self._open("spawn")
                self.furnish(self._settings, self._key)
            raise ThinkingDied from exc
        finally:
            self.busy -= 1

    def furnish(self, settings: Settings, key: bytes) -> None:
        """Take the key and the rules, or new ones after the task in hand."""
        self._settings, self._key = settings, key
        self._pool.submit(_furnish, settings, key).add_done_callback(_note_failure)

    def close(self) -> None:
        """Let the process finish and end."""
        self._pool.close()

    def _open(self, how: Literal["fork", "spawn"]) -> Apart:
        return Apart(how, _begin, self._settings, os.getpid())


class InProcess:
    """Thinks in child processes."""

    #: A message that ends its reader ends the child alone, and we hear of it.
    apart = True

    def __init__(self, settings: Settings) -> None:
        """Make the children; to be called before there is any thread, event loop or database."""
        # Forked, it has at once what we have imported, and shares the memory of it; from then on
        # there is a thread that waits for it, which a second fork would copy.
        self._children = [Child(settings, "fork")]
        self._children += [Child(settings, "spawn") for _ in range(1, settings.pipeline.processes)]

    def seat(self) -> "Seat":
        """Where a batch is read and composed: the child with the least to do."""
        return min(self._children, key=lambda child: child.busy)

    async def run(
        self, task: Callable[Concatenate[Craft, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do one task of the craft anywhere; raises ThinkingDied when the child ended over it."""
        return await self.seat().run(task, *args, **kwargs)

    def furnish(self, settings: Settings, key: bytes) -> None:
        """Let all take the key and the rules, or new ones after the tasks in hand."""
        for child in self._children:
            child.furnish(settings, key)

    def close(self) -> None:
        """Let the children finish and end."""
        for child in self._children:
            child.close()


Seat = InThread | Child
Workshop = InThread | InProcess


# --- in the child ------------------------------------------------------------------------------

_shop: dict[str, Craft] = {}


def _begin(settings: Settings, parent: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before we could tie ourselves to it
    # The parent decides when to stop; a service manager signals every process of the service.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(NICER_BY)
    # Beyond it the message in hand fails alone, before the kernel ends whoever it chooses.
    resource.setrlimit(
        resource.RLIMIT_DATA, (MOST_BYTES, resource.getrlimit(resource.RLIMIT_DATA)[1])
    )
    logs.configure(settings.log.format, settings.log.level)


def _furnish(settings: Settings, key: bytes) -> None:
    craft = _shop["craft"] = build_craft(settings, key)
    craft.prepare()
    # Rules and telephone metadata stay; the collector need not walk them again and again.
    gc.freeze()


def _do(task: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 (what the task gives)
    # Time of the processor, not of a crowded machine; SIGPROF ends us wherever we spin.
    signal.setitimer(signal.ITIMER_PROF, TASK_SECONDS)
    try:
        return getattr(_shop["craft"], task)(*args, **kwargs)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _note_failure(future: "Future[None]") -> None:
    if not future.cancelled() and future.exception():
        log.error("thinking failed to start", error=type(future.exception()).__name__)
