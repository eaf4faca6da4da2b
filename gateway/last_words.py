"""
What a process says of a bug nobody caught: its type and where it happened, never its words.

Python writes an error's text to stderr, from where it goes to the log; and texts quote what they
stumbled over, as log.py says. This holds for a command's end, for threads and for finalizers.
"""

import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from gateway.log import error_name


def keep() -> None:
    """From now on, in this process and in those that are forked from it."""
    sys.excepthook = _of_main
    threading.excepthook = _of_thread
    sys.unraisablehook = _of_finalizer


def tell(error: BaseException) -> None:
    """Write one error, what caused it first, to stderr."""
    sys.stderr.write("\n".join(_told(error)) + "\n")


def _told(error: BaseException) -> list[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    # The lines of source in it are ours; nothing of what they worked on is in them.
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    told = ["Traceback (most recent call last):", *([frames] if frames else []), error_name(error)]
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        told += ["", *_told(one)]
    return [*_told(before), "", *told] if before else told


def _of_main(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    tell(error)


def _of_thread(args: threading.ExceptHookArgs) -> None:
    # One that only ends its thread is no bug.
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        tell(args.exc_value)


def _of_finalizer(args: Any) -> None:  # noqa: ANN401 (UnraisableHookArgs, which cannot be imported)
    if args.exc_value is not None:
        tell(args.exc_value)
