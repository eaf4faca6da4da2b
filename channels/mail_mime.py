"""
A mail as a tree of parts, read from its bytes within fixed limits and whatever its state.

The structure is cut by searching the bytes for the boundaries: the standard library's parser needs
39 s for 200,000 parts, recurses once per level and turns a nested message into other bytes than it
came in. Only what it is safe for is left to it: the parameters of one short header.
Nothing here raises; what could not be followed is said in `Node.remarks` of the root.
RFC 5322, RFC 2045 to 2047, RFC 2231.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import Message

from channels.mail_words import decode_words, to_text

MAX_HEADER_BYTES = 128 * 1024
MAX_HEADERS = 1000
MAX_PARTS = 200
MAX_DEPTH = 12
# Lines that begin like a boundary and are none: after so many of them nobody means well.
MAX_FALSE_BOUNDARIES = 10_000
# One header as far as it is read; a longer one is cut, its mail is not.
MAX_VALUE = 8 * 1024

INCOMPLETE = "could not be parsed completely"

# What the email package is known to raise on headers made by broken or hostile programs.
MALFORMED = (
    MessageError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)

_HEADER_LINE = re.compile(rb"(?:([!-9;-~]+)[ \t]*:|[ \t]|>?From )([^\n]*)(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_GUESSED_BOUNDARY = re.compile(
    rb"(?:\A|\n)--([^\r\n]{1,70}?)[ \t]*\r?\n[ \t]*content-", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in the order they came, names in lower case."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def all(self, name: str) -> list[str]:
        """Every value of this header, on one line, encoded words decoded."""
        return [decode_words(value[:MAX_VALUE]) for key, value in self.fields if key == name]

    def one(self, name: str) -> str:
        """The first value, or ""."""
        return next(iter(self.all(name)), "")

    def plain(self, name: str) -> list[str]:
        """Every value on one line, encoded words as they are."""
        return [to_text(value[:MAX_VALUE]).strip() for key, value in self.fields if key == name]

    def names(self) -> set[str]:
        """Which headers there are."""
        return {name for name, _ in self.fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One part of a mail: its headers, its bytes as transferred, the parts inside it."""

    headers: Headers
    media_type: str
    parameters: dict[str, str]
    body: bytes
    children: tuple["Node", ...] = ()
    #: Of the whole mail, at its root.
    remarks: tuple[str, ...] = ()

    def walk(self) -> Iterator["Node"]:
        """The part itself and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Budget:
    parts: int = MAX_PARTS
    false_boundaries: int = MAX_FALSE_BOUNDARIES
    remarks: set[str] = field(default_factory=set)


def read_mail(raw: bytes) -> Node:
    """The mail these bytes are; always something, at worst one part of plain text."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    budget = _Budget()
    root = _node(raw, "text/plain", 0, budget)
    remarks = (INCOMPLETE, *sorted(budget.remarks)) if budget.remarks else ()
    return Node(
        headers=root.headers,
        media_type=root.media_type,
        parameters=root.parameters,
        body=root.body,
        children=root.children,
        remarks=remarks,
    )


def _node(raw: bytes, default: str, depth: int, budget: _Budget) -> Node:
    headers, body = split_headers(raw, budget.remarks)
    media_type, parameters = content_type(headers, default)
    children: tuple[Node, ...] = ()
    if media_type.startswith("multipart/"):
        inner = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        pieces = _pieces(body, parameters, depth, budget)
        children = tuple(_node(piece, inner, depth + 1, budget) for piece in pieces)
        if not children:
            media_type = "text/plain"  # so that the words in it are read, boundaries and all
    return Node(
        headers=headers,
        media_type=media_type,
        parameters=parameters,
        body=body,
        children=children,
    )


def split_headers(raw: bytes, remarks: set[str]) -> tuple[Headers, bytes]:
    """The header fields and what follows them."""
    fields: list[tuple[str, bytes]] = []
    at = 0
    while found := _HEADER_LINE.match(raw, at):
        name, value = found.groups()
        at = found.end()
        value = value.removesuffix(b"\r")
        if name is not None:
            fields.append((name.decode("ascii").lower(), value))
        elif raw[found.start()] in b" \t":
            if not fields:
                return Headers(), raw
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + value)
        if len(fields) > MAX_HEADERS or at > MAX_HEADER_BYTES:
            remarks.add("too many or too long headers")
            end = _BLANK_LINE.search(raw, at - 2)
            return Headers(tuple(fields)), raw[end.end() if end else at :]
    if raw[at : at + 2] == b"\r\n":
        return Headers(tuple(fields)), raw[at + 2 :]
    return Headers(tuple(fields)), raw[at + 1 if raw[at : at + 1] == b"\n" else at :]


def content_type(headers: Headers, default: str) -> tuple[str, dict[str, str]]:
    """The media type of a part and the parameters of that header, names in lower case."""
    value = next(iter(headers.plain("content-type")), "")
    media_type = value.partition(";")[0].strip().lower()
    if media_type.count("/") != 1:
        media_type = "text/plain" if media_type else default
    return media_type, parameters("content-type", value)


def parameters(name: str, value: str) -> dict[str, str]:
    """The parameters of one header, RFC 2231 put together and encoded words decoded."""
    header = Message()
    found: dict[str, str] = {}
    try:
        header[name] = value
        for key, raw in (header.get_params(header=name) or [])[1:]:
            text = raw if isinstance(raw, str) else to_text(raw[2].encode("latin-1"), raw[0] or "")
            found.setdefault(key.lower(), decode_words(text))
    except MALFORMED:
        return found
    return found


def _pieces(
    body: bytes, parameters: dict[str, str], depth: int, budget: _Budget
) -> Iterator[bytes]:
    if depth >= MAX_DEPTH:
        budget.remarks.add("parts too deep inside one another")
        return
    boundary = parameters.get("boundary", "").rstrip().encode("utf-8", "surrogateescape")
    if not boundary:
        budget.remarks.add("multipart without boundary")
        guessed = _GUESSED_BOUNDARY.search(body)
        if not guessed:
            return
        boundary = guessed[1]
    yield from _between(b"\n" + body, b"\n--" + boundary, budget)


def _between(text: bytes, mark: bytes, budget: _Budget) -> Iterator[bytes]:
    start = -1
    at = text.find(mark)
    while at >= 0:
        after = at + len(mark)
        line_end = text.find(b"\n", after, after + 1000)
        rest = text[after : line_end if line_end >= 0 else after + 1000].strip()
        if rest not in (b"", b"--"):
            budget.false_boundaries -= 1
        else:
            if start >= 0:
                yield text[start:at].removesuffix(b"\r")
                budget.parts -= 1
            start = line_end + 1 if line_end >= 0 else len(text)
            if rest == b"--":
                return
        if budget.parts <= 0 or budget.false_boundaries <= 0:
            budget.remarks.add("too many parts")
            return
        at = text.find(mark, line_end if line_end >= 0 else at + 1)
    if start >= 0:
        yield text[start:]  # the closing boundary is missing
