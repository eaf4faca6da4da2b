"""
Posts in the format of API 1.1, which the Account Activity API still speaks.

Ids are read from `id_str`; `id` is a number that JSON readers round. Of long posts `text` holds the
beginning and `extended_tweet` the whole. A post that is answered comes as its id only.
https://docs.x.com/x-api/enterprise-gnip-2.0/fundamentals/data-dictionary
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from channels.contract import Point, RemoteFile
from channels.x_post import Post, best_video, clean, middle, on_earth, written


class _User(msgspec.Struct):
    id_str: str = ""
    name: str = ""
    screen_name: str = ""


class _Mention(msgspec.Struct):
    id_str: str | None = None


class _Url(msgspec.Struct):
    url: str = ""
    expanded_url: str | None = None


class _Variant(msgspec.Struct):
    url: str = ""
    content_type: str = ""
    bitrate: int | None = None


class _Video(msgspec.Struct):
    variants: list[_Variant] | None = None


class _Media(msgspec.Struct):
    url: str = ""
    media_url_https: str = ""
    ext_alt_text: str | None = None
    video_info: _Video | None = None


class Entities(msgspec.Struct):
    """What stands in a text."""

    urls: list[_Url] | None = None
    user_mentions: list[_Mention] | None = None
    media: list[_Media] | None = None


class _Extended(msgspec.Struct):
    full_text: str = ""
    entities: Entities | None = None
    extended_entities: Entities | None = None


class _Coordinates(msgspec.Struct):
    coordinates: list[float] | None = None


class _Box(msgspec.Struct):
    coordinates: list[list[list[float]]] | None = None


class _Place(msgspec.Struct):
    full_name: str = ""
    bounding_box: _Box | None = None


class _History(msgspec.Struct):
    edit_tweet_ids: list[str] | None = None


class _Tweet(msgspec.Struct):
    id_str: str
    text: str = ""
    full_text: str | None = None
    user: _User | None = None
    timestamp_ms: str | None = None
    created_at: str | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_user_id_str: str | None = None
    retweeted_status: "_Tweet | None" = None
    quoted_status: "_Tweet | None" = None
    quoted_status_id_str: str | None = None
    extended_tweet: _Extended | None = None
    entities: Entities | None = None
    extended_entities: Entities | None = None
    coordinates: _Coordinates | None = None
    place: _Place | None = None
    edit_history: _History | None = None


def read_v1(item: object) -> Post:
    """One item as a `Post`; raises msgspec.ValidationError for what is none."""
    tweet = msgspec.convert(item, _Tweet)
    if not tweet.id_str:
        raise msgspec.ValidationError("Expected an id")
    user = tweet.user or _User()
    quoted = tweet.quoted_status
    retweet = tweet.retweeted_status
    place, point = _where(tweet)
    return Post(
        id=clean(tweet.id_str),
        author=clean(user.id_str),
        name=clean(user.name),
        handle=clean(user.screen_name),
        text=_text(tweet),
        sent_at=moment(tweet.timestamp_ms or "") or _old_moment(tweet.created_at or ""),
        versions=tuple(map(clean, (tweet.edit_history or _History()).edit_tweet_ids or ())),
        retweet_of=clean(retweet.id_str) if retweet else "",
        names=frozenset(_names(tweet)),
        quotes=quoted.user.id_str if quoted and quoted.user else "",
        context=_text(quoted) if quoted else "",
        files=tuple(_files(tweet)),
        remarks=tuple(_remarks(tweet)),
        place=place,
        point=point,
    )


def links_in(entities: Entities | None) -> dict[str, str]:
    """Short links and what they stand for."""
    return {url.url: url.expanded_url or url.url for url in (entities or Entities()).urls or ()}


def moment(milliseconds: str) -> datetime | None:
    """A time as X counts it, in milliseconds; None for anything else."""
    if not (milliseconds.isascii() and milliseconds.isdecimal()):
        return None
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(tweet: _Tweet) -> str:
    longer = tweet.extended_tweet or _Extended()
    entities = (longer.entities if longer.full_text else None) or tweet.entities
    media = longer.extended_entities or tweet.extended_entities or Entities()
    links = links_in(entities) | dict.fromkeys((one.url for one in media.media or ()), "")
    return written(longer.full_text or tweet.full_text or tweet.text, links)


def _names(tweet: _Tweet) -> Iterator[str]:
    yield from filter(None, (tweet.in_reply_to_user_id_str,))
    longer = tweet.extended_tweet or _Extended()
    for entities in (tweet.entities, longer.entities):
        for mention in (entities or Entities()).user_mentions or ():
            yield from filter(None, (mention.id_str,))


def _media(tweet: _Tweet) -> list[_Media]:
    longer = tweet.extended_tweet or _Extended()
    return (longer.extended_entities or tweet.extended_entities or Entities()).media or []


def _files(tweet: _Tweet) -> Iterator[RemoteFile]:
    for media in _media(tweet):
        variants = (media.video_info.variants if media.video_info else None) or []
        rates = {v.url: v.bitrate or 0 for v in variants if v.content_type == "video/mp4"}
        address = best_video(rates) or media.media_url_https
        if address:
            claimed = "video/mp4" if rates else "image/jpeg"
            yield RemoteFile(key=clean(address), media_type=claimed)


def _remarks(tweet: _Tweet) -> Iterator[str]:
    if tweet.in_reply_to_status_id_str:
        yield f"answers post {clean(tweet.in_reply_to_status_id_str)}, which X did not show"
    for media in _media(tweet):
        if media.ext_alt_text:
            yield f"described by its author: {clean(media.ext_alt_text)}"


def _where(tweet: _Tweet) -> tuple[str, Point | None]:
    place = tweet.place or _Place()
    exact = (tweet.coordinates.coordinates if tweet.coordinates else None) or []
    if len(exact) == 2:  # noqa: PLR2004 (longitude and latitude)
        return clean(place.full_name), on_earth(lat=exact[1], lon=exact[0])
    ring = ((place.bounding_box.coordinates if place.bounding_box else None) or [[]])[:1]
    corners = [corner for corner in (ring[0] if ring else []) if len(corner) == 2]  # noqa: PLR2004
    if not corners:
        return clean(place.full_name), None
    east_west, north_south = zip(*corners, strict=True)
    box = [min(east_west), min(north_south), max(east_west), max(north_south)]
    return clean(place.full_name), middle(box)


def _old_moment(written_as: str) -> datetime | None:
    """Sat Nov 21 10:00:00 +0000 2026."""
    try:
        return datetime.strptime(written_as, "%a %b %d %H:%M:%S %z %Y")
    except ValueError:
        return None
