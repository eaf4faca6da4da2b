"""
An update, read: who says what, and whether it is for us.

A message and its edits have one key (telegram_key.py), so an edit names what it replaces. Callback
queries are buttons of ours: what they say comes in as if it had been typed. Other bots, channel
posts, reactions and talk between others are ignored; what Telegram does not describe is unreadable.
"""

from collections.abc import Collection, Mapping

from channels.contract import Ignored, InboundMessage, Parsed, Unreadable
from channels.telegram_content import Content, content_of
from channels.telegram_key import ASKS_LOCATION, Bot, message_key
from channels.telegram_mentions import context_of, forwarded_url, hear
from channels.telegram_text import one_line
from channels.telegram_update import Callback, Message, Under, User, decode
from channels.webhooks import clean, moment
from channels.windows import pack_address

_NOT_FOR_US = {
    "channel_post": "a channel post",
    "edited_channel_post": "a channel post",
    "message_reaction": "a reaction",
    "message_reaction_count": "a reaction",
    "chat_member": "somebody joined or left",
    "chat_join_request": "somebody asks to join",
    "inline_query": "a search",
    "chosen_inline_result": "a search",
    "poll": "a poll",
    "poll_answer": "a poll",
    "chat_boost": "a boost",
    "removed_chat_boost": "a boost",
    "shipping_query": "a purchase",
    "pre_checkout_query": "a purchase",
    "purchased_paid_media": "a purchase",
    "business_connection": "a business account",
    "business_message": "a business account",
    "edited_business_message": "a business account",
    "deleted_business_messages": "a business account",
}
_LEFT = ("kicked", "left")


def read(raw: bytes, bot: Bot) -> Parsed:
    """What an update says; pure and total."""
    try:
        update, told = decode(raw)
    except ValueError as error:
        return Unreadable(reason=f"not an update: {error}")
    if update.message:
        return _message(update.message, _keys(told, "message"), bot)
    if update.edited_message:
        return _edit(update.edited_message, _keys(told, "edited_message"), bot)
    if update.callback_query:
        return _pressed(update.callback_query)
    if "my_chat_member" in told:
        return Ignored(reason=_membership(told["my_chat_member"]))
    known = next((_NOT_FOR_US[kind] for kind in told if kind in _NOT_FOR_US), "")
    return Ignored(reason=known) if known else Unreadable(reason="an update of an unknown kind")


def _message(message: Message, keys: Collection[str], bot: Bot, edits: str = "") -> Parsed:
    heard = hear(message, bot)
    if reason := _not_for_us(message, is_for_us=heard.is_for_us):
        return Ignored(reason=reason)
    if heard.text == ASKS_LOCATION and message.chat.is_private:
        return Ignored(reason="asks for the location button")
    content = content_of(message, keys)
    if isinstance(content, Ignored):
        return content
    sender, name = _sender(message)
    return InboundMessage(
        sender=sender,
        name=name,
        text=_text(heard.text, content),
        sent_at=moment(message.edit_date if edits and message.edit_date else message.date),
        return_address=_address(message, message.message_id),
        contact=content.contact,
        remote=content.remote,
        album=clean(message.media_group_id),
        edits=edits,
        place=content.place,
        point=content.point,
        context=clean(context_of(message, bot)),
        source_url=forwarded_url(message),
        remarks=content.remarks,
    )


def _edit(message: Message, keys: Collection[str], bot: Bot) -> Parsed:
    if message.location:
        return Ignored(reason="a live location moved")
    return _message(message, keys, bot, edits=message_key(message, bot))


def _pressed(callback: Callback) -> Parsed:
    if callback.data == ASKS_LOCATION:
        return Ignored(reason="asks for the location button")
    if not callback.data or not callback.message:
        return Ignored(reason="a button that says nothing")
    if callback.from_.is_bot:
        return Ignored(reason="another bot")
    return InboundMessage(
        sender=str(callback.from_.id),
        name=_name(callback.from_),
        text=clean(callback.data),
        return_address=_address(callback.message),
    )


def _not_for_us(message: Message, *, is_for_us: bool) -> str:
    if message.chat.type == "channel" or message.is_automatic_forward:
        return "a channel post"
    if message.from_ and message.from_.is_bot and not message.sender_chat:
        return "another bot"
    return "" if is_for_us else "talk in a group that is not for the bot"


def _sender(message: Message) -> tuple[str, str]:
    """Id and name; who speaks as a group or channel has a bot's id before Telegram's own."""
    behind = message.sender_chat
    if behind:
        return str(behind.id), one_line(behind.title)
    return (str(message.from_.id), _name(message.from_)) if message.from_ else ("", "")


def _name(user: User) -> str:
    return one_line(f"{user.first_name} {user.last_name}")


def _text(said: str, content: Content) -> str:
    return clean("\n".join(filter(None, (said, content.card))))


def _address(place: Message | Under, message_id: int | None = None) -> str:
    thread = place.message_thread_id if place.is_topic_message else None
    return pack_address(
        str(place.chat.id),
        message="" if message_id is None else str(message_id),
        thread="" if thread is None else str(thread),
    )


def _membership(told: object) -> str:
    new = told.get("new_chat_member") if isinstance(told, dict) else None
    status = new.get("status") if isinstance(new, dict) else None
    return "the bot was blocked or sent away" if status in _LEFT else "the bot was let in"


def _keys(told: Mapping[str, object], kind: str) -> Collection[str]:
    fields = told.get(kind)
    return tuple(fields) if isinstance(fields, dict) else ()
