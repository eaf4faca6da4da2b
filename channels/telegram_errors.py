"""
What python-telegram-bot's errors mean for us.

    TelegramError ▶ Forbidden, InvalidToken, RetryAfter, ChatMigrated, Conflict
                  ▶ NetworkError ▶ BadRequest, TimedOut

Their texts may hold the token (InvalidToken), the URL or the whole answer, so none of them is
passed on, except Telegram's own words for a bad request, and only where they are plain words.
"""

import re
from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from channels.contract import Outcome, Refused, TryLater, Uncertain
from channels.telegram_calls import UNAVAILABLE, Moved

#: The library's word for an answer it cannot read.
NO_JSON = "Invalid server response"

_BAD_TOKEN = TryLater(
    reason="Telegram does not know the token", wait=60.0, trouble="bad_credentials"
)
_ANOTHER_POLLER = TryLater(reason="another poller runs with this token", trouble="conflict")
_ANOTHER_WEBHOOK = TryLater(reason="a webhook is set for this token", trouble="conflict")

# The request cannot have left in these cases.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_PLAIN = re.compile(r"[A-Za-z_,' -]{1,80}")
_UNREACHABLE = re.compile(
    r"chat not found|peer_id_invalid|user_is_blocked|input_user_deactivated|user not found|"
    r"chat_write_forbidden|not enough rights|have no rights|need administrator rights|"
    r"group chat was deactivated|topic_closed|topic_deleted|chat_restricted",
    re.IGNORECASE,
)
_PASSING = re.compile(r"temporarily unavailable", re.IGNORECASE)


def outcome_of(error: TelegramError) -> Outcome | Moved:
    """What an error means for the one message that was to be sent, or the file to be fetched."""
    if isinstance(error, ChatMigrated):
        return Moved(chat=error.new_chat_id)
    if isinstance(error.__cause__, httpx.HTTPError):
        name = type(error.__cause__).__name__
        if isinstance(error.__cause__, _NOT_SENT):
            return TryLater(reason=f"no connection: {name}")
        return Uncertain(reason=f"no answer: {name}")
    if type(error.__cause__) is TelegramError:  # PTB could not read what came with the status
        return TryLater(reason="something other than Telegram answered")
    return _told(error)


def failure_of(error: TelegramError) -> TryLater:
    """What an error means for a call that can simply be made again."""
    outcome = outcome_of(error)
    if isinstance(outcome, TryLater):
        return outcome
    reason = "the chat has moved" if isinstance(outcome, Moved) else _reason(outcome)
    return TryLater(reason=reason)


def _told(error: TelegramError) -> Outcome:
    """What Telegram itself said."""
    if isinstance(error, RetryAfter):
        return TryLater(reason="flood control", wait=_seconds(error), trouble="throttled")
    if isinstance(error, InvalidToken):
        return _BAD_TOKEN
    if isinstance(error, Conflict):
        return _ANOTHER_WEBHOOK if "webhook" in error.message else _ANOTHER_POLLER
    return _judged(error)


def _judged(error: TelegramError) -> Outcome:
    """What Telegram said of this very request."""
    if isinstance(error, Forbidden):
        return Refused(reason="the person blocked the bot or sent it away", unreachable=True)
    if isinstance(error, BadRequest):
        return _refused(error.message)
    if error.message == NO_JSON:
        return Uncertain(reason="an answer that is no JSON")
    return TryLater(reason="Telegram has an error of its own")


def _refused(message: str) -> Outcome:
    if _PASSING.search(message):
        return UNAVAILABLE
    if _UNREACHABLE.search(message):
        return Refused(reason="the chat cannot be written to", unreachable=True)
    return Refused(reason=f"refused: {message.lower()}" if _PLAIN.fullmatch(message) else "refused")


def _reason(outcome: Outcome) -> str:
    return getattr(outcome, "reason", "")


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
