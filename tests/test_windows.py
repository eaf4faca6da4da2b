"""Return addresses and time windows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.windows import pack_address, unpack_address, within

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_return_address_is_compact_json() -> None:
    """An empty fact is left out, so the same person has the same address."""
    assert pack_address("U1", token="t", group="") == '{"to":"U1","token":"t"}'


@given(st.text(), st.dictionaries(st.sampled_from(["token", "post"]), st.text(min_size=1)))
def test_what_was_packed_comes_back(to: str, facts: dict[str, str]) -> None:
    """Any text survives."""
    assert unpack_address(pack_address(to, **facts)) == {"to": to, **facts}


@pytest.mark.parametrize("text", ["", "+6280000001234", "17", "[]", '{"to":1}', "[" * 100_000])
def test_another_address_is_taken_as_it_is(text: str) -> None:
    """What we did not pack is the person's address itself."""
    assert unpack_address(text) == {"to": text}


@given(st.text())
def test_any_text_is_an_address(text: str) -> None:
    """No text raises, and there is always somebody to write to."""
    assert "to" in unpack_address(text)


@pytest.mark.parametrize(
    ("age", "inside"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=59), True),
        (timedelta(hours=24), False),
        (timedelta(days=7), False),
        (timedelta(seconds=-30), True),
    ],
)
def test_a_window_closes_on_the_hour(age: timedelta, *, inside: bool) -> None:
    """A clock that runs behind the provider's keeps the window open."""
    assert within(NOON - age, NOON, 24) is inside


def test_an_unknown_time_is_outside() -> None:
    """Who is not known to have written lately did not."""
    assert not within(None, NOON, 24)
    assert not within(NOON, None, 24)
