"""
Where the pipeline's thinking is done: in a process of its own, or in a thread.

Python runs one thread at a time, so thinking in the gateway's own process would make every
acknowledgement wait. The child gets the settings and the gateway key through a pipe, touches no
database, and may die of a poisonous message: the pipeline then takes the batch up again, alone in
the end. It dies with its parent, whatever ends that.
"""

import asyncio
import ctypes
import gc
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import structlog

from gateway import log as logs
from gateway.build_craft import build_craft
from gateway.craft import Craft
from gateway.settings import Settings

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

# Thinking may take a second; an acknowledgement must not wait for it.
NICER_BY = 5
PR_SET_PDEATHSIG = 1


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

    def furnish(self, settings: Settings, key: bytes) -> None:
        """Take new rules."""
        self._craft = build_craft(settings, key)

    def close(self) -> None:
        """Let go of the thread."""
        self._executor.shutdown()


class InProcess:
    """Thinks in a child process."""

    #: A message that ends its reader ends the child alone, and we hear of it.
    apart = True

    def __init__(self, settings: Settings) -> None:
        """Make the child; to be called before there is any thread, event loop or database."""
        self._settings = settings
        self._key = b""
        # Forked, it has at once what we have imported, and shares the memory of it.
        self._pool = self._open("fork")

    async def run(
        self, task: Callable[Concatenate[Craft, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do one task of the craft; raises ThinkingDied when the child ended over it."""
        try:
            return await asyncio.wrap_future(self._pool.submit(_do, task.__name__, *args, **kwargs))
        except BrokenProcessPool as exc:
            log.error("thinking died")  # noqa: TRY400 (the child's end has no traceback of ours)
            # Spawned: by now a fork would copy our threads' locks and open database.
            self._pool = self._open("spawn")
            self.furnish(self._settings, self._key)
            raise ThinkingDied from exc

    def furnish(self, settings: Settings, key: bytes) -> None:
        """Take the key and the rules, or new ones after the task in hand."""
        self._settings, self._key = settings, key
        self._pool.submit(_furnish, settings, key).add_done_callback(_note_failure)

    def close(self) -> None:
        """Let the child finish and end."""
        self._pool.shutdown(cancel_futures=True)

    def _open(self, how: Literal["fork", "spawn"]) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            1,
            mp_context=get_context(how),
            initializer=_begin,
            initargs=(self._settings, os.getpid()),
        )
        pool.submit(_ready).add_done_callback(_note_failure)  # start now, not at the first message
        return pool


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
    logs.configure(settings.log.format, settings.log.level)


def _furnish(settings: Settings, key: bytes) -> None:
    craft = _shop["craft"] = build_craft(settings, key)
    craft.prepare()
    # Rules and telephone metadata stay; the collector need not walk them again and again.
    gc.freeze()


def _ready() -> None:
    """Nothing to do: the child exists."""


def _do(task: str, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 (what the task gives)
    return getattr(_shop["craft"], task)(*args, **kwargs)


def _note_failure(future: "Future[None]") -> None:
    if not future.cancelled() and future.exception():
        log.error("thinking failed to start", error=type(future.exception()).__name__)
