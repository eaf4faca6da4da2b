"""
Posts in the format of API v2: an item, and beside it `includes` with what it refers to.

Only what an item names is joined to it, by id, and only that is journaled with it. What is missing
(a deleted post, an author nobody sent) is simply not there, which X tells in `errors`.
https://docs.x.com/x-api/fundamentals/data-dictionary
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from channels.contract import Point, RemoteFile
from channels.x_post import Post, best_video, clean, middle, on_earth, written


class _Url(msgspec.Struct):
    url: str = ""
    expanded_url: str = ""
    media_key: str = ""


class _Mention(msgspec.Struct):
    id: str = ""


class _Entities(msgspec.Struct):
    urls: list[_Url] | None = None
    mentions: list[_Mention] | None = None


class _Note(msgspec.Struct):
    text: str = ""
    entities: _Entities | None = None


class _Reference(msgspec.Struct):
    type: str
    id: str


class _Coordinates(msgspec.Struct):
    coordinates: list[float] | None = None


class _Geo(msgspec.Struct):
    place_id: str = ""
    coordinates: _Coordinates | None = None


class _Attachments(msgspec.Struct):
    media_keys: list[str] | None = None


class _Tweet(msgspec.Struct):
    id: str
    text: str = ""
    author_id: str = ""
    created_at: str = ""
    in_reply_to_user_id: str | None = None
    edit_history_tweet_ids: list[str] | None = None
    referenced_tweets: list[_Reference] | None = None
    note_tweet: _Note | None = None
    entities: _Entities | None = None
    geo: _Geo | None = None
    attachments: _Attachments | None = None


class _User(msgspec.Struct):
    id: str = ""
    name: str = ""
    username: str = ""


class _Variant(msgspec.Struct):
    url: str = ""
    content_type: str = ""
    bit_rate: int | None = None


class _Media(msgspec.Struct):
    media_key: str = ""
    type: str = ""
    url: str = ""
    alt_text: str | None = None
    variants: list[_Variant] | None = None


class _Box(msgspec.Struct):
    bbox: list[float] | None = None


class _Place(msgspec.Struct):
    id: str = ""
    full_name: str = ""
    geo: _Box | None = None


class Includes(msgspec.Struct):
    """What posts refer to, by kind."""

    users: list[_User] | None = None
    tweets: list[_Tweet] | None = None
    media: list[_Media] | None = None
    places: list[_Place] | None = None


def read_v2(item: object, includes: object) -> Post:
    """One item as a `Post`; raises msgspec.ValidationError for what is none."""
    tweet = msgspec.convert(item, _Tweet)
    if not tweet.id:
        raise msgspec.ValidationError("Expected an id")
    beside = msgspec.convert(includes or {}, Includes)
    author = _author(tweet.author_id, beside)
    refers = {reference.type: reference.id for reference in tweet.referenced_tweets or ()}
    others = {other.id: other for other in beside.tweets or ()}
    quoted = others.get(refers.get("quoted", ""))
    place, point = _where(tweet.geo, beside)
    return Post(
        id=clean(tweet.id),
        author=clean(tweet.author_id),
        name=clean(author.name),
        handle=clean(author.username),
        text=_text(tweet),
        sent_at=moment(tweet.created_at),
        versions=tuple(map(clean, tweet.edit_history_tweet_ids or ())),
        retweet_of=clean(refers.get("retweeted", "")),
        names=frozenset(_names(tweet)),
        quotes=quoted.author_id if quoted else "",
        context="\n\n".join(_text(others[id_]) for id_ in refers.values() if id_ in others),
        files=tuple(file for file in _files(tweet, beside) if isinstance(file, RemoteFile)),
        remarks=(
            *(file for file in _files(tweet, beside) if isinstance(file, str)),
            *(_unseen(type_, id_) for type_, id_ in refers.items() if id_ not in others),
        ),
        place=place,
        point=point,
    )


def beside(item: object, includes: object) -> dict[str, list[object]]:
    """Those of a page's `includes` that this item names, as they came."""
    if not isinstance(item, Mapping) or not isinstance(includes, Mapping):
        return {}
    named = set(_strings(item))
    kept: dict[str, list[object]] = {}
    for kind, key in (("users", "id"), ("tweets", "id"), ("media", "media_key"), ("places", "id")):
        things = includes.get(kind)
        for thing in things if isinstance(things, list) else ():
            id_ = thing.get(key) if isinstance(thing, Mapping) else None
            if isinstance(id_, str) and id_ in named:
                kept.setdefault(kind, []).append(thing)
    return kept


def moment(written_as: str) -> datetime | None:
    """A time as X writes it, 2026-11-21T10:00:00.000Z; None for anything else."""
    try:
        found = datetime.fromisoformat(written_as)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _strings(value: object) -> Iterator[str]:
    """Every text where an item may name something else: its own words cannot be ids."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one)


def _author(id_: str, includes: Includes) -> _User:
    """The author, or nobody: X leaves out suspended and protected accounts."""
    return next((user for user in includes.users or () if id_ and user.id == id_), _User())


def _text(tweet: _Tweet) -> str:
    """The whole text: of long posts `text` holds the beginning only."""
    note = tweet.note_tweet if tweet.note_tweet and tweet.note_tweet.text else None
    entities = (note.entities if note else None) or tweet.entities or _Entities()
    # Links to the post's own pictures say nothing: the pictures are there.
    links = {url.url: "" if url.media_key else url.expanded_url for url in entities.urls or ()}
    return written(note.text if note else tweet.text, links)


def _names(tweet: _Tweet) -> Iterator[str]:
    if tweet.in_reply_to_user_id:
        yield tweet.in_reply_to_user_id
    for entities in (tweet.entities, tweet.note_tweet.entities if tweet.note_tweet else None):
        for mention in (entities.mentions if entities else None) or ():
            yield mention.id


def _files(tweet: _Tweet, includes: Includes) -> Iterator[RemoteFile | str]:
    """Pictures and videos, and remarks on them."""
    known = {media.media_key: media for media in includes.media or ()}
    for key in (tweet.attachments.media_keys if tweet.attachments else None) or ():
        media = known.get(key, _Media())
        rates = {one.url: one.bit_rate or 0 for one in media.variants or () if _is_video(one)}
        address = media.url or best_video(rates)
        if address:
            claimed = "video/mp4" if rates else "image/jpeg"
            yield RemoteFile(key=clean(address), media_type=claimed)
        else:
            yield f"file not fetched: {clean(media.type) or 'picture or video'}, X gave no address"
        if media.alt_text:
            yield f"described by its author: {clean(media.alt_text)}"


def _is_video(variant: _Variant) -> bool:
    return bool(variant.url) and variant.content_type == "video/mp4"


def _unseen(type_: str, id_: str) -> str:
    """A remark on a post we were not given."""
    verbs = {"replied_to": "answers", "quoted": "quotes"}
    return f"{verbs.get(type_, 'refers to')} post {clean(id_)}, which X did not show"


def _where(geo: _Geo | None, includes: Includes) -> tuple[str, Point | None]:
    if geo is None:
        return "", None
    place = next(
        (p for p in includes.places or () if geo.place_id and p.id == geo.place_id), _Place()
    )
    exact = (geo.coordinates.coordinates if geo.coordinates else None) or []
    if len(exact) == 2:  # noqa: PLR2004 (longitude and latitude)
        return clean(place.full_name), on_earth(lat=exact[1], lon=exact[0])
    box = (place.geo.bbox if place.geo else None) or []
    return clean(place.full_name), middle(box)
