"""
One HTTP request or mail as journal bytes: a target, the few headers `parse` needs, the body.

The form is that of an HTTP message, so that a person reads it in a pager: target, `Name: value`
lines, an empty line, the body exactly as it came. Text outside UTF-8 survives as lone surrogates,
which is what aiohttp makes of header bytes it cannot read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What `pack` was given; header names in lower case."""

    target: str
    headers: dict[str, str]
    body: bytes


def pack(target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The journal bytes; no value can forge a header, for line breaks are taken out of it."""
    head = "\r\n".join([target, *[f"{name}: {value}" for name, value in headers.items()]])
    if head.count("\r") != len(headers) or head.count("\n") != len(headers):
        return pack(_one_line(target), {k: _one_line(v) for k, v in headers.items()}, body)
    return b"".join((head.encode("utf-8", "surrogatepass"), _END, body))


def unpack(payload: bytes) -> Capture:
    """Read `pack`'s bytes; raise ValueError on anything it cannot have written."""
    head, end, body = payload.partition(_END)
    if not end:
        raise ValueError("no empty line ends the head")
    target, *lines = head.decode("utf-8", "surrogatepass").split("\r\n")
    return Capture(target=target, headers=dict(map(_header, lines)), body=body)


def _one_line(value: str) -> str:
    return value.replace("\r", "").replace("\n", "")


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(": ")
    if not colon:
        raise ValueError("a head line is no header")
    return name.lower(), value
