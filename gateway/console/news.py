"""
What has changed, for whoever has a page open: the server's side of live pages.

News says which topic changed ("board", "watch", "case:<code>"), never what; the page fetches itself
again and shows what its reader may see. Several changes within a moment are one piece of news.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress

#: Between two pieces of news to one page: a flood of reports is no flood of pages.
GAP_SECONDS = 1.0
#: A comment is sent so often, so that proxies keep the connection and dead ones are noticed.
PULSE_SECONDS = 20.0


class News:
    """Tells every open page which topics changed."""

    def __init__(self, *, gap: float = GAP_SECONDS, pulse: float = PULSE_SECONDS) -> None:
        self._gap = gap
        self._pulse = pulse
        self._listeners: set[_Listener] = set()
        self._closed = False

    def tell(self, *topics: str) -> None:
        """These topics have changed; call from the event loop."""
        for listener in self._listeners:
            listener.hear(topics)

    def close(self) -> None:
        """End every stream; the process stops."""
        self._closed = True
        for listener in self._listeners:
            listener.stir()

    async def follow(self, pulse: float | None = None) -> AsyncGenerator[frozenset[str], None]:
        """The topics that changed since the last time; an empty set is a pulse."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            while not self._closed:
                yield await listener.next(pulse or self._pulse)
                await asyncio.sleep(self._gap)
        finally:
            self._listeners.discard(listener)


class _Listener:
    """One open page."""

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._stirred = asyncio.Event()

    def hear(self, topics: Iterable[str]) -> None:
        self._changed.update(topics)
        self._stirred.set()

    def stir(self) -> None:
        self._stirred.set()

    async def next(self, patience: float) -> frozenset[str]:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._stirred.wait()
        self._stirred.clear()
        changed = frozenset(self._changed)
        self._changed.clear()
        return changed
