"""
Whether a message is meant for the bot, and what it says without the bot's name.

In a private chat everything is. In a group it is what names the bot, answers one of its messages or
is a command; everything else there is conversation between people and none of our business.
"""

from dataclasses import dataclass

from channels.telegram_key import Bot
from channels.telegram_text import one_line, piece, without
from channels.telegram_update import Entity, Message, Origin, Quoted

# A command that only opens the talk; what follows it is a word of whoever made the link.
_OPENING = "/start"
# Commands that stand before a complaint and are no part of it.
_BEFORE_COMPLAINT = ("/lapor", "/aduan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a message says to the bot; `is_for_us` is false in talk between others."""

    text: str
    is_for_us: bool


def hear(message: Message, bot: Bot) -> Heard:
    """The words of a message without our name in them."""
    entities = message.entities if message.text else message.caption_entities
    names = [entity for entity in entities if _names_us(message.words, entity, bot)]
    commands = [entity for entity in entities if entity.type == "bot_command"]
    ours = [entity for entity in commands if _is_our_command(message.words, entity, bot)]
    spans = [(entity.offset, entity.length) for entity in names]
    spans += [_suffix(message.words, entity) for entity in ours]
    is_for_us = bool(names or ours) or _answers_us(message, bot) or message.chat.is_private
    is_command = any(entity.offset == 0 for entity in commands)
    text = without(message.words, spans)
    return Heard(text=_without_command(text) if is_command else text.strip(), is_for_us=is_for_us)


def context_of(message: Message, bot: Bot) -> str:
    """The words of the post this one answers, where another person wrote it; and its origin."""
    quoted, told = message.reply_to_message, []
    if quoted and not _is_own(message, quoted) and not _answers_us(message, bot):
        told.append(message.quote.text if message.quote else quoted.text or quoted.caption)
    if message.forward_origin:
        told.append(f"diteruskan dari {_first_said_by(message.forward_origin)}")
    return "\n".join(filter(None, told))


def forwarded_url(message: Message) -> str:
    """The address of the public channel post this was forwarded from, if it has one."""
    origin = message.forward_origin
    if not (origin and origin.chat and origin.message_id):
        return ""
    name = origin.chat.username
    return (
        f"https://t.me/{name}/{origin.message_id}" if name.isascii() and name.isidentifier() else ""
    )


def _names_us(text: str, entity: Entity, bot: Bot) -> bool:
    if entity.type == "text_mention":
        return entity.user is not None and str(entity.user.id) == bot.id
    covered = piece(text, entity.offset, entity.length)
    return entity.type == "mention" and _is_us(covered.removeprefix("@"), bot)


def _is_us(name: str, bot: Bot) -> bool:
    if bot.username:
        return name.lower() == bot.username.lower()
    # Before we know our own name: better one message too many than a complaint passed over.
    return name.lower().endswith("bot")


def _is_our_command(text: str, entity: Entity, bot: Bot) -> bool:
    _, at, name = piece(text, entity.offset, entity.length).partition("@")
    return not at or _is_us(name, bot)


def _suffix(text: str, command: Entity) -> tuple[int, int]:
    """The "@our_bot" behind a command."""
    said = piece(text, command.offset, command.length)
    length = len(said) - len(said.partition("@")[0])
    return command.offset + command.length - length, length


def _answers_us(message: Message, bot: Bot) -> bool:
    quoted = message.reply_to_message
    return bool(quoted and quoted.from_ and str(quoted.from_.id) == bot.id)


def _is_own(message: Message, quoted: Quoted) -> bool:
    """Whether somebody answers a message of their own."""
    return bool(message.from_ and quoted.from_ and message.from_.id == quoted.from_.id)


def _without_command(text: str) -> str:
    command, _, rest = text.strip().partition(" ")
    if command.lower() == _OPENING:
        return _OPENING
    if command.lower() in _BEFORE_COMPLAINT and rest.strip():
        return rest.strip()
    return text.strip()


def _first_said_by(origin: Origin) -> str:
    chat, user = origin.chat or origin.sender_chat, origin.sender_user
    if chat:
        return one_line(chat.title) or "sebuah kanal"
    name = f"{user.first_name} {user.last_name}" if user else origin.sender_user_name
    return one_line(name) or "orang lain"
