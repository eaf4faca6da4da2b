"""
What a citizen sees at once, before any answer: "typing", a button that comes up again, a key.

All of it follows what is stored, and none of it may hold that up: a note is dropped where too many
are waiting or Telegram is slow. Whoever misses one presses again.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from channels.contract import Accepted, Button
from channels.telegram_calls import Outgoing
from channels.telegram_key import Arrival
from channels.telegram_options import TelegramOptions

if TYPE_CHECKING:
    from channels.telegram_api import Api

_MOST_WAITING = 200
_SIDE_BY_SIDE = 4
# "Typing" is gone after five seconds, so there is no sense in showing it late.
_STALE_SECONDS = 5.0


class Courtesies:
    """Notes down what is to be shown to whom, and shows it while `run` runs."""

    def __init__(self, options: TelegramOptions) -> None:
        self.options = options
        self._waiting: asyncio.Queue[tuple[float, Arrival]] = asyncio.Queue(_MOST_WAITING)

    def note(self, arrivals: Sequence[Arrival], accepted: Sequence[Accepted]) -> None:
        """Updates that are stored; those that were known already are left out."""
        now = asyncio.get_running_loop().time()
        for arrival, held in zip(arrivals, accepted, strict=True):
            if held.new and (arrival.chat or arrival.callback):
                with contextlib.suppress(asyncio.QueueFull):
                    self._waiting.put_nowait((now, arrival))

    async def run(self, api: "Api") -> None:
        """Show them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_SIDE_BY_SIDE):
                group.create_task(self._show(api))

    async def _show(self, api: "Api") -> None:
        while True:
            noted, arrival = await self._waiting.get()
            age = asyncio.get_running_loop().time() - noted
            if arrival.callback:
                await api.answer(arrival.callback)
            if arrival.chat and arrival.asks_location:
                await api.send(self._location_key(arrival.chat))
            elif arrival.chat and self.options.typing and age < _STALE_SECONDS:
                await api.typing(arrival.chat)

    def _location_key(self, chat: int) -> Outgoing:
        key = Button(label=self.options.location_label)
        return Outgoing(chat=chat, text=self.options.location_prompt, buttons=(key,))
