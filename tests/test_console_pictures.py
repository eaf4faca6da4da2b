"""Pictures of numbers: what a browser may do with one, and what it says."""

import sys
from xml.etree import ElementTree as ET

import pytest

from gateway.console.pictures import Shape, bars, line, ticks

SVG = "{http://www.w3.org/2000/svg}"
LABELS = ["01.00", "02.00", "03.00"]


def words(drawn: bytes) -> list[str]:
    return [part.text or "" for part in ET.fromstring(drawn).iter(f"{SVG}text")]  # noqa: S314


@pytest.mark.parametrize("draw", [bars, line])
def test_a_picture_runs_nothing_and_fetches_nothing(draw: type) -> None:
    drawn = draw("Isyarat", LABELS, {"X": [1, 2, 3], "<script>alert(1)</script>": [3, None, 1]})
    tags = {part.tag.removeprefix(SVG) for part in ET.fromstring(drawn).iter()}  # noqa: S314

    assert "script" not in tags
    assert tags <= {"svg", "title", "defs", "style", "g", "rect", "circle", "path", "text", "line"}
    assert b"http" not in drawn.replace(b"http://www.w3.org/", b"")
    assert b"url(" not in drawn
    assert b"@import" not in drawn


def test_a_picture_is_named_and_says_its_labels_and_series() -> None:
    drawn = bars("Isyarat per jam", LABELS, {"X": [1, 2, 3], "RSS": [0, 1, 0]})
    title = ET.fromstring(drawn).find(f"{SVG}title")  # noqa: S314

    assert title is not None
    assert title.text == "Isyarat per jam"
    assert {*LABELS, "X", "RSS", "0", "3"} <= set(words(drawn))


def test_lying_bars_are_in_the_order_of_their_labels() -> None:
    drawn = bars("Topik", ["jalan", "sampah"], {"2026": [7, 2]}, Shape(lying=True, values=True))
    found = ET.fromstring(drawn)  # noqa: S314
    height = {part.text: float(part.attrib["y"]) for part in found.iter(f"{SVG}text")}

    assert height["jalan"] < height["sampah"]
    assert height["7"] < height["2"]


def test_nothing_is_a_picture_too() -> None:
    assert b"<svg" in bars("Isyarat", LABELS, {"X": [0, 0, 0]})
    assert b"<svg" in line("Isyarat", [], {})


@pytest.mark.parametrize(
    ("most", "marks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (15, [0, 5, 10, 15]),
        (101, [0, 50, 100, 150]),
        (3000, [0, 1000, 2000, 3000]),
    ],
)
def test_an_axis_has_few_round_numbers(most: float, marks: list[float]) -> None:
    assert ticks(most) == marks


def test_a_picture_has_the_colours_of_day_and_night() -> None:
    drawn = bars("Isyarat", LABELS, {"X": [1, 2, 3]})

    assert b"prefers-color-scheme:dark" in drawn


def test_drawing_leaves_imports_as_they_were() -> None:
    """The library would hang an old finder into the way of every import."""
    bars("Laporan", ["Sen"], {"Ini": [1]})
    assert [one for one in sys.meta_path if not hasattr(one, "find_spec")] == []
