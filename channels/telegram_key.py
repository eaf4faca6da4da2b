"""
The key of an update and the journal bytes around it.

A message is known by bot, chat and message, whatever update brought it: numbers of updates start
again anywhere after a week of silence, those of messages do not. The bot belongs to it because a
new bot counts the messages of the same person from 1 again. Beside the update as Telegram sent it
the journal holds which bot heard it, for that decides what a group message says.
"""

import hashlib
from dataclasses import dataclass

from channels.capture import pack, unpack
from channels.telegram_update import Message, Update
from channels.webhooks import clean, decode

#: What the button says that asks for the location, and the command that does the same.
ASKS_LOCATION = "/lokasi"

_TARGET = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """Who we are on Telegram; the name may not be known yet."""

    id: str = ""
    #: Without @.
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One update at the door: its key, and what it asks of us at once."""

    external_id: str
    update_id: int | None = None
    #: The private chat somebody wrote in, or pressed a button in.
    chat: int | None = None
    #: The id of the pressed button.
    callback: str = ""
    asks_location: bool = False


def bot_of(token: str, username: str) -> Bot:
    """The bot a token belongs to: its first half is the bot's id."""
    return Bot(id=token.partition(":")[0], username=username.removeprefix("@"))


def arrival(raw: bytes, bot: Bot) -> Arrival:
    """What must be known of an update before it is read; any bytes give a key."""
    digest = hashlib.sha256(raw).hexdigest()
    try:
        update = decode(raw, Update)
    except ValueError:
        return Arrival(external_id=f"b{bot.id}.x{digest}", update_id=update_number(raw))
    number = update.update_id
    plain = f"b{bot.id}.u{number}" if number is not None else f"b{bot.id}.x{digest}"
    if update.message:
        return Arrival(
            external_id=message_key(update.message, bot),
            update_id=number,
            chat=_private(update.message),
            asks_location=update.message.text.partition("@")[0] == ASKS_LOCATION,
        )
    if update.edited_message:
        key = f"{message_key(update.edited_message, bot)}.u{number}"
        return Arrival(external_id=key, update_id=number)
    pressed = update.callback_query
    if pressed:
        chat = pressed.message.chat if pressed.message else None
        return Arrival(
            external_id=f"{plain}.q{clean(pressed.id)}",
            update_id=number,
            chat=chat.id if chat and chat.is_private else None,
            callback=pressed.id,
            asks_location=pressed.data == ASKS_LOCATION,
        )
    return Arrival(external_id=plain, update_id=number)


def message_key(message: Message, bot: Bot) -> str:
    """The external id of a message, the same for all its edits."""
    return f"b{bot.id}.c{message.chat.id}.m{message.message_id}"


def update_number(raw: bytes) -> int | None:
    """The number of an update that cannot be read, so that a poller gets past it."""
    _, found, rest = raw.partition(b'"update_id"')
    digits = rest.lstrip(b" \t\r\n:").split(b",", 1)[0].rstrip(b" \t\r\n}")
    return int(digits) if found and digits.isdigit() and len(digits) < 20 else None  # noqa: PLR2004 (64 bits)


def packed(raw: bytes, bot: Bot) -> bytes:
    """The journal bytes of an update."""
    return pack(_TARGET, {"bot": bot.id, "username": bot.username}, raw)


def unpacked(payload: bytes) -> tuple[bytes, Bot]:
    """The update and who heard it; raises ValueError for other bytes."""
    capture = unpack(payload)
    if capture.target != _TARGET:
        raise ValueError("no update stands there")
    headers = capture.headers
    return capture.body, Bot(id=headers.get("bot", ""), username=headers.get("username", ""))


def _private(message: Message) -> int | None:
    is_person = message.chat.is_private and not (message.from_ and message.from_.is_bot)
    return message.chat.id if is_person else None
