"""
One process of our own that does what it is told, one thing after the other, by a pipe.

`concurrent.futures` has such a pool, and makes named semaphores for it: a gateway that is killed
leaves them in /dev/shm for ever. A pipe ends with whoever holds it. The next task is on its way
while the process is at the one before, so it need not wait for us.
"""

import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection  # noqa: TC003 (it would be loaded anyway)
from multiprocessing.util import Finalize
from threading import Thread
from typing import Any, Literal

from gateway import last_words

Call = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]


class Ended(Exception):
    """The process has ended, and with it what it was told to do."""


class Apart:
    """The process as its parent sees it."""

    def __init__(
        self, how: Literal["fork", "spawn"], begin: Callable[..., object], *begun_with: object
    ) -> None:
        """Start it, before anything else with `begin(*begun_with)`; how as multiprocessing."""
        context = get_context("fork") if how == "fork" else get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, begin, begun_with))
        self._process.start()
        theirs.close()
        self._asked: deque[Future[Any]] = deque()
        self._closing = self._ended = False
        self._sending = ThreadPoolExecutor(1, "telling")
        self._hearing = Thread(target=self._hear, name="hearing", daemon=True)
        self._hearing.start()
        # Python waits for its children at its end: one that nobody closed is told so.
        Finalize(self, _dismiss, (self._pipe,), exitpriority=0)

    def submit(self, task: Callable[..., object], *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 (what the task takes)
        """Have a task done; its result, or Ended."""
        future: Future[Any] = Future()
        self._sending.submit(self._send, future, (task, args, kwargs))
        return future

    def close(self) -> None:
        """Let it finish what it is at, and end."""
        self._closing = True
        self._sending.shutdown()
        _dismiss(self._pipe)
        self._process.join()
        self._hearing.join()

    def _send(self, future: "Future[Any]", call: Call) -> None:
        if self._closing:
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        self._asked.append(future)
        try:
            self._pipe.send(call)
        except OSError:
            pass  # who hears finds out
        except Exception as exc:  # noqa: BLE001 (it cannot be sent: whoever asked hears that)
            with suppress(ValueError):
                self._asked.remove(future)
                future.set_exception(exc)
        if self._ended:
            self._give_up()

    def _hear(self) -> None:
        while True:
            try:
                went_well, value = self._pipe.recv()
            except (EOFError, OSError):
                break
            except Exception as exc:  # noqa: BLE001 (an error that cannot be made again here)
                went_well, value = False, exc
            future = self._asked.popleft()
            if went_well:
                future.set_result(value)
            else:
                future.set_exception(value)
        self._ended = True
        self._give_up()
        self._process.join()

    def _give_up(self) -> None:
        with suppress(IndexError):
            while True:
                self._asked.popleft().set_exception(Ended())


def _dismiss(pipe: "Connection[Any, Any]") -> None:
    with suppress(OSError):
        pipe.send(None)


# --- in the child ------------------------------------------------------------------------------


def _serve(
    pipe: "Connection[Any, Any]", begin: Callable[..., object], begun_with: tuple[object, ...]
) -> None:
    last_words.keep()
    try:
        begin(*begun_with)
        with suppress(EOFError, OSError):
            while call := pipe.recv():
                _answer(pipe, call)
    except Exception as exc:  # noqa: BLE001 (see below)
        # multiprocessing would write the error's words to stderr.
        last_words.tell(exc)
        raise SystemExit(1) from None


def _answer(pipe: "Connection[Any, Any]", call: Call) -> None:
    task, args, kwargs = call
    try:
        pipe.send((True, task(*args, **kwargs)))
    except Exception as exc:  # noqa: BLE001 (the parent raises it)
        # A traceback does not travel; where it happened does.
        exc.add_note("".join(traceback.format_tb(exc.__traceback__)))
        pipe.send((False, exc))
