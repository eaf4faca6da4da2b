"""Long answers in pieces that a provider takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.pieces import MARK, cut, pieces, utf8, utf16


@pytest.mark.parametrize(
    ("text", "limit", "most", "expected"),
    [
        ("", 10, 3, []),
        ("  ", 10, 3, []),
        ("halo", 10, 3, ["halo"]),
        ("jalan rusak parah", 11, 3, ["jalan rusak", "parah"]),
        ("jalan rusak parah", 12, 1, ["jalan rusak…"]),
        ("jalanrusakparah", 10, 2, ["jalanrusak", "parah"]),
        ("satu\n\ndua tiga", 9, 2, ["satu\n\ndua", "tiga"]),
    ],
)
def test_cuts_are_made_between_words(text: str, limit: int, most: int, expected: list[str]) -> None:
    """A word is cut only where it is longer than half a piece; what is left out shows."""
    assert pieces(text, limit, most=most) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("aaaaaaaa👍🏽bb", 10, "aaaaaaaa…"),
        ("aaaaaa👨‍👩‍👧bbbb", 9, "aaaaaa…"),
        ("aaaaaaaae\u0301bbb", 10, "aaaaaaaa…"),
    ],
    ids=["a skin tone", "a family", "an accent"],
)
def test_what_belongs_together_is_not_torn(text: str, limit: int, expected: str) -> None:
    """An emoji of several characters and a letter with its accent are whole or not there."""
    assert cut(text, limit) == expected


def test_sizes_are_those_of_the_provider() -> None:
    """LINE counts UTF-16 units, Instagram bytes."""
    assert (utf16("a😢é"), utf8("a😢é"), utf8("\ud83d")) == (4, 7, 1)


@given(st.text(), st.integers(8, 50), st.sampled_from([len, utf16, utf8]), st.integers(1, 6))
def test_every_piece_fits_and_nothing_is_lost_but_blanks(
    text: str, limit: int, size: object, most: int
) -> None:
    """For any text: each piece fits, and what is not marked as cut is complete."""
    assert callable(size)
    found = pieces(text, limit, size=size, most=most)

    assert len(found) <= most
    assert all(0 < size(piece) <= limit for piece in found)
    together = "".join("".join(found).split())
    if together.endswith(MARK):
        assert "".join(text.split()).startswith(together.removesuffix(MARK)) or MARK in text
    else:
        assert together == "".join(text.split())
