"""A bug nobody caught: its type and place are told, and nothing it stumbled over."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from gateway import cli, last_words
from gateway.apart import Apart
from gateway.errors import SettingsError

WORDS = "kunci-rahasia Warga Contoh +6280000000001"


@pytest.fixture(autouse=True)
def hooks() -> Iterator[None]:
    """Put Python's own back afterwards."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = before


class Heavy(Exception):
    """One that fits through no pipe."""

    def __init__(self) -> None:
        super().__init__(WORDS)
        self.lock = threading.Lock()


def first_stumble() -> None:
    raise LookupError(WORDS)


def stumble() -> None:
    """Fail twice, the second time because of the first."""
    try:
        first_stumble()
    except LookupError as exc:
        raise ValueError(WORDS) from exc


def stumble_heavily() -> None:
    raise Heavy


def caught() -> Exception:
    with pytest.raises(ValueError, match=WORDS.partition("+")[0]) as found:
        stumble()
    return found.value


def test_a_command_that_fails_tells_where_and_not_what(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hook of the command line names both errors and the line each came from."""
    monkeypatch.setattr(cli, "cli", stumble)
    with pytest.raises(ValueError, match="Warga") as found:
        cli.main()

    sys.excepthook(found.type, found.value, found.tb)
    told = capsys.readouterr().err

    assert WORDS not in told
    assert told.index("LookupError") < told.index("ValueError\n")
    assert "in stumble" in told


def test_a_group_names_each_of_its_errors(capsys: pytest.CaptureFixture[str]) -> None:
    last_words.tell(ExceptionGroup(WORDS, [caught(), OSError(28, "No space left on device")]))
    told = capsys.readouterr().err

    assert WORDS not in told
    assert "ExceptionGroup(ValueError, OSError: No space left on device)" in told
    assert "in stumble" in told


def test_what_is_not_asked_for_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`raise … from None` hides what came before, as Python does."""
    hidden = SettingsError("x")
    hidden.__context__, hidden.__suppress_context__ = caught(), True
    last_words.tell(hidden)

    assert "ValueError" not in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_threads_and_finalizers_are_as_silent(capsys: pytest.CaptureFixture[str]) -> None:
    last_words.keep()
    error = caught()
    of_thread: Any = SimpleNamespace(exc_value=error)
    threading.excepthook(of_thread)
    of_finalizer: Any = SimpleNamespace(exc_value=error, object=WORDS)
    sys.unraisablehook(of_finalizer)
    told = capsys.readouterr().err

    assert WORDS not in told
    assert told.count("ValueError") >= 2


def test_a_process_apart_that_cannot_even_tell_ends_without_its_words(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Its error fits through no pipe, and multiprocessing would print it."""
    child = Apart("fork", contextlib.nullcontext)
    with pytest.raises(Exception, match=r"^$"):
        child.submit(stumble_heavily).result(60)
    child.close()
    told = capfd.readouterr().err

    assert WORDS not in told
    assert "Heavy" in told
