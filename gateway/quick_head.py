"""
The head of a webhook that says nothing unusual, read at once.

Strict where a parser for everybody has to be lenient: whatever is spelled in another way than
nearly all clients spell it, said twice or never heard of makes it a matter for aiohttp, so there is
nothing on which a proxy before us and this reader could disagree. RFC 9112.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from multidict import CIMultiDict, CIMultiDictProxy

MOST_BYTES = 2_048
# A provider says the same head again and again, but for the length of what it sends.
KEPT = 512

_LINE = re.compile(r"POST (/[a-z0-9_/-]*)(?:\?([A-Za-z0-9%&=+._~:@!$'()*,;/?-]*))? HTTP/1\.1")
_NAME = re.compile(r"[a-z0-9-]+")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,5}")
#: What changes how a body is read or an answer is given.
_UNUSUAL = frozenset(
    {"transfer-encoding", "content-encoding", "expect", "upgrade", "te", "trailer"}
)


@dataclass(frozen=True, slots=True)
class QuickHead:
    """A POST with a body of known length on a connection that stays open."""

    path: str
    query: str
    headers: CIMultiDictProxy[str]
    length: int


@lru_cache(maxsize=KEPT)
def read_head(head: bytes) -> QuickHead | None:
    """Read a head, without the empty line at its end; None: let aiohttp do that."""
    if not head.isascii():
        return None
    first, *lines = head.decode("ascii").split("\r\n")
    said = _LINE.fullmatch(first)
    headers = _fields(lines)
    if not said or headers is None or "host" not in headers:
        return None
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length) or headers.get("connection", "keep-alive").lower() != (
        "keep-alive"
    ):
        return None
    return QuickHead(
        path=said[1],
        query=said[2] or "",
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        length=int(length),
    )


def _fields(lines: list[str]) -> dict[str, str] | None:
    fields: dict[str, str] = {}
    for line in lines:
        spelled, colon, value = line.partition(":")
        name, value = spelled.lower(), value.strip(" \t")
        usual = colon and value.isprintable() and _NAME.fullmatch(name) and name not in _UNUSUAL
        if not usual or name in fields:
            return None
        fields[name] = value
    return fields
