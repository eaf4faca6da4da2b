"""Complaints as JSON lines through `normalize`, and the table of `evaluate`."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from gateway.evaluation.figure import Figure
from gateway.evaluation.quality import page
from normalizer.record import Record

LAMP = {"text": "Lampu jalan di kec. Mlati padam sdh 3 hr", "channel": "sms", "tenant": "34.04"}


def filtered(*lines: object) -> Result:
    """What `normalize` makes of these lines; text goes in as it is."""
    raw = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return CliRunner().invoke(
        cli, ["normalize"], input="\n".join(raw).encode(errors="surrogateescape")
    )


def test_each_line_gives_its_record() -> None:
    """In the order they came, and as the schema of the record says."""
    result = filtered(
        LAMP, "", {"text": "Mohon info syarat KTP", "sent_at": "2026-11-20T08:00:00Z"}
    )
    records = [msgspec.json.decode(line, type=Record) for line in result.stdout.splitlines()]

    assert result.exit_code == 0
    assert [record.text for record in records] == [LAMP["text"], "Mohon info syarat KTP"]
    assert [record.channel for record in records] == ["sms", "web"]
    assert records[0].place
    assert records[0].place.code == "34.04.06"
    assert records[1].sent_at == records[1].received_at


def test_the_same_line_gives_the_same_record() -> None:
    """Nothing in it comes from the clock or from chance."""
    assert filtered(LAMP).stdout == filtered(LAMP).stdout


@pytest.mark.parametrize("line", ["{", '{"text": 7}', '{"x": 1}', "\udcff", "[]"])
def test_a_line_that_is_none_harms_no_other(line: str) -> None:
    """It is answered in its place, by its number, and the exit code tells."""
    result = filtered(line, LAMP)
    first, second = result.stdout.splitlines()

    assert result.exit_code == 1
    assert json.loads(first)["error"].startswith("line 1: ")
    assert msgspec.json.decode(second, type=Record).text == LAMP["text"]


def test_title_and_address_are_read() -> None:
    """The place stands in words of its own; the title is kept."""
    said = {
        "text": "Sudah tiga hari padam",
        "title": "Lampu jalan",
        "address": "Kec. Mlati, Sleman",
    }
    (line,) = filtered(said).stdout.splitlines()
    record = msgspec.json.decode(line, type=Record)

    assert record.title == "Lampu jalan"
    assert record.place
    assert record.place.code == "34.04.06"


def test_evaluate_names_the_sets_that_are_not_there(tmp_path: Path) -> None:
    """An empty folder gives an empty table and says why."""
    result = CliRunner().invoke(cli, ["evaluate", "--data", str(tmp_path), "places"])

    assert result.exit_code == 0
    assert "places: " in result.stderr
    assert "is not there" in result.stderr


def test_a_figure_that_falls_short_is_marked() -> None:
    """On the page and to whoever asks."""
    short = Figure(task="topic", measure="accuracy", value=0.7, reach=0.8, n=1200)
    well = Figure(
        task="topic", measure="macro-F1", value=0.7, reach=0.66, n=1200, detail="37 kinds"
    )
    rows = page([short, well]).splitlines()[-2:]

    assert not short.reached
    assert rows == [
        "| topic | accuracy | **0.700** short | 0.8 | 1,200 |  |",
        "| topic | macro-F1 | 0.700 | 0.66 | 1,200 | 37 kinds |",
    ]
