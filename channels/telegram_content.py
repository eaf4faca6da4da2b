"""
What a message holds beside its words: files to be fetched, a place, a contact card.

Telegram keeps the files and lets a bot fetch those up to 20 MB. What is larger, or of a kind that
is not read here, becomes a remark, so that an officer knows that something is missing. A lone
sticker or a notice about the group ("somebody joined") is nothing to act on.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from channels.contract import Ignored, Point, RemoteFile
from channels.telegram_text import one_line
from channels.telegram_update import Contact, File, Message
from channels.webhooks import place_on_map

#: What the Bot API serves for download.
MOST_FILE_BYTES = 20 * 1024 * 1024
# No file is a petabyte.
_ABSURD = 10**15

# An animation comes with a document that is the same file, so it stands first.
_FILES = {
    "animation": ("animation", "video/mp4"),
    "video": ("video", "video/mp4"),
    "video_note": ("video note", "video/mp4"),
    "voice": ("voice message", "audio/ogg"),
    "audio": ("audio", "audio/mpeg"),
    "document": ("document", ""),
}
_NO_COMPLAINT = {"sticker": "a sticker", "dice": "a dice", "game": "a game"}
_NOTICE = re.compile(
    r"(new|left|delete|group|supergroup|channel)_chat_\w+|message_auto_delete_timer_changed|"
    r"migrate_\w+|pinned_message|(general_)?forum_topic_\w+|video_chat_\w+|giveaway\w*|"
    r"successful_payment|refunded_payment|users_shared|chat_shared|connected_website|"
    r"write_access_allowed|passport_data|proximity_alert_triggered|boost_added|web_app_data|"
    r"chat_background_set|(direct_message|paid_message)_price_changed|suggested_post_\w+|"
    r"checklist_tasks_\w+|gift\w*|unique_gift\w*|invoice|chat_owner_\w+|managed_bot_\w+"
)
# What stands in any message, whatever it holds.
_HEAD = re.compile(
    r"message_id|message_thread_id|direct_messages_topic|from|sender_\w+|date|chat|edit_date|"
    r"business_connection_id|forward_\w+|is_\w+|reply_\w+|external_reply|quote|via_bot|has_\w+|"
    r"media_group_id|author_signature|paid_\w+_count|entities|caption\w*|link_preview_options|"
    r"effect_id|show_caption_above_media|text"
)
_NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What came with the words."""

    remote: tuple[RemoteFile, ...] = ()
    point: Point | None = None
    place: str = ""
    #: The sender's own telephone number, where they chose to share it.
    contact: str = ""
    #: A card of somebody else, as words.
    card: str = ""
    remarks: tuple[str, ...] = ()


def content_of(message: Message, keys: Collection[str]) -> Content | Ignored:
    """What a message holds; `keys` are the names of its fields, also of those we do not read."""
    remote, remarks = _files(message)
    at = message.location
    point = place_on_map(at.latitude, at.longitude) if at else None
    card, contact = _card(message.contact, message)
    if message.words or remote or remarks or point or message.contact:
        return Content(
            remote=remote,
            remarks=remarks,
            point=point,
            place=_venue(message),
            contact=contact,
            card=card,
        )
    return _unknown([key for key in keys if not _HEAD.fullmatch(key)])


def _files(message: Message) -> tuple[tuple[RemoteFile, ...], tuple[str, ...]]:
    if message.photo:
        largest = max(
            message.photo, key=lambda size: (size.width * size.height, size.file_size or 0)
        )
        return (_remote(largest, "image/jpeg"),), ()
    for field, (kind, media_type) in _FILES.items():
        file: File | None = getattr(message, field)
        if file and (file.file_size or 0) > MOST_FILE_BYTES:
            # In whole numbers, for JSON may bring one that no float can hold.
            megabytes = min((file.file_size or 0) + 500_000, _ABSURD) // 1_000_000
            return (), (f"file not fetched: {kind}, {megabytes} MB",)
        if file:
            return (_remote(file, media_type),), ()
    return (), ()


def _remote(file: File, media_type: str) -> RemoteFile:
    return RemoteFile(
        key=one_line(file.file_id),
        name=one_line(file.file_name),
        media_type=one_line(file.mime_type) or media_type,
        bytes=file.file_size,
    )


def _venue(message: Message) -> str:
    if not message.venue:
        return ""
    return ", ".join(filter(None, map(one_line, (message.venue.title, message.venue.address))))


def _card(contact: Contact | None, message: Message) -> tuple[str, str]:
    """A card as words, and the sender's own number."""
    if not contact:
        return "", ""
    number = one_line(contact.phone_number)
    if message.from_ and contact.user_id == message.from_.id:
        return "", number
    return f"Kontak: {one_line(f'{contact.first_name} {contact.last_name} {number}')}", ""


def _unknown(kinds: list[str]) -> Content | Ignored:
    """A message of a kind we do not read: not for us, or a remark, for a person may know."""
    for kind in kinds:
        if kind in _NO_COMPLAINT:
            return Ignored(reason=_NO_COMPLAINT[kind])
        if _NOTICE.fullmatch(kind):
            return Ignored(reason="a notice about the chat")
    named = [kind for kind in kinds if _NAME.fullmatch(kind)]
    if not kinds:
        return Ignored(reason="a message without content")
    return Content(remarks=(f"not read: {named[0] if named else 'a kind without a name'}",))
