"""
Long polling: pages of updates into the journal, and only then the word that they may go.

Telegram forgets an update when a later one is asked for, so the page is stored first, in one commit
with the cursor. The offset lives only from a page to the next request: a restart asks for whatever
is not confirmed, and an offset of last week, or of another bot, would throw away what came since.
A page that cannot be taken apart is asked for again piece by piece, so that one bad update does not
hold up the others.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from channels.contract import Accepted, Cursor, Delivery, Inbox, NotStored, TryLater
from channels.telegram_key import Arrival, Bot, arrival, packed, update_number
from channels.telegram_weather import Weather

if TYPE_CHECKING:
    from channels.telegram_api import Api

_PAGE = 100
_STORE_WAIT = 5.0
_NO_PAGE = TryLater(reason="an answer that is no page of updates")
_NO_NUMBER = TryLater(reason="an update without a number")


class _Page(msgspec.Struct):
    """An answer to getUpdates; the updates stay as they came."""

    result: list[msgspec.Raw]


@dataclass(slots=True, kw_only=True)
class Poller:
    """Brings updates from Telegram to the inbox."""

    api: "Api"
    inbox: Inbox
    weather: Weather
    #: Makes sure that we know who we are, and that the token is good.
    hello: Callable[[], Awaitable[TryLater | None]]
    #: Who we are.
    bot: Callable[[], Bot]
    #: Hears what is new, after it is stored.
    arrived: Callable[[Sequence[Arrival], Sequence[Accepted]], None]
    #: How long Telegram may keep a request waiting for an update.
    seconds: int
    _limit: int = field(default=_PAGE, init=False)
    #: Asking with it confirms what is stored; it belongs to one bot.
    _offset: int | None = field(default=None, init=False)
    _asks: str = field(default="", init=False)

    async def run(self) -> None:
        """Poll until cancelled; Telegram gives no updates while a webhook is set."""
        while failure := await self.hello() or await self._release():
            await self.weather.bad(failure)
        while True:
            failure = await self.hello() or await self._page()
            if failure:
                await self.weather.bad(failure)
            else:
                self.weather.well()

    async def _release(self) -> TryLater | None:
        hook = await self.api.hook()
        if isinstance(hook, TryLater):
            return hook
        return await self.api.remove_hook() if hook.url else None

    async def _page(self) -> TryLater | None:
        if self._asks != self.bot().id:
            self._asks, self._offset = self.bot().id, None
        answer = await self.api.updates(self._offset, self._limit, self.seconds)
        if isinstance(answer, TryLater):
            return answer
        updates = taken_apart(answer, alone=self._limit == 1)
        if updates is None:
            failure = _NO_PAGE if self._limit == 1 else None
            self._limit = 1
            return failure
        self._limit = _PAGE
        return await self._store(updates)

    async def _store(self, updates: Sequence[bytes]) -> TryLater | None:
        bot = self.bot()
        arrivals = [arrival(raw, bot) for raw in updates]
        offset = _after(arrivals)
        deliveries = [
            Delivery(external_id=one.external_id, payload=packed(raw, bot))
            for one, raw in zip(arrivals, updates, strict=True)
        ]
        cursor = None if offset is None else Cursor(value=f'{{"offset":{offset}}}')
        try:
            accepted = await self.inbox.accept(deliveries, cursor) if deliveries else []
        except NotStored:
            await self.weather.rest(_STORE_WAIT)
            return None
        self.arrived(arrivals, accepted)
        if updates and offset is None:  # it cannot be confirmed, and would come again at once
            return _NO_NUMBER
        self._offset = offset
        return None


def taken_apart(answer: bytes, *, alone: bool) -> list[bytes] | None:
    """
    The updates of a page; None where it cannot be taken apart.

    `alone`: it holds one at most, which is then what stands between the brackets.
    """
    try:
        return [bytes(raw) for raw in msgspec.json.decode(answer, type=_Page).result]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        inside = answer.partition(b"[")[2].rpartition(b"]")[0].strip()
        return [inside] if alone and update_number(inside) is not None else None


def _after(arrivals: Sequence[Arrival]) -> int | None:
    """The offset that confirms all of them."""
    numbers = [one.update_id for one in arrivals if one.update_id is not None]
    return max(numbers) + 1 if numbers else None
