"""
Waiting for Telegram: a little longer each time, and telling the gateway what is wrong.

A refused token is asked about rarely, but for ever: whoever mends it must not have to restart.
`changed` wakes a waiting channel when the operator brought new settings.
"""

import asyncio
import contextlib

from channels.contract import Inbox, Trouble, TryLater

# First and longest wait in seconds.
_WAITS: dict[Trouble, tuple[float, float]] = {
    "bad_credentials": (60.0, 900.0),
    "conflict": (5.0, 120.0),
    "throttled": (5.0, 300.0),
    "away": (1.0, 60.0),
}
# A connection breaks now and then; only the third failure in a row is worth a word.
_WEATHER = 3


class Weather:
    """How calls that are made again and again have gone."""

    def __init__(self, inbox: Inbox, changed: asyncio.Event) -> None:
        self._inbox = inbox
        self._changed = changed
        self._failures = 0
        self._has_told = True  # a trouble may be left from before we started

    async def bad(self, failure: TryLater) -> None:
        """Tell of a failure, and wait as long as it deserves."""
        self._failures += 1
        kind = failure.trouble or "away"
        if failure.trouble or self._failures >= _WEATHER:
            self._inbox.trouble(kind, failure.reason)
            self._has_told = True
        first, longest = _WAITS.get(kind, _WAITS["away"])
        wait = min(first * 2 ** min(self._failures - 1, 10), longest)
        await self.rest(max(wait, failure.wait or 0.0))

    def well(self) -> None:
        """All is as it should be."""
        self._failures = 0
        if self._has_told:
            self._inbox.trouble(None)
            self._has_told = False

    async def rest(self, seconds: float) -> None:
        """Wait, but not longer than until the settings change."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
