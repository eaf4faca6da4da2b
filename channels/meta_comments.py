"""
What is said in public: comments below our posts and mentions of our account.

A comment is a complaint like any other, and its answer goes out in private: Meta lets us write to
the author of a comment once, within seven days. Of a mention a webhook tells only ids; its words
are fetched later as a file. Wire format:
https://developers.facebook.com/docs/instagram-platform/webhooks
"""

from dataclasses import replace

import msgspec

from channels.contract import Ignored, InboundMessage, Parsed, RemoteFile
from channels.meta_batch import comment_key
from channels.webhooks import clean, decode, moment, word
from channels.windows import pack_address

#: What stands before the ids in the key of a mention's words.
MENTION = "mention:"

_COMMENTS = ("comments", "live_comments")


class Change(msgspec.Struct, frozen=True):
    """A change of a page or account."""

    field: str = ""
    value: msgspec.Raw = msgspec.Raw(b"{}")


class _Author(msgspec.Struct, frozen=True):
    id: str = ""
    username: str = ""
    name: str = ""


class _Media(msgspec.Struct, frozen=True):
    id: str = ""
    media_product_type: str = ""


class _Comment(msgspec.Struct, frozen=True, rename={"author": "from"}):
    """Of Instagram."""

    id: str = ""
    author: _Author = _Author()
    text: str = ""
    media: _Media = _Media()


class _Post(msgspec.Struct, frozen=True):
    permalink_url: str = ""


class _Feed(msgspec.Struct, frozen=True, rename={"author": "from"}):
    """Of a Facebook page."""

    item: str = ""
    verb: str = ""
    comment_id: str = ""
    author: _Author = _Author()
    message: str = ""
    photo: str = ""
    created_time: int = 0
    permalink_url: str = ""
    post: _Post = _Post()


class _Mention(msgspec.Struct, frozen=True):
    media_id: str = ""
    comment_id: str = ""


def read_change(change: Change, page: str, told_at: int) -> Parsed:
    """What one change of an account says; may raise ValueError. `told_at` is the webhook's time."""
    if change.field in _COMMENTS:
        return _comment(decode(bytes(change.value), _Comment), page, told_at)
    if change.field == "mentions":
        return _mention(decode(bytes(change.value), _Mention), page)
    if change.field == "feed":
        return _feed(decode(bytes(change.value), _Feed), page)
    return Ignored(reason=f"an event: {word(change.field)}")


def _comment(comment: _Comment, page: str, told_at: int) -> Parsed:
    blank = _blank(comment.author, page, comment.id)
    if comment.author.id == page:
        return Ignored(reason="said by our own side")
    if not comment.text.strip():
        return Ignored(reason="an empty comment")
    where = comment.media.media_product_type.lower() or "post"
    remark = f"a public comment: {word(where)} {clean(comment.media.id)}".rstrip()
    return replace(blank, text=clean(comment.text), sent_at=moment(told_at), remarks=(remark,))


def _mention(mention: _Mention, page: str) -> Parsed:
    ids = f"{page}:{mention.media_id}:{mention.comment_id}"
    return InboundMessage(
        sender="",
        text="",
        remote=(RemoteFile(key=f"{MENTION}{ids}", name="mention.txt", media_type="text/plain"),),
        remarks=("a public mention: its words come as a file, and are to be answered there",),
    )


def _feed(feed: _Feed, page: str) -> Parsed:
    if feed.item != "comment" or feed.verb not in ("add", "edited", "remove"):
        return Ignored(reason=f"an event: {word(feed.item)} {word(feed.verb)}")
    if feed.author.id == page:
        return Ignored(reason="said by our own side")
    blank = _blank(feed.author, page, feed.comment_id)
    key = comment_key(feed.comment_id)
    if feed.verb == "remove":
        return replace(blank, edits=key, withdrawn=True, return_address=None)
    if not feed.message.strip() and not feed.photo:
        return Ignored(reason="an empty comment")
    return replace(
        blank,
        text=clean(feed.message),
        edits=key if feed.verb == "edited" else "",
        sent_at=moment(feed.created_time),
        remote=(RemoteFile(key=feed.photo, name="image"),) if feed.photo else (),
        source_url=clean(feed.permalink_url or feed.post.permalink_url),
        remarks=("a public comment",),
    )


def _blank(author: _Author, page: str, comment_id: str) -> InboundMessage:
    person = clean(author.id)
    address = pack_address(person, page=page, comment=clean(comment_id))
    return InboundMessage(
        sender=f"{page}:{person}" if person else "",
        text="",
        name=clean(author.name or author.username),
        return_address=address if comment_id else None,
    )
