"""
A post of X in one shape, whichever of its two formats it came in, and what it means for us.

`x_v2` reads what polling and the X Activity API bring, `x_activity` what the Account Activity API
brings; both make a `Post`. Retweets and our own posts are no reports. Whether we may answer is
settled here and put into the return address: X takes a reply only if the author named or quoted us.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.contract import Ignored, InboundMessage, Parsed, Point, RemoteFile, Signal
from channels.windows import pack_address

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LEADING_HANDLES = re.compile(r"\s*(?:@\w{1,15}[,:;.!-]*\s+)*(?:@\w{1,15}$)?", re.ASCII)
# Larger than about this, and the middle of a place says nothing about where it was.
_SMALL_DEGREES = 0.02
# Sharp enough for a person to see what it is about, and an eighth of the largest.
_VIDEO_BITS = 2_500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What X says of one post; ids are texts, for they are longer than JSON's numbers."""

    id: str
    author: str = ""
    name: str = ""
    handle: str = ""
    #: Complete, with the links as the author wrote them.
    text: str = ""
    sent_at: datetime | None = None
    #: Every version there was, oldest first, this one last.
    versions: tuple[str, ...] = ()
    #: The post this one only passes on.
    retweet_of: str = ""
    #: Numbers of the accounts it names, and of the author of what it quotes.
    names: frozenset[str] = frozenset()
    quotes: str = ""
    context: str = ""
    files: tuple[RemoteFile, ...] = ()
    remarks: tuple[str, ...] = ()
    place: str = ""
    point: Point | None = None

    @property
    def url(self) -> str:
        """Where people see it; X finds the author by itself where we do not know them."""
        return f"https://x.com/{self.handle or 'i'}/status/{self.id}"

    @property
    def earlier(self) -> tuple[str, ...]:
        """The versions before this one, newest first."""
        return tuple(version for version in reversed(self.versions) if version != self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a post came to us."""

    #: Our account's number.
    account: str
    #: The rule that found it; "" for mentions and webhooks.
    rule: str = ""
    #: Whether it is a report or only for the monitor.
    is_report: bool = True
    #: It is a mention because X says so, whatever names stand in it.
    is_mention: bool = False
    #: The earlier version that is in the journal.
    replaces: str = ""


def meaning(post: Post, found: Found) -> Parsed:
    """What a post is for us."""
    if post.retweet_of:
        return Ignored(reason=f"a retweet of post {post.retweet_of}")
    if found.account and post.author == found.account:
        return Ignored(reason="our own post")
    if not found.is_report:
        return _signal(post, found)
    return InboundMessage(
        sender=post.author,
        name=post.name,
        text=post.text,
        matter=_matter(post),
        sent_at=post.sent_at,
        return_address=pack_address(post.id, by="post", may=summons(post, found)),
        remote=post.files,
        edits=found.replaces or (post.earlier[-1] if post.earlier else ""),
        place=post.place,
        point=post.point,
        context=post.context,
        source_url=post.url,
        remarks=post.remarks,
    )


def summons(post: Post, found: Found) -> str:
    """What allows us to answer: "mention", "quote", or "" where nothing does."""
    if found.is_mention or (found.account and found.account in post.names):
        return "mention"
    return "quote" if found.account and post.quotes == found.account else ""


def _signal(post: Post, found: Found) -> Signal:
    return Signal(
        source=found.rule,
        text=post.text,
        author=f"@{post.handle}" if post.handle else post.name,
        url=post.url,
        posted_at=post.sent_at,
        point=post.point,
        context=post.context,
    )


def _matter(post: Post) -> str | None:
    """
    The words after the names a reply begins with, where there are such names.

    Who only names us, below another post or beside a picture, has said something all the same.
    """
    begin = _LEADING_HANDLES.match(post.text)
    if not begin or "@" not in begin[0]:
        return None
    said = post.text[begin.end() :]
    return said if said.strip() or not (post.context or post.files or post.remarks) else None


# --- for both readers ---------------------------------------------------------------------------


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL and UTF-8 cannot hold."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def written(text: str, links: Mapping[str, str]) -> str:
    """What the author wrote: X escapes three signs and puts short links for long ones."""
    for short, long in links.items():
        if short:
            text = text.replace(short, long)
    return clean(html.unescape(text)).strip()


def middle(box: list[float]) -> Point | None:
    """The middle of a small box (west, south, east, north)."""
    if len(box) != 4:  # noqa: PLR2004 (the sides of a box)
        return None
    west, south, east, north = box
    if not (abs(east - west) <= _SMALL_DEGREES and abs(north - south) <= _SMALL_DEGREES):
        return None
    return on_earth(lat=round((south + north) / 2, 6), lon=round((west + east) / 2, 6))


def on_earth(*, lat: float, lon: float) -> Point | None:
    """A point, unless there is no such place."""
    return Point(lat=lat, lon=lon) if abs(lat) <= 90 and abs(lon) <= 180 else None  # noqa: PLR2004


def best_video(variants: Mapping[str, int]) -> str:
    """The address of the best of several bit rates that is still of a sensible size."""
    sensible = {url: bits for url, bits in variants.items() if bits <= _VIDEO_BITS}
    if sensible:
        return max(sensible, key=lambda url: sensible[url])
    return min(variants, key=lambda url: variants[url]) if variants else ""
