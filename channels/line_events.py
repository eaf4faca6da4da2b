"""
What one LINE event says.

The SDK's parser is not used: it silently drops every event that lacks a field it expects. Of group
chats only what mentions our account is for us, unless the settings say otherwise: people there talk
with one another. Wire format: https://developers.line.biz/en/reference/messaging-api/
"""

from dataclasses import replace

import msgspec

from channels.contract import (
    Ignored,
    InboundMessage,
    Parsed,
    RemoteFile,
    Unreadable,
)
from channels.line_options import Groups
from channels.webhooks import clean, decode, moment_of_ms, place_on_map, word
from channels.windows import pack_address

#: What stands before the rest of a RemoteFile's key: LINE holds it, or somebody else does.
EXTERNAL = "external:"

_FILES = ("image", "video", "audio", "file")
# Milliseconds; no clock will ever show them.
_NO_TIME = 2**53


class _Struct(msgspec.Struct, rename="camel", frozen=True):
    """A part of an event; what LINE may leave out has a default, what we do not use is not here."""


class _Source(_Struct, frozen=True):
    type: str = ""
    user_id: str = ""
    group_id: str = ""
    room_id: str = ""


class _Mentionee(_Struct, frozen=True):
    index: int = 0
    length: int = 0
    is_self: bool = False


class _Mention(_Struct, frozen=True):
    mentionees: list[_Mentionee] = []


class _ImageSet(_Struct, frozen=True):
    id: str = ""


class _Provider(_Struct, frozen=True):
    type: str = "line"
    original_content_url: str = ""


class _Message(_Struct, frozen=True):
    id: str = ""
    type: str = ""
    text: str = ""
    mention: _Mention = _Mention()
    image_set: _ImageSet = _ImageSet()
    content_provider: _Provider = _Provider()
    file_name: str = ""
    file_size: int | None = None
    title: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None


class _Postback(_Struct, frozen=True):
    data: str = ""


class _Unsend(_Struct, frozen=True):
    message_id: str = ""


class _Event(_Struct, frozen=True):
    type: str = ""
    mode: str = ""
    timestamp: int = 0
    source: _Source = _Source()
    reply_token: str = ""
    message: _Message | None = None
    postback: _Postback = _Postback()
    unsend: _Unsend = _Unsend()


class _Webhook(_Struct, frozen=True):
    events: list[_Event]


def read(payload: bytes, groups: Groups) -> Parsed:
    """What one event says."""
    try:
        webhook = decode(payload, _Webhook)
    except ValueError as error:
        return Unreadable(reason=f"no LINE event: {error}")
    if len(webhook.events) != 1:
        return Unreadable(reason="not one LINE event")
    return _read(webhook.events[0], groups)


def _read(event: _Event, groups: Groups) -> Parsed:
    if event.mode == "standby":
        return Ignored(reason="another module answers this chat (standby)")
    match event.type:
        case "message":
            return _said(event, groups)
        case "postback":
            text = clean(event.postback.data)
            return (
                replace(_blank(event), text=text) if text else Ignored(reason="an empty postback")
            )
        case "unsend" if event.unsend.message_id:
            taken_back = event.unsend.message_id
            return replace(_blank(event), edits=taken_back, withdrawn=True, return_address=None)
    return Ignored(reason=f"an event: {word(event.type)}")


def _said(event: _Event, groups: Groups) -> Parsed:
    message = event.message
    if message is None:
        return Unreadable(reason="a LINE message event without a message")
    is_among_others = event.source.type in ("group", "room")
    if is_among_others and groups != "all" and not _mentions_us(message):
        return Ignored(reason="group talk that is not addressed to us")
    return _message(message, _blank(event))


def _blank(event: _Event) -> InboundMessage:
    """Who wrote, when, and where an answer goes: to the group, if it came from one."""
    source = event.source
    chat = source.group_id or source.room_id or source.user_id
    token = event.reply_token
    # Whoever answers reckons with it as a float, and JSON may bring a number that fits into none.
    at = str(event.timestamp if abs(event.timestamp) < _NO_TIME else 0)
    address = pack_address(clean(chat), token=clean(token), at=at)
    return InboundMessage(
        # Members of a group who never agreed to be known have no id; the group stands for them.
        sender=clean(source.user_id or chat),
        text="",
        sent_at=moment_of_ms(event.timestamp),
        return_address=address if chat or token else None,
    )


def _mentions_us(message: _Message) -> bool:
    return any(mentionee.is_self for mentionee in message.mention.mentionees)


def _message(message: _Message, blank: InboundMessage) -> Parsed:
    if message.type == "text":
        return _text(message, blank)
    if message.type in _FILES:
        return replace(blank, remote=(_file(message),), album=clean(message.image_set.id))
    if message.type == "location":
        return _location(message, blank)
    if message.type == "sticker":
        return Ignored(reason="a sticker")
    remark = f"a message of a kind we do not know: {word(message.type)}"
    return replace(blank, remarks=(remark,))


def _text(message: _Message, blank: InboundMessage) -> Parsed:
    text = clean(message.text)
    if not text.strip():
        return Ignored(reason="an empty message")
    matter = clean(_without_our_name(message)).strip() if _mentions_us(message) else None
    return replace(blank, text=text, matter=matter or None)


def _without_our_name(message: _Message) -> str:
    """The text without mentions of our account; LINE counts in UTF-16 units."""
    units = message.text.encode("utf-16-le")
    for mentionee in sorted(message.mention.mentionees, key=lambda one: -one.index):
        if mentionee.is_self and mentionee.index >= 0 <= mentionee.length:
            start, end = 2 * mentionee.index, 2 * (mentionee.index + mentionee.length)
            units = units[:start] + units[end:]
    return units.decode("utf-16-le", "replace")


def _file(message: _Message) -> RemoteFile:
    url = message.content_provider.original_content_url
    is_external = message.content_provider.type == "external"
    return RemoteFile(
        key=f"{EXTERNAL}{url}" if is_external else f"{message.type}:{message.id}",
        name=clean(message.file_name) or message.type,
        bytes=message.file_size,
    )


def _location(message: _Message, blank: InboundMessage) -> Parsed:
    place = clean(", ".join(filter(None, (message.title, message.address))))
    point = place_on_map(message.latitude, message.longitude)
    remarks = () if point else ("a location without coordinates",)
    return replace(blank, place=place, point=point, remarks=remarks)
