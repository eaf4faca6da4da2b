"""Journal bytes of a request: nothing is lost in them and nothing can be forged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.capture import Capture, pack, unpack

TARGETS = st.text(max_size=60)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)
HEADERS = st.dictionaries(NAMES, st.text(max_size=40), max_size=6)


@given(TARGETS, HEADERS, st.binary(max_size=200))
def test_what_is_packed_comes_back(target: str, headers: dict[str, str], body: bytes) -> None:
    """Target, headers and body come back, but for line breaks outside the body."""
    one_line = str.maketrans("", "", "\r\n")

    assert unpack(pack(target, headers, body)) == Capture(
        target=target.translate(one_line),
        headers={name: value.translate(one_line) for name, value in headers.items()},
        body=body,
    )


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_plainly(payload: bytes) -> None:
    """Bytes that `pack` did not write give ValueError or a capture, never another error."""
    try:
        capture = unpack(payload)
    except ValueError:
        return

    assert isinstance(capture, Capture)


def test_a_value_cannot_forge_a_header() -> None:
    """A line break in a query or header value does not begin a header of its own."""
    payload = pack("sms?a\r\nx-secret: 1", {"from": "1\r\n\r\nforged"}, b"body")

    assert unpack(payload) == Capture(
        target="sms?ax-secret: 1", headers={"from": "1forged"}, body=b"body"
    )


def test_the_form_is_that_of_an_http_message() -> None:
    """A person can read the journal bytes, and another program can."""
    payload = pack("kannel?id=1", {"X-Kannel-From": "62812"}, b"lampu\r\n\r\nmati")

    assert payload == b"kannel?id=1\r\nX-Kannel-From: 62812\r\n\r\nlampu\r\n\r\nmati"
    assert unpack(payload).headers == {"x-kannel-from": "62812"}


@pytest.mark.parametrize(
    "payload", [b"", b"no end", b"\xff\r\n\r\n", b"target\r\nno colon\r\n\r\n"]
)
def test_malformed_captures_raise_value_error(payload: bytes) -> None:
    """What is no capture is said to be none."""
    with pytest.raises(ValueError):  # noqa: PT011 (also a UnicodeDecodeError)
        unpack(payload)
