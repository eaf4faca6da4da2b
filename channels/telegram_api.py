"""
The Bot API through python-telegram-bot: its client and its objects, our timeouts and outcomes.

Loaded only where the channel is switched on. Updates are taken as bytes: the library would build
objects of a whole page, fail on one that it does not like, and could then never get past it. The
library's Application is not used, for it confirms updates before anybody has stored them.
Every URL holds the token, so nothing here logs, and no error's text leaves (telegram_errors.py).
"""

import os
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyParameters,
)
from telegram.constants import ChatAction
from telegram.error import TelegramError

from channels.contract import Button, Outcome, Receipt, Refused, TryLater
from channels.telegram_calls import Hook, Moved, Outgoing
from channels.telegram_client import clients
from channels.telegram_errors import failure_of, outcome_of
from channels.telegram_key import ASKS_LOCATION

_T = TypeVar("_T")

#: What is worth being woken for; everything else would only be ignored.
WANTED = ("message", "edited_message", "callback_query", "my_chat_member")

# A long poll is answered at its end; the rest is for the way.
_POLL_SLACK = 10.0
_MOST_CALLBACK_BYTES = 64
_BUTTONS_IN_A_ROW = 2
_COURTESY_TIMEOUT = 5.0

# What the library's objects raise over an answer they do not expect.
_STRANGE = (TypeError, ValueError, KeyError, AttributeError, OverflowError)
_UNREADABLE = TryLater(reason="an answer the library cannot read")


class Api:
    """One bot's calls; nothing is opened before the first."""

    def __init__(self, token: str, api_url: str, timeout: float) -> None:
        # Its documented switch; without it each 429 is a warning about a type that will change.
        os.environ["PTB_TIMEDELTA"] = "1"
        self._api_url = api_url.rstrip("/")
        self._calls, self._polls = clients(api_url, timeout)
        self.use(token)

    def use(self, token: str) -> None:
        """Speak for this bot from now on."""
        self._bot = Bot(
            token,
            base_url=f"{self._api_url}/bot",
            base_file_url=f"{self._api_url}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self._calls.shutdown()
        await self._polls.shutdown()

    # --- who we are, and how we hear -------------------------------------------------------------

    async def username(self) -> str | TryLater:
        """Our own name, without @."""
        me = await _asked(self._bot.get_me())
        return me if isinstance(me, TryLater) else me.username or ""

    async def updates(self, offset: int | None, limit: int, seconds: int) -> bytes | TryLater:
        """The next page, as it came; what lies before `offset` is gone for good."""
        asked = {"limit": limit, "timeout": seconds, "allowed_updates": list(WANTED)}
        if offset is not None:
            asked["offset"] = offset
        # "get_Updates": PTB warns where a call has a method of its own, which this one must not
        # use; it writes both names the same way on the wire.
        page: bytes | TryLater = await _asked(
            self._bot.do_api_request("get_Updates", asked, read_timeout=seconds + _POLL_SLACK)
        )
        return page

    async def hook(self) -> Hook | TryLater:
        """The webhook as Telegram knows it; no address where none is set."""
        told = await _asked(self._bot.get_webhook_info())
        if isinstance(told, TryLater):
            return told
        failed = told.last_error_date
        return Hook(
            url=told.url,
            pending=told.pending_update_count,
            failed_at=int(failed.timestamp()) if failed else 0,
        )

    async def set_hook(self, url: str, secret: str, connections: int) -> TryLater | None:
        """Tell Telegram where to post, and with which secret."""
        done = await _asked(
            self._bot.set_webhook(
                url,
                secret_token=secret or None,
                max_connections=connections,
                allowed_updates=list(WANTED),
            )
        )
        return done if isinstance(done, TryLater) else None

    async def remove_hook(self) -> TryLater | None:
        """Let updates wait for a poller; none of them is dropped."""
        done = await _asked(self._bot.delete_webhook(drop_pending_updates=False))
        return done if isinstance(done, TryLater) else None

    async def set_menu(self, commands: Mapping[str, str]) -> None:
        """The commands a citizen sees beside the line they type in; without them, they type."""
        menu = [BotCommand(command, words) for command, words in commands.items()]
        await _asked(self._bot.set_my_commands(menu))

    # --- what we say -----------------------------------------------------------------------------

    async def send(self, message: Outgoing) -> Outcome | Moved:
        """Send one message, once."""
        try:
            sent = await self._bot.send_message(
                message.chat,
                message.text,
                message_thread_id=message.thread,
                reply_markup=_keyboard(message.buttons, is_private=message.chat > 0),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_parameters=_answered(message.message),
            )
        except TelegramError as error:
            return outcome_of(error)
        except _STRANGE:
            # Taken, and told back in a form the library cannot read: sending again would repeat it.
            return Receipt()
        # Without the chat: in private its number is the person's.
        return Receipt(reference=f"m{sent.message_id}")

    async def typing(self, chat: int) -> None:
        """Show that somebody is at work; whether it works does not matter."""
        action = self._bot.send_chat_action(chat, ChatAction.TYPING, read_timeout=_COURTESY_TIMEOUT)
        await _asked(action)

    async def answer(self, callback: str) -> None:
        """Let a pressed button come up again; it may be too late, and does not matter."""
        await _asked(self._bot.answer_callback_query(callback, read_timeout=_COURTESY_TIMEOUT))

    # --- files -----------------------------------------------------------------------------------

    async def file_url(self, file_id: str) -> str | TryLater | Refused:
        """Where a file lies for the next hour; the address holds the token."""
        try:
            file = await self._bot.get_file(file_id)
        except TelegramError as error:
            outcome = outcome_of(error)
            # Where no answer came, asking again does no harm.
            return outcome if isinstance(outcome, Refused) else failure_of(error)
        except _STRANGE:
            return _UNREADABLE
        path = file.file_path or ""
        return path if "://" in path else f"{self._bot.base_file_url}/{path.lstrip('/')}"


async def _asked(call: Awaitable[_T]) -> _T | TryLater:
    """What a call gives, or why it can be made again; such calls change nothing by repetition."""
    try:
        return await call
    except TelegramError as error:
        return failure_of(error)
    except _STRANGE:
        return _UNREADABLE


def _keyboard(
    buttons: Sequence[Button], *, is_private: bool
) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    """
    Buttons below the message; one that asks for the location alone is a key of the keyboard.

    A message has room for one of the two, and only a key may ask for the location. Among others it
    therefore says ASKS_LOCATION, and the key comes in a message of its own (telegram_courtesy.py).
    Telegram lets nobody ask for a location in a group.
    """
    able = [button for button in buttons if button.says or is_private]
    if able and not any(button.says for button in able):
        keys = [[KeyboardButton(able[0].label, request_location=True)]]
        return ReplyKeyboardMarkup(keys, resize_keyboard=True, one_time_keyboard=True)
    shown = [
        InlineKeyboardButton(button.label, callback_data=button.says or ASKS_LOCATION)
        for button in able
        if len(button.says.encode()) <= _MOST_CALLBACK_BYTES
    ]
    rows = range(0, len(shown), _BUTTONS_IN_A_ROW)
    return (
        InlineKeyboardMarkup([shown[at : at + _BUTTONS_IN_A_ROW] for at in rows]) if shown else None
    )


def _answered(message: int | None) -> ReplyParameters | None:
    # The citizen may have deleted their message meanwhile.
    return ReplyParameters(message, allow_sending_without_reply=True) if message else None
