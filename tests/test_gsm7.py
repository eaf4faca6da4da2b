"""How long an SMS is, and that none is cut inside a character."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import gsm7
from channels.sms_text import decode

DATA = Path(os.environ.get("LAPOR_DATA", Path(__file__).parents[2] / "shared" / "data"))

TEXTS = st.text(st.one_of(st.sampled_from("aé€{}😢ő \n"), st.characters()), max_size=400)


def vectors(*kinds: str) -> list[dict[str, Any]]:
    """The shared codec vectors of these kinds."""
    file = DATA / "sms_codec_vectors" / "dev.jsonl"
    if not file.exists():
        pytest.skip(f"evaluation data absent: {file} (set LAPOR_DATA)")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return [row for row in rows if row["kind"] in kinds]


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        ("", 0, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("€" * 80, 160, 1),
        ("€" * 81, 162, 2),
        ("ç", 1, 1),  # only the upper case Ç is in the table, so this one is UCS-2
        ("a" * 69 + "ç", 70, 1),
        ("a" * 70 + "ç", 71, 2),
        ("😢" * 35, 70, 1),
        ("😢" * 36, 72, 2),
        ("😢" * 67, 134, 3),  # 33 fit into a part of 67 units, never 33 and a half
    ],
)
def test_length_is_counted_as_operators_count_it(text: str, units: int, segments: int) -> None:
    """Septets with the extension table twice, UTF-16 units for all else, 153 or 67 to a part."""
    assert (gsm7.units(text), gsm7.segments(text)) == (units, segments)


def test_the_shared_vectors_count_the_same_segments() -> None:
    """Segment counts agree with another implementation's vectors."""
    rows = vectors("segments")
    counted = {row["name"]: gsm7.segments(row["char"] * row["repeat"]) for row in rows}

    assert counted == {row["name"]: row["expect_segments"] for row in rows}


def test_the_shared_vectors_decode_the_same() -> None:
    """Unpacked septets, with and without escapes, read as another implementation reads them."""
    rows = vectors("gsm7_decode_unpacked")
    read = {row["name"]: gsm7.decode(bytes.fromhex(row["hex"])) for row in rows}

    assert read == {row["name"]: row["expect_text"] for row in rows}


def test_the_shared_vectors_of_ucs2_decode_the_same() -> None:
    """Joined octets give whole emoji; half an emoji is replaced and remarked, never an error."""
    for row in vectors("ucs2_decode"):
        text, remark = decode(bytes.fromhex("".join(row["parts_hex"])), "UTF-16BE")

        if row["expect_error"]:
            assert text.endswith("\N{REPLACEMENT CHARACTER}")
            assert remark == "characters damaged: not utf-16be"
        else:
            assert (text, remark) == (row["expect_text"], "")


@given(TEXTS)
def test_parts_are_whole_and_fit(text: str) -> None:
    """The parts together are the text, and each fits into one SMS of its alphabet."""
    parts = gsm7.split(text)
    size = (160 if len(parts) == 1 else 153) if gsm7.is_gsm7(text) else (70, 67)[len(parts) > 1]

    assert "".join(parts) == text
    assert all(_length(part, ucs2=not gsm7.is_gsm7(text)) <= size for part in parts)


def _length(part: str, *, ucs2: bool) -> int:
    return len(part.encode("utf-16-be", "surrogatepass")) // 2 if ucs2 else gsm7.units(part)


@given(TEXTS, st.integers(1, 4))
def test_what_is_too_long_is_shortened_visibly(text: str, most: int) -> None:
    """A text within the limit stays; one beyond it keeps its beginning, fits and ends in dots."""
    short = gsm7.shorten(text, most)

    assert gsm7.segments(short) <= most
    if short != text:
        assert gsm7.segments(text) > most
        assert short.endswith("...")
        assert text.startswith(short.removesuffix("..."))


def test_shortening_keeps_all_that_fits() -> None:
    """Not one septet is given away."""
    assert gsm7.shorten("a" * 161, 1) == "a" * 157 + "..."
    assert gsm7.shorten("a" * 500, 3) == "a" * 456 + "..."
    assert gsm7.shorten("😢" * 40, 1) == "😢" * 33 + "..."


@given(st.binary(max_size=200))
def test_any_septets_can_be_read(septets: bytes) -> None:
    """Whatever an SMPP link hands on becomes text without an escape in it."""
    assert "\x1b" not in gsm7.decode(septets)


def test_typographic_characters_do_not_cost_ucs2() -> None:
    """Curly quotes, dashes and special blanks become plain ones; letters and emoji stay."""
    written = "\u201cJalan\u201d \u2013 RT\u00a004\u2026 \u2018baik\u2019"

    assert gsm7.typewritten(written + " é 😢") == "\"Jalan\" - RT 04... 'baik' é 😢"
    assert gsm7.is_gsm7(gsm7.typewritten(written))
