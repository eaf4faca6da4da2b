"""Logs: one line per event, and nothing in it that a citizen wrote or that opens a door."""

import asyncio
import io
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway import log as gateway_log
from gateway.log import ForbiddenKey, configure, error_name

TOKEN = "t0p-secret-token"
WORDS = "jalan di depan rumah saya rusak"


@pytest.fixture
def stream() -> io.StringIO:
    """Where logs go; conftest's strict_logs puts the process-wide logging back afterwards."""
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line(stream: io.StringIO) -> None:
    """A phrase and its values come out as one JSON object with time and level first."""
    configure("json", stream=stream)

    structlog.get_logger().info("settled", rows=3, channel="sms")

    (line,) = lines(stream)
    assert list(line) == ["at", "level", "event", "rows", "channel"]
    assert (line["level"], line["event"], line["rows"]) == ("info", "settled", 3)
    assert line["at"].endswith("Z")


def test_levels_below_the_set_one_stay_out(stream: io.StringIO) -> None:
    """With level = "warning" an info event costs nothing and says nothing."""
    configure("json", "warning", stream=stream)

    structlog.get_logger().info("settled")
    structlog.get_logger().warning("pipeline pauses")

    assert [line["event"] for line in lines(stream)] == ["pipeline pauses"]


@pytest.mark.parametrize("key", ["text", "sender", "to", "token", "secret", "payload", "url"])
def test_a_forbidden_key_raises_in_tests(stream: io.StringIO, key: str) -> None:
    """A developer who logs a text or a sender learns it from the first test that runs there."""
    configure("json", stream=stream, strict=True)

    with pytest.raises(ForbiddenKey, match=f"'accepted' must not be logged with {key}"):
        structlog.get_logger().info("accepted", **{key: WORDS})

    assert stream.getvalue() == ""


def test_a_forbidden_key_is_withheld_in_production_and_named(stream: io.StringIO) -> None:
    """The value never appears, and the line says that something was withheld."""
    configure("json", stream=stream)

    structlog.get_logger().info("accepted", sender="+6281200000001", text=WORDS, id=7)

    (line,) = lines(stream)
    assert line["withheld"] == ["sender", "text"]
    assert line["id"] == 7
    assert "+62" not in stream.getvalue()
    assert WORDS not in stream.getvalue()


def test_an_exception_is_named_and_not_quoted(stream: io.StringIO) -> None:
    """An error tells its type and place; its text, which quotes the input, stays out."""
    configure("json", stream=stream)

    try:
        int(WORDS)
    except ValueError:
        structlog.get_logger().exception("recording failed", journal_id=7)

    (line,) = lines(stream)
    assert line["error"] == "ValueError"
    assert "test_log.py" in line["where"]
    assert "test_an_exception_is_named_and_not_quoted" in line["where"]
    assert WORDS not in stream.getvalue()


def test_an_errors_name_keeps_the_systems_own_words() -> None:
    """The operator reads that the disk is full, and which errors a group holds."""
    full = OSError(28, "No space left on device", "/data/private")
    group = ExceptionGroup(WORDS, [full, ValueError(WORDS)])

    assert error_name(group) == "ExceptionGroup(OSError: No space left on device, ValueError)"


def test_libraries_come_through_the_same_chain_without_their_arguments(
    stream: io.StringIO,
) -> None:
    """A URL with a token and a peer's address in a library's message do not reach the log."""
    configure("json", stream=stream)

    logger = logging.getLogger("aiohttp.server")
    logger.error("Error handling request from %s", "198.51.100.7")
    logger.error(f"GET https://sms.example.org/send?token={TOKEN} failed")  # noqa: G004 (as some do)
    logger.error(f"GET /in/sms?secret={TOKEN} failed")  # noqa: G004 (as some do)

    assert [line["said"] for line in lines(stream)] == [
        "Error handling request from %s",
        "GET <url> failed",
        "GET <url> failed",
    ]
    assert {line["logger"] for line in lines(stream)} == {"aiohttp.server"}


async def test_asyncio_reports_a_lost_exception_without_its_text(stream: io.StringIO) -> None:
    """What asyncio says about a failed callback names the error and quotes nothing."""
    configure("json", stream=stream)
    context = {"message": "Unhandled exception", "exception": ValueError(WORDS), "handle": WORDS}

    asyncio.get_running_loop().call_exception_handler(context)

    (line,) = lines(stream)
    assert (line["said"], line["error"]) == ("Unhandled exception", "ValueError")
    assert WORDS not in stream.getvalue()


def test_the_mail_library_and_the_access_log_are_quiet(stream: io.StringIO) -> None:
    """The one tells every step with addresses, the other every path."""
    configure("json", "debug", stream=stream)

    logging.getLogger("mail.log").info("%r << %r", "198.51.100.7", b"MAIL FROM:<a@example.org>")
    logging.getLogger("aiohttp.access").info("GET /in/sms?text=rusak")

    assert stream.getvalue() == ""


def test_values_that_json_does_not_know_show_their_type_only(stream: io.StringIO) -> None:
    """An object that slipped into an event does not show what it holds."""
    configure("json", stream=stream)

    structlog.get_logger().info("settled", odd=io.StringIO(WORDS))

    (line,) = lines(stream)
    assert line["odd"] == "<StringIO>"


def test_a_value_cannot_forge_a_line_on_the_console(stream: io.StringIO) -> None:
    """A line feed or an escape sequence in a value stays inside its value."""
    configure("console", stream=stream)

    structlog.get_logger().info("channel failed", reason="x\n\x1b[2Jok")

    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_the_journal_gets_priorities(tmp_path: Path, stream: io.StringIO) -> None:
    """Where JOURNAL_STREAM names stderr each line begins with its priority, elsewhere not."""
    with (tmp_path / "stderr").open("w+") as file:
        status = os.fstat(file.fileno())
        journal = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        configure("json", stream=file, environment=journal)
        structlog.get_logger().warning("pipeline pauses")
        configure("json", stream=file, environment={"JOURNAL_STREAM": "1:2"})
        structlog.get_logger().warning("pipeline pauses")
        file.seek(0)
        first, second = file.read().splitlines()

    assert first.startswith('<4>{"at"')
    assert second.startswith('{"at"')
    assert stream.getvalue() == ""


def test_a_full_disk_under_the_log_stops_nothing(stream: io.StringIO) -> None:
    """When stderr cannot be written any more the gateway goes on."""
    full = Path("/dev/full").open("w")  # noqa: SIM115 (closing it fails, as it must)
    configure("json", stream=full)

    structlog.get_logger().info("settled")

    with pytest.raises(OSError, match="No space left"):
        full.close()
    assert stream.getvalue() == ""


def test_configuring_twice_logs_once(stream: io.StringIO) -> None:
    """A reload of the settings does not double the lines of the libraries."""
    configure("json", stream=stream)
    configure("json", stream=stream)

    logging.getLogger("asyncio").error("loop is slow")

    assert len(lines(stream)) == 1
    assert {"text", "sender", "to", "token", "secret", "payload"} <= gateway_log.FORBIDDEN
