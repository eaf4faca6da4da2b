"""What doors for pushed JSON share: it is read as far as it can be, and reasons tell no content."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.webhooks import clean, decode, digest, moment, moment_of_ms, place_on_map, word


class Said(msgspec.Struct):
    """A message."""

    text: str = ""
    raw: msgspec.Raw = msgspec.Raw(b"")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"text":"Caf\\u00e9 \\/ \\ud83d\\ude22"}', "Café / 😢"),
        (b'{"text":"half \\ud83d of it"}', "half \ufffd of it"),
        (b'{"text":"broken \xff byte"}', "broken \ufffd byte"),
        (b'{"text":null}', ""),
        (b'{"text":"x","new":{"field":null}}', "x"),
    ],
)
def test_damage_is_replaced_and_the_rest_is_read(content: bytes, text: str) -> None:
    """What Unicode cannot hold becomes U+FFFD, and a null is a field that is not there."""
    assert decode(content, Said).text == text


def test_well_formed_items_keep_their_bytes() -> None:
    """Nothing is written anew that was well-formed."""
    said = decode(b'{"raw": {"b" : "\\u00e9",  "a":1} }', Said)

    assert bytes(said.raw) == b'{"b" : "\\u00e9",  "a":1}'


@pytest.mark.parametrize(
    "content", [b"", b"x", b'{"text":["private"]}', b'"private"', b"[" * 100_000, b"\xff", b"NaN"]
)
def test_what_cannot_be_read_is_told_without_its_words(content: bytes) -> None:
    """The reason names a field and a type, never what stood there."""
    with pytest.raises(ValueError, match=r"\w") as refused:
        decode(content, Said)

    assert "private" not in str(refused.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Nothing but ValueError ever comes out."""
    with contextlib.suppress(ValueError):
        assert isinstance(decode(content, Said), Said)


def test_only_words_of_the_protocol_stand_in_reasons() -> None:
    """A type is repeated where it looks like one; a text somebody put there is not."""
    assert [word(name) for name in ("user_id_update", "a b", "", "x" * 41, "é")] == [
        "user_id_update", "unnamed", "unnamed", "unnamed", "unnamed",
    ]  # fmt: skip


def test_times_and_places_are_plausible_or_none() -> None:
    """A time of another century and a place off the map are left out."""
    assert moment(1795300000) is not None
    assert [moment(told) for told in (0.0, 1e18, -1e18, float("inf"))] == [None] * 4
    assert place_on_map(-6.9, 107.6) is not None
    assert [place_on_map(*told) for told in ((91.0, 0.0), (0.0, 181.0), (None, 1.0))] == [None] * 3


def test_a_number_too_large_for_a_float_is_no_time() -> None:
    """JSON has integers without end; whoever sends one parks its message and stops nobody."""
    assert moment_of_ms(1_795_300_000_523) == moment(1_795_300_000.523)
    assert [moment_of_ms(10**400), moment_of_ms(-(10**400))] == [None] * 2


def test_text_can_be_stored() -> None:
    """NUL and lone surrogates are replaced."""
    assert clean("a\x00b\ud83dc") == "a\ufffdb\ufffdc"


def test_the_key_of_bytes_is_their_digest() -> None:
    """Equal when the provider repeats the same thing."""
    assert digest(b"x") == digest(b"x") != digest(b"y")
