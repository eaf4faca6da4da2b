"""
One entry of a feed, as the journal holds it and as it reads.

The journal does not hold the provider's bytes here: a feed is one document of many entries, sent
whole again and again, with nothing that could be asked for alone. So each entry is kept as JSON of
the few fields a monitor needs, HTML and all, and is read again from that.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from html import unescape

import msgspec

from channels.contract import Delivery, Ignored, Parsed, Point, Signal, Unreadable

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BLANK = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r" ?\n[\s]*\n ?| ?\n ?")
_MOST_TEXT = 20_000
# Not html.parser: feeds make it read for minutes and raise. Nothing here is looked at twice: what
# has no end goes to the end of the text, and no repetition gives anything back.
_MARKUP = re.compile(
    r"""<!--.*?(?:-->|\Z)
    | <(?P<unseen>script|style|template)\b.*?(?:</(?P=unseen)\s*+>|\Z)
    | </?(?P<tag>[a-z][a-z0-9]*+)(?:[^<>"']|"[^"]*+"|'[^']*+')*+>
    | <[!?/][^<>]*+>""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_BREAKS = {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"}


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a feed says of one article; texts may hold HTML."""

    #: The feed's name in our settings, and its own title.
    feed: str
    newspaper: str = ""
    #: The feed's id for it, or its address.
    id: str = ""
    link: str = ""
    title: str = ""
    summary: str = ""
    author: str = ""
    #: Seconds since 1970, UTC.
    published: int | None = None
    lat: float | None = None
    lon: float | None = None

    def delivery(self) -> Delivery:
        """
        As the journal takes it.

        The key is that of the entry within its feed; one without id or address is known by its
        words.
        """
        known_by = self.id or self.link or f"{self.title}\n{self.summary}"
        digest = hashlib.sha256(known_by.encode("utf-8", "surrogatepass")).hexdigest()
        # Only json writes a half of a surrogate pair, which feeds do contain.
        plain = msgspec.to_builtins(self)
        payload = json.dumps(plain, separators=(",", ":")).encode()
        return Delivery(external_id=f"{self.feed}.{digest[:32]}", payload=payload)


def read(payload: bytes) -> Parsed:
    """What a journaled entry says."""
    try:
        entry = msgspec.convert(json.loads(payload), Entry)
    except msgspec.ValidationError as error:
        return Unreadable(reason=f"not an entry we wrote down: {error}"[:200])
    except (ValueError, RecursionError):
        return Unreadable(reason="not JSON")
    title, text = plain_text(entry.title), plain_text(entry.summary)
    if not title and not text:
        return Ignored(reason="an entry without words")
    return Signal(
        source=clean(entry.feed),
        title=" ".join(title.split()),
        text=text,
        author=" ".join(plain_text(entry.author or entry.newspaper).split()),
        url=clean(entry.link) if entry.link.startswith(("https://", "http://")) else "",
        posted_at=_moment(entry.published),
        point=_point(entry.lat, entry.lon),
    )


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL and UTF-8 cannot hold."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def plain_text(markup: str) -> str:
    """The words of a piece of HTML, one line for each paragraph."""
    words = unescape(_MARKUP.sub(_line_break, clean(markup)[:_MOST_TEXT]))
    return _EMPTY_LINES.sub("\n", _BLANK.sub(" ", clean(words))).strip()


def _line_break(found: re.Match[str]) -> str:
    """What stands for a tag, a comment, a script in the text."""
    return "\n" if (found["tag"] or "").lower() in _BREAKS else ""


def _moment(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _point(lat: float | None, lon: float | None) -> Point | None:
    if lat is None or lon is None:
        return None
    return Point(lat=lat, lon=lon) if abs(lat) <= 90 and abs(lon) <= 180 else None  # noqa: PLR2004 (degrees)
