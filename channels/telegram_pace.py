"""
Not faster than Telegram allows: per private chat, per group, and over all chats.

Each answer takes its turn before it is sent; a turn that is too far away is not waited for, so that
one busy group does not hold up everybody. A 429 closes everything until the time it tells.
Limits: https://core.telegram.org/bots/faq#broadcasting-to-users
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from channels.contract import TryLater

# A delivery must end before its lease does, and sending takes time as well.
LONGEST_TURN = 20.0

_MOST_CHATS = 10_000


class Pace:
    """
    Gives turns; `overall` and `private` are messages a second, `group` messages a minute.

    `clock` tells seconds and `sleep` waits for some; a test brings its own.
    """

    def __init__(
        self,
        *,
        overall: float,
        private: float,
        group: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._private = private
        self._group = group
        self._clock = clock
        self._sleep = sleep
        self._overall = _window(overall, 1.0)
        self._chats: dict[int, _Window] = {}
        self._closed_until = 0.0

    async def turn(self, chat: int) -> TryLater | None:
        """Wait for this chat's turn; TryLater where that would take too long."""
        # First the chat, then the whole: a turn far ahead must not take up room of today.
        for window in (self._window_of(chat), self._overall):
            now = self._clock()
            opens = max(window.opens(now), self._closed_until)
            if opens - now > LONGEST_TURN:
                return self._later(now)
            window.take(opens)
            if opens > now:
                await self._sleep(opens - now)
        return None

    def close_for(self, seconds: float) -> None:
        """Nothing may be sent for so long: Telegram said so."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)

    def _later(self, now: float) -> TryLater:
        if self._closed_until > now:
            wait = self._closed_until - now
            return TryLater(reason="flood control", wait=wait, trouble="throttled")
        # No wait is told: that would hold up every other chat as well.
        return TryLater(reason="too many messages to one chat")

    def _window_of(self, chat: int) -> "_Window":
        if len(self._chats) >= _MOST_CHATS:
            now = self._clock()
            self._chats = {id_: one for id_, one in self._chats.items() if not one.is_idle(now)}
        if chat not in self._chats:
            # Groups have negative ids.
            is_group = chat < 0
            window = _window(self._group, 60.0) if is_group else _window(self._private, 1.0)
            self._chats[chat] = window
        return self._chats[chat]


class _Window:
    """At most so many turns within any so many seconds."""

    def __init__(self, turns: int, seconds: float) -> None:
        self._seconds = seconds
        self._taken: deque[float] = deque(maxlen=turns)

    def opens(self, now: float) -> float:
        """When the next turn may be taken."""
        is_full = len(self._taken) == self._taken.maxlen
        return max(now, self._taken[0] + self._seconds) if is_full else now

    def take(self, at: float) -> None:
        """Take a turn."""
        self._taken.append(at)

    def is_idle(self, now: float) -> bool:
        """Whether it holds nobody up any more."""
        return not self._taken or self._taken[-1] + self._seconds <= now


def _window(rate: float, seconds: float) -> _Window:
    """So many turns in this time; below one turn the time is stretched."""
    return _Window(int(rate), seconds) if rate >= 1 else _Window(1, seconds / rate)
