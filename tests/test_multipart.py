import asyncio
from itertools import pairwise

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given
from hypothesis import strategies as st

from channels.multipart import Broken, Parts, TooMuch

KIND = "multipart/form-data; boundary=frontier"
NAMES = st.text(alphabet=st.characters(exclude_characters='"\r\n', codec="utf-8"))
# Content made of what boundaries are made of, so that near misses are common.
CONTENT = (
    st.lists(st.sampled_from([b"\r\n", b"--", b"frontier", b"\r\n--front", b"\n", b"a", b"\x00"]))
    .map(b"".join)
    .filter(lambda content: b"\r\n--frontier" not in b"\r\n" + content)
)


def body_of(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    """A form as a browser writes it."""
    body = b""
    for name, filename, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        head = f'--frontier\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + b"--frontier--\r\n"


async def read(chunks: list[bytes], *, limit: int = 10**6) -> list[tuple[str, str | None, bytes]]:
    """All parts of a body that arrives in these chunks."""
    loop = asyncio.get_running_loop()
    stream = StreamReader(BaseProtocol(loop), limit=2**16, loop=loop)
    for chunk in chunks:
        stream.feed_data(chunk)
    stream.feed_eof()
    parts = Parts(stream, KIND, limit)
    found = []
    while part := await parts.next():
        content = b"".join([chunk async for chunk in parts.chunks()])
        found.append((part.name, part.filename, content))
    return found


@given(
    st.lists(st.tuples(NAMES, st.none() | NAMES, CONTENT), max_size=4),
    st.lists(st.integers(0, 400)),
    st.binary(max_size=20).filter(lambda text: b"--frontier" not in text),
)
def test_a_form_is_read_however_it_is_cut(
    parts: list[tuple[str, str | None, bytes]], cuts: list[int], preamble: bytes
) -> None:
    """Where the network cuts a body in pieces makes no difference to what is in it."""
    body = (preamble + b"\r\n" if preamble else b"") + body_of(parts)
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[a:b] for a, b in pairwise(edges)]

    assert asyncio.run(read(chunks)) == parts


@given(st.lists(st.binary(min_size=1), max_size=20))
def test_any_bytes_are_parts_or_broken(chunks: list[bytes]) -> None:
    """Whatever arrives ends in parts or in one of two refusals."""
    try:
        asyncio.run(read([b"--frontier\r\n", *chunks], limit=1000))
    except (Broken, TooMuch) as refusal:
        assert refusal  # noqa: PT017 (either is a right answer)


def test_parts_can_be_left_unread() -> None:
    """Asking for the next part skips what nobody read of this one."""

    async def names() -> list[str]:
        loop = asyncio.get_running_loop()
        stream = StreamReader(BaseProtocol(loop), limit=2**16, loop=loop)
        stream.feed_data(body_of([("a", None, b"x" * 999), ("b", "f", b"y"), ("c", None, b"")]))
        stream.feed_eof()
        parts = Parts(stream, KIND, 10**6)
        return [part.name for part in [await parts.next(), await parts.next()] if part]

    assert asyncio.run(names()) == ["a", "b"]


def test_everything_counts_against_the_limit() -> None:
    """Preamble, headers and content all count, so nothing can be endless."""
    body = body_of([("a", None, b"x")])

    with pytest.raises(TooMuch):
        asyncio.run(read([b"preamble\r\n" * 100, body], limit=900))
    with pytest.raises(TooMuch):
        asyncio.run(read([body], limit=len(body) - 1))


@pytest.mark.parametrize(
    ("header", "name", "filename"),
    [
        ('Content-Disposition: form-data; name="text"', "text", None),
        ("content-disposition:form-data;name=text;filename=a.png", "text", "a.png"),
        ('Content-Disposition: form-data; name="f"; filename="a;b.png"', "f", "a;b.png"),
        ('Content-Disposition: form-data; name="f"; filename="a\\"', "f", "a\\"),
        ("Content-Disposition: form-data; name=f; filename*=UTF-8''na%20me", "f", "na me"),
        ('X-Other: 1\r\nContent-Disposition: form-data; name="f"\r\nX-More: 2', "f", None),
        ('Content-Disposition: attachment; name="f"', "", None),
        ("X-Only: 1", "", None),
    ],
)
def test_a_part_says_its_name(header: str, name: str, filename: str | None) -> None:
    """Names are read as browsers write them; a part without a name is nobody's."""
    body = f"--frontier\r\n{header}\r\n\r\nx\r\n--frontier--".encode()

    assert asyncio.run(read([body])) == [(name, filename, b"x")]
