"""Signs put right before a text is read."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalizing import RULES

from normalizer.text import clean
from normalizer.text_signs import repaired


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\uff2a\uff41\uff4c\uff41\uff4e \uff11\uff12", "Jalan 12"),
        ("\U0001d5dd\U0001d5ee\U0001d5f9\U0001d5ee\U0001d5fb", "Jalan"),
        ("\u24d9\u24d0\u24db\u24d0\u24dd", "jalan"),
        ("\u1d0a\u1d00\u029f\u1d00\u0274", "jalan"),
        ("j\u0430l\u0430n rus\u0430k", "jalan rusak"),
        ("ca\ufb01", "cafi"),
        ("t\u0336o\u0336l\u0336o\u0336n\u0336g\u0336", "tolong"),
        ("ja\u200blan", "jalan"),
        ("A &amp; B &lt;5 &quot;x&quot;", 'A & B <5 "x"'),
        ("a\\r\\nb\\nc", "a\nb\nc"),
        ("LUBANG\\NDI SINI", "LUBANG\nDI SINI"),
        ("rt\\rw 05", "rt\\rw 05"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_letters_in_another_dress_become_plain(text: str, expected: str) -> None:
    """Wide, bold, circled, small, Cyrillic within a word, joined, drawn through, escaped."""
    assert repaired(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "m\u00b2 dan \u00bd",
        "\u043f\u0440\u0438\u0432\u0435\u0442 dari sini",
        "\U0001f469\u200d\U0001f692 datang \U0001f64f\U0001f3fd",
        "\u26a0\ufe0f banjir \U0001f30a",
        "\u91d1\u8fb9",
    ],
)
def test_what_has_a_meaning_of_its_own_stays(text: str) -> None:
    """Superscripts, whole words of other scripts, emoji with their joiners and colours."""
    assert repaired(text) == text


@settings(max_examples=40)
@given(st.text())
def test_what_comes_out_is_composed_and_storable(text: str) -> None:
    """NFC, no NUL, no half signs, no double blanks, no blank edges."""
    plain = repaired(text)

    assert unicodedata.is_normalized("NFC", plain)
    assert "\x00" not in plain
    assert "  " not in plain
    assert plain == plain.strip()
    plain.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("caf\u00c3\u00a9 rusak", "caf\u00e9 rusak"),
        ("\u00e2\u20ac\u0153rusak\u00e2\u20ac\u009d", "\u201crusak\u201d"),
        ("parah \u00f0\u0178\u02dc\u00a1", "parah \U0001f621"),
        ("caf\u00c3\u00a9\ncaf\u00e9", "caf\u00e9\ncaf\u00e9"),
        (
            "S\u00e3o Paulo, \u00c5ngstr\u00f6m, ch\u00e2teau",
            "S\u00e3o Paulo, \u00c5ngstr\u00f6m, ch\u00e2teau",
        ),
    ],
)
def test_broken_encodings_are_repaired(text: str, expected: str) -> None:
    """UTF-8 that somebody took for Latin-1, line by line; real accents are no such thing."""
    assert repaired(text) == expected


def test_disguised_words_are_written_out_as_well() -> None:
    """A short form in bold letters is one."""
    assert clean("\U0001d432\U0001d420 rusak", RULES.abbreviations) == "yang rusak"
