"""
Structured logs on stderr: constant lower-case phrases and key=value, as JSON lines or for a person.

Our events and those of the libraries (aiohttp, aiosmtpd, asyncio) leave through one chain. Nothing
a citizen wrote, no address of theirs and no token may pass: forbidden keys are withheld (and raise
in tests), libraries' messages lose their arguments and URLs, exceptions their texts. An error names
its type and where it happened. When the journal reads, lines carry `<N>`, see sd-daemon(3).
"""

import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Literal, TextIO

import msgspec
import structlog
from aiohttp.http_exceptions import HttpProcessingError

Format = Literal["auto", "json", "console"]
Level = Literal["debug", "info", "warning", "error"]
Event = MutableMapping[str, Any]

FORBIDDEN = frozenset(
    {
        *("text", "clean_text", "matter", "title", "subject", "body", "payload", "content"),
        *("document", "remark", "sender", "from", "to", "recipient", "rcpt", "mail_from"),
        *("phone", "msisdn", "number", "mail", "email", "contact", "identity", "reporter"),
        *("return_address", "address", "name", "user", "secret", "token", "password", "key"),
        *("authorization", "signature", "cookie", "url", "query", "headers"),
    }
)

# What the libraries would tell of every connection, and of what came over it.
# The HTTP client below python-telegram-bot logs addresses, and Telegram's hold the bot's token.
QUIET = {
    "aiohttp.access": logging.CRITICAL,
    "mail.log": logging.WARNING,
    "httpx": logging.CRITICAL,
    "httpcore": logging.CRITICAL,
}

PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}

URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+|/\S*\?\S+", re.IGNORECASE)
FRAMES = 6


class ForbiddenKey(ValueError):
    """An event was to be logged with a key that may hold what a citizen wrote, or a secret."""


def configure(
    style: Format = "auto",
    level: Level = "info",
    *,
    stream: TextIO | None = None,
    environment: Mapping[str, str] | None = None,
    strict: bool = False,
) -> None:
    """Send every log of this process to `stream`; `strict` makes a forbidden key an error."""
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _refuse if strict else _withhold,
            _name_exception,
            _renderer(style, stream, os.environ if environment is None else environment),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )
    _adopt_libraries(number)


# --- the chain ---------------------------------------------------------------------------------


def _refuse(_: object, __: str, event: Event) -> Event:
    found = sorted(FORBIDDEN & event.keys())
    if found:
        raise ForbiddenKey(f"{event.get('event')!r} must not be logged with {', '.join(found)}")
    return event


def _withhold(_: object, __: str, event: Event) -> Event:
    found = sorted(FORBIDDEN & event.keys())
    for key in found:
        del event[key]
    if found:
        event["withheld"] = found
    return event


def _name_exception(_: object, __: str, event: Event) -> Event:
    cause = event.pop("exc_info", None)
    if cause is True:
        cause = sys.exc_info()[1]
    if isinstance(cause, tuple):
        cause = cause[1]
    if isinstance(cause, BaseException):
        event["error"] = error_name(cause)
        event["where"] = " < ".join(_frames(cause.__traceback__))
    return event


def error_name(error: BaseException) -> str:
    """What an error is, without its text: texts quote what they stumbled over."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"  # the system's own words: "No space left on device"
    if isinstance(error, BaseExceptionGroup):
        return f"{name}({', '.join(error_name(one) for one in error.exceptions)})"
    return name


def _frames(trace: TracebackType | None) -> Iterator[str]:
    """Innermost first: file:line function."""
    for frame in reversed(traceback.extract_tb(trace)[-FRAMES:]):
        folder, _, file = frame.filename.rpartition("/")
        yield f"{folder.rpartition('/')[2]}/{file}:{frame.lineno} {frame.name}"


def _renderer(
    style: Format, stream: TextIO, environment: Mapping[str, str]
) -> Callable[[Any, str, Event], str]:
    console = style == "console" or (style == "auto" and stream.isatty())
    colours = console and stream.isatty() and "NO_COLOR" not in environment
    render: Any = structlog.dev.ConsoleRenderer(colors=colours) if console else _json
    if _journal_reads(stream, environment):
        return lambda logger, method, event: (
            f"<{PRIORITIES.get(event['level'], 5)}>{render(logger, method, event)}"
        )
    return lambda logger, method, event: str(render(logger, method, event))


def _json(_: object, __: str, event: Event) -> str:
    first = {"at": event.pop("at"), "level": event.pop("level"), "event": event.pop("event")}
    return msgspec.json.encode({**first, **event}, enc_hook=_type_name).decode()


def _type_name(value: object) -> str:
    return f"<{type(value).__name__}>"  # a repr may show what it holds


def _journal_reads(stream: TextIO, environment: Mapping[str, str]) -> bool:
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class _Lines:
    """Writes whole lines, and goes on when the disk under the log is full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


# --- the libraries -----------------------------------------------------------------------------


class _Bridge(logging.Handler):
    """Passes on what libraries say, without what they quote."""

    def emit(self, record: logging.LogRecord) -> None:
        # The template without its arguments, and of a ready-made text the first line alone:
        # asyncio puts the exception's text and the task's arguments into the lines below.
        template = str(record.msg).partition("\n")[0]
        structlog.get_logger().log(
            _level_of(record),
            "library",
            logger=record.name,
            said=URL.sub("<url>", template),
            exc_info=record.exc_info,
        )


def _level_of(record: logging.LogRecord) -> int:
    """As the library says, but for what strangers send amiss: it is no error of ours."""
    error = record.exc_info[1] if record.exc_info else None
    return logging.DEBUG if isinstance(error, HttpProcessingError) else record.levelno


def _adopt_libraries(level: int) -> None:
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Bridge):
            root.removeHandler(handler)
    root.addHandler(_Bridge())
    # Below WARNING libraries describe every step, with everything in it.
    root.setLevel(max(level, logging.WARNING))
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(capture=True)
