"""
What one item of a Messenger or Instagram webhook says: a private message, or something about one.

A person's id holds for one page or account only, so the sender is "<page>:<person>". Files come as
addresses at Meta's delivery network that soon expire; other addresses are links a person shared.
An echo of an answer of ours is news about that answer where it carries its id (Messenger), and
nothing else of what our own side says is ever a message.
Wire format: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
from yarl import URL

from channels.contract import (
    DeliveryReport,
    Ignored,
    InboundMessage,
    Parsed,
    Point,
    RemoteFile,
    Unreadable,
)
from channels.meta_comments import Change, read_change
from channels.webhooks import clean, decode, moment_of_ms, place_on_map, word
from channels.windows import pack_address

_FILES = ("image", "video", "audio", "file")
_BESIDES = ("sender", "recipient", "timestamp")


class _Party(msgspec.Struct, frozen=True):
    id: str = ""


class _Coordinates(msgspec.Struct, frozen=True):
    lat: float | None = None
    long: float | None = None


class _Payload(msgspec.Struct, frozen=True):
    url: str = ""
    title: str = ""
    sticker_id: int | str | None = None
    coordinates: _Coordinates = _Coordinates()


class _Attachment(msgspec.Struct, frozen=True):
    type: str = ""
    payload: _Payload = _Payload()
    url: str = ""
    title: str = ""


class _QuickReply(msgspec.Struct, frozen=True):
    payload: str = ""


class _ReplyTo(msgspec.Struct, frozen=True):
    story: _Party | None = None


class _Message(msgspec.Struct, frozen=True):
    mid: str = ""
    text: str = ""
    attachments: list[_Attachment] = []
    quick_reply: _QuickReply = _QuickReply()
    reply_to: _ReplyTo = _ReplyTo()
    is_echo: bool = False
    is_deleted: bool = False
    is_unsupported: bool = False
    metadata: str = ""


class _Postback(msgspec.Struct, frozen=True):
    title: str = ""
    payload: str = ""


class _Edit(msgspec.Struct, frozen=True):
    mid: str = ""
    text: str = ""


class _Item(msgspec.Struct, frozen=True):
    sender: _Party = _Party()
    timestamp: int = 0
    message: _Message | None = None
    postback: _Postback | None = None
    message_edit: _Edit | None = None


class _Entry(msgspec.Struct, frozen=True):
    id: int | str = ""
    time: int = 0
    messaging: list[msgspec.Raw] = []
    standby: list[msgspec.Raw] = []
    changes: list[Change] = []


class _Webhook(msgspec.Struct, frozen=True):
    entry: list[_Entry]
    object: str = ""


def read(payload: bytes, kind: str, hosts: Sequence[str]) -> Parsed:
    """What one item says; `kind` is the object the channel is for, `hosts` hold its files."""
    try:
        webhook = decode(payload, _Webhook)
        if webhook.object != kind or len(webhook.entry) != 1:
            return Unreadable(reason=f"not one item of a webhook for {kind}")
        entry = webhook.entry[0]
        if entry.standby:
            return Ignored(reason="another app answers this chat (standby)")
        page = clean(str(entry.id))
        if len(entry.messaging) == 1:
            return _item(bytes(entry.messaging[0]), page, hosts)
        if len(entry.changes) == 1:
            return read_change(entry.changes[0], page, entry.time)
    except ValueError as error:
        return Unreadable(reason=f"no item of a webhook: {error}")
    return Ignored(reason="a notice of a kind we do not know")


def _item(raw: bytes, page: str, hosts: Sequence[str]) -> Parsed:
    item = decode(raw, _Item)
    if item.message and item.message.is_echo:
        return _echo(item.message)
    if item.sender.id == page:
        return Ignored(reason="said by our own side")
    blank = _blank(item, page)
    if item.message:
        return _message(item.message, blank, hosts)
    if item.message_edit:
        text, edited = clean(item.message_edit.text), item.message_edit.mid
        return replace(blank, text=text, edits=edited)
    if item.postback:
        text = clean(item.postback.payload or item.postback.title)
        return replace(blank, text=text) if text else Ignored(reason="an empty postback")
    names = [name for name in decode(raw, dict[str, msgspec.Raw]) if name not in _BESIDES]
    return Ignored(reason=f"an event: {word(names[0]) if names else 'unnamed'}")


def _echo(message: _Message) -> Parsed:
    """Our own side's message; an answer of ours carries its id, which settles a doubt about it."""
    if message.metadata:
        reply_id = clean(message.metadata)
        return DeliveryReport(reply_id=reply_id, delivered=True, final=True, detail="its echo came")
    return Ignored(reason="an echo of what our own side said")


def _blank(item: _Item, page: str) -> InboundMessage:
    person = clean(item.sender.id)
    return InboundMessage(
        sender=f"{page}:{person}" if person else "",
        text="",
        sent_at=moment_of_ms(item.timestamp),
        return_address=pack_address(person, page=page) if person else None,
    )


def _message(message: _Message, blank: InboundMessage, hosts: Sequence[str]) -> Parsed:
    if message.is_deleted:
        return replace(blank, edits=message.mid, withdrawn=True, return_address=None)
    if message.quick_reply.payload:
        return replace(blank, text=clean(message.quick_reply.payload))
    files = tuple(_files(message, hosts))
    said = replace(
        blank,
        text=clean("\n".join([*filter(None, [message.text]), *_links(message, files)])),
        remote=files,
        point=_point(message),
        remarks=tuple(_remarks(message, files)),
    )
    if said.text.strip() or said.remote or said.point or said.remarks:
        return said
    return Ignored(reason="a sticker" if message.attachments else "an empty message")


def _files(message: _Message, hosts: Sequence[str]) -> Iterator[RemoteFile]:
    """Files proper, wherever they lie, and posts or stories of which Meta holds a copy."""
    for attachment in message.attachments:
        url = attachment.payload.url
        if not url or attachment.payload.sticker_id is not None:
            continue
        if attachment.type in _FILES or _is_below(url, hosts):
            yield RemoteFile(key=url, name=word(attachment.type))


def _links(message: _Message, files: Sequence[RemoteFile]) -> Iterator[str]:
    """What a person shared that is no file: the title and address of a page."""
    fetched = {file.key for file in files}
    for attachment in message.attachments:
        url = attachment.payload.url or attachment.url
        if attachment.type not in _FILES and url and url not in fetched:
            yield " ".join(filter(None, (attachment.payload.title or attachment.title, url)))


def _point(message: _Message) -> Point | None:
    places = (attachment.payload.coordinates for attachment in message.attachments)
    found = (place_on_map(place.lat, place.long) for place in places)
    return next(filter(None, found), None)


def _remarks(message: _Message, files: Sequence[RemoteFile]) -> Iterator[str]:
    if message.reply_to.story:
        yield "answers a story of ours"
    if message.is_unsupported:
        yield "a message of a kind that is not passed on to us"
    fetched = {file.key for file in files}
    for attachment in message.attachments:
        kind, url = attachment.type, attachment.payload.url or attachment.url
        if kind == "story_mention":
            yield "a story that mentions us"
        elif kind in _FILES and not url:
            yield f"file not fetched: {kind}, no address was given"
        elif kind not in (*_FILES, "location") and url in fetched:
            yield f"something shared: {word(kind)}"
        elif kind != "location" and not url:
            yield f"a message of a kind we do not know: {word(kind)}"


def _is_below(url: str, hosts: Sequence[str]) -> bool:
    try:
        host = URL(url).host or ""
    except ValueError:
        return False
    return any(host == one or host.endswith(f".{one}") for one in hosts)
