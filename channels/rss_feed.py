"""
A feed's bytes into entries, by feedparser: every kind of RSS and Atom, also broken ones.

feedparser takes a text for an address or a file name if it looks like one, so it gets a stream and
no text, ever. It fetches nothing and resolves no entities of a document. Importing this module
costs memory and hostile bytes cost hours, so only rss_apart does it, in a process of its own.
"""

import calendar
import io
import re
from collections.abc import Iterator, Mapping
from time import struct_time
from typing import Any
from xml.sax import SAXException

import feedparser  # type: ignore[import-untyped]

from channels.rss_entry import Entry

_MOST_TEXT = 20_000
_MOST_LINE = 2_000

# Half an emoji by its number, D800 to DFFF, costs feedparser the whole feed.
_HALF = re.compile(
    rb"&#(?:x0*d[89a-f][0-9a-f]{2}"
    rb"|0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3]));",
    re.IGNORECASE,
)

# What feedparser has been seen to die of; a bad feed must not take the good ones with it.
_BUGS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError),
    *(SAXException, TypeError, ValueError),
)


class NoFeed(Exception):
    """The bytes are no feed."""


def entries_of(body: bytes, headers: Mapping[str, str], feed: str, most: int) -> list[Entry]:
    """The entries, oldest first, at most the `most` newest; raises NoFeed where it is none."""
    told = {name.lower(): value for name, value in headers.items()}
    try:
        parsed = feedparser.parse(
            io.BytesIO(_HALF.sub(b"&#xFFFD;", body)),
            response_headers={"content-type": told.get("content-type", "")},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except _BUGS as error:
        raise NoFeed from error
    if not parsed.get("version") and not parsed["entries"]:
        raise NoFeed
    newspaper = _text(parsed["feed"], "title", _MOST_LINE)
    newest = [_entry(entry, feed, newspaper) for entry in parsed["entries"][:most]]
    return newest[::-1]


def _entry(entry: Mapping[str, Any], feed: str, newspaper: str) -> Entry:
    lat, lon = _where(entry.get("where"))
    return Entry(
        feed=feed,
        newspaper=newspaper,
        id=_text(entry, "id", _MOST_LINE),
        link=_text(entry, "link", _MOST_LINE),
        title=_text(entry, "title", _MOST_LINE),
        summary=_text(entry, "summary", _MOST_TEXT) or next(_contents(entry), ""),
        author=_text(entry, "author", _MOST_LINE),
        published=_seconds(_moment(entry)),
        lat=lat,
        lon=lon,
    )


def _moment(entry: Mapping[str, Any]) -> object:
    """When it was published, else changed; feedparser's own `get` warns of mixing them up."""
    stored = dict(entry.items())
    return stored.get("published_parsed") or stored.get("updated_parsed")


def _contents(entry: Mapping[str, Any]) -> Iterator[str]:
    for content in entry.get("content") or ():
        yield _text(content, "value", _MOST_TEXT)


def _text(thing: Mapping[str, Any], name: str, most: int) -> str:
    value = thing.get(name)
    return value[:most] if isinstance(value, str) else ""


def _seconds(moment: object) -> int | None:
    try:
        return calendar.timegm(moment) if isinstance(moment, struct_time) else None
    except (TypeError, ValueError, OverflowError):
        return None


def _where(place: Any) -> tuple[float | None, float | None]:  # noqa: ANN401 (GeoJSON)
    """Latitude and longitude of a GeoRSS point."""
    coordinates = place.get("coordinates") if isinstance(place, Mapping) else None
    is_point = isinstance(place, Mapping) and place.get("type") == "Point"
    if not is_point or not isinstance(coordinates, tuple | list) or len(coordinates) < 2:  # noqa: PLR2004
        return None, None
    lon, lat = coordinates[0], coordinates[1]
    return (float(lat), float(lon)) if isinstance(lat, float) else (None, None)
