"""Cutting at blanks gives the words that looking for them gives."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from normalizer.places_words import parts
from normalizer.text import words
from normalizer.text_spaces import has_joined, spaced

TYPED = st.text(alphabet="aBz09 ?.,;\n\t\x1c_-/é²", max_size=40) | st.text(max_size=40)


@given(TYPED)
@example("Jl. Mawar no 5, rt05/02?")
@example("a_b\x1cc?d 12")
def test_words_are_letters_digits_or_a_question_mark(text: str) -> None:
    """Whatever stands between them, and however they are found."""
    low = text.lower()
    looked_for = r"[a-z]+|[0-9]+|\?" if low.isascii() else r"[^\W\d_]+|\d+|\?"

    assert words(text) == re.findall(looked_for, low)


@given(st.text(alphabet="aBz09 ?_-/\t\x1c", max_size=40))
def test_parts_of_an_address_have_the_same_words(text: str) -> None:
    """A line without commas and stops is one part, or none."""
    expected = [re.findall(r"[a-z]+|\d+", piece) for piece in text.lower().split("?")]

    assert list(parts(text)) == [spoken for spoken in expected if spoken]


def test_a_letter_beside_a_digit_is_seen() -> None:
    """Then blanks do not tell the words apart."""
    assert has_joined("rt05")
    assert has_joined("5km")
    assert not has_joined("rt 05, no 7")
    assert spaced("rt 05, no 7?", "?") == "rt 05  no 7?"
