"""
An answer on its way to a citizen: in turn, in parts, to where the chat is now.

Telegram knows no key for what is sent, so each part is sent once: which parts of an answer have
left is remembered while the process lives, and a part without an answer makes the whole Uncertain.
A group that became a supergroup has another id; old return addresses lead there as long as we run,
and after a restart Telegram tells us again.
"""

from typing import TYPE_CHECKING

from channels.contract import Outcome, Receipt, Refused, Reply, TryLater
from channels.pieces import pieces, utf16
from channels.telegram_calls import Moved, Outgoing
from channels.telegram_pace import Pace
from channels.webhooks import clean
from channels.windows import unpack_address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from channels.telegram_api import Api

#: The longest message Telegram takes.
_MOST_UNITS = 4096
_MOST_PARTS = 10
_MOST_REMEMBERED = 10_000
_NO_CHAT = Refused(reason="the return address names no chat")
_MOVING = TryLater(reason="the chat is moving")


class Sender:
    """Sends answers."""

    def __init__(self, api: "Callable[[], Awaitable[Api]]", pace: Pace) -> None:
        self._api = api
        self._pace = pace
        self._moved: dict[int, int] = {}
        #: How many parts of an answer have left, by its id.
        self._left: dict[str, int] = {}

    async def send(self, reply: Reply) -> Outcome:
        """Send what has not left yet of an answer."""
        parts = _messages(reply)
        if not parts:
            return _NO_CHAT
        outcome: Outcome = Receipt()
        for number in range(self._left.get(reply.id, 0), len(parts)):
            outcome = await self._one(parts[number])
            if not isinstance(outcome, Receipt):
                return outcome
            self._remember(reply.id, number + 1)
        self._left.pop(reply.id, None)
        return outcome

    async def _one(self, message: Outgoing) -> Outcome:
        message = self._at_home(message)
        later = await self._pace.turn(message.chat)
        if later:
            return later
        api = await self._api()
        outcome = await api.send(message)
        if isinstance(outcome, Moved):
            self._moved[message.chat] = outcome.chat
            outcome = await api.send(self._at_home(message))
        if isinstance(outcome, Moved):
            return _MOVING
        if isinstance(outcome, TryLater) and outcome.trouble == "throttled":
            self._pace.close_for(outcome.wait or 0.0)
        return outcome

    def _at_home(self, message: Outgoing) -> Outgoing:
        """The message for where its chat is now; messages have other numbers there."""
        chat = self._moved.get(message.chat)
        if chat is None:
            return message
        return Outgoing(chat=chat, text=message.text, buttons=message.buttons)

    def _remember(self, reply_id: str, parts: int) -> None:
        self._left[reply_id] = parts
        if len(self._left) > _MOST_REMEMBERED:
            del self._left[next(iter(self._left))]


def texts_of(reply: Reply) -> list[str]:
    """An answer in as many messages as it takes."""
    return pieces(clean(reply.text), _MOST_UNITS, size=utf16, most=_MOST_PARTS)


def _messages(reply: Reply) -> list[Outgoing]:
    """The parts of an answer: the first answers the citizen's message, the last has buttons."""
    address = unpack_address(reply.to)
    chat = _number(address.get("to", ""))
    texts = texts_of(reply)
    if not chat or not texts:
        return []
    last = len(texts) - 1
    return [
        Outgoing(
            chat=chat,
            text=text,
            message=None if number else _number(address.get("message", "")),
            thread=_number(address.get("thread", "")),
            buttons=reply.buttons if number == last else (),
        )
        for number, text in enumerate(texts)
    ]


def _number(written: str) -> int | None:
    try:
        return int(written)
    except ValueError:
        return None
