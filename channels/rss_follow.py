"""
Following one feed: ask whether it changed, take in what is new, wait.

What a feed calls its state (ETag, Last-Modified) moves in the commit of its entries, so a crash
between asking and storing asks again. A feed that is broken or away says so and is asked again at
its usual pace, or when it says.
"""

import asyncio
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import NoReturn

import msgspec

from channels.contract import Cursor, Delivery, Inbox, NotStored
from channels.provider_http import LONGEST_WAIT, Answer
from channels.rss_apart import entries_apart
from channels.rss_http import NotRead, get
from channels.rss_options import Feed, RssOptions
from channels.rss_state import Read, read_state

_FULL_DISK_WAIT = 30.0
_MOST_VALIDATOR = 512


class Follower:
    """Follows one feed; `told` hears why it does not come, or "" when it does."""

    def __init__(
        self, feed: Feed, options: RssOptions, inbox: Inbox, told: Callable[[str, str], None]
    ) -> None:
        self._feed = feed
        self._options = options
        self._inbox = inbox
        self._told = told

    async def run(self, parsing: asyncio.Lock) -> NoReturn:
        """Read until cancelled; `parsing` is held while a feed is taken apart."""
        while True:
            wait = self._feed.every
            try:
                await self._look(parsing)
                self._told(self._feed.name, "")
            except NotRead as why:
                self._told(self._feed.name, why.reason)
                wait = min(max(wait, why.wait), LONGEST_WAIT)
            except NotStored:
                wait = min(wait, _FULL_DISK_WAIT)
            await asyncio.sleep(wait)

    async def _look(self, parsing: asyncio.Lock) -> None:
        """Read once; raises NotRead and NotStored."""
        feed = self._feed
        known = read_state(await self._inbox.cursor(feed.name))
        # Addresses of feeds may hold a key, so the state names a digest.
        mark = hashlib.sha256(feed.url.encode()).hexdigest()[:16]
        state = known if known.of == mark else Read(of=mark, entries=known.entries)
        answer = await get(
            feed.url,
            private=feed.private,
            etag=state.etag,
            modified=state.modified,
            timeout=self._options.timeout,
            most_bytes=self._options.max_bytes,
        )
        if answer.status != HTTPStatus.NOT_MODIFIED:
            await self._keep(await self._new_rows(answer, parsing), state, answer)

    async def _new_rows(self, answer: Answer, parsing: asyncio.Lock) -> list[Delivery]:
        """The entries that are not in the journal; most of a feed is what it said before."""
        async with parsing:  # work for the processor: one feed at a time
            entries = await entries_apart(
                answer.body, answer.headers, self._feed.name, self._options.max_entries
            )
        rows = [entry.delivery() for entry in entries]
        return [row for row in rows if await self._inbox.stored(row.external_id) is None]

    async def _keep(self, rows: list[Delivery], state: Read, answer: Answer) -> None:
        moved = Read(
            etag=answer.headers.get("ETag", "")[:_MOST_VALIDATOR],
            modified=answer.headers.get("Last-Modified", "")[:_MOST_VALIDATOR],
            of=state.of,
            entries=state.entries + len(rows),
        )
        if rows or moved != state:
            value = msgspec.json.encode(moved).decode()
            await self._inbox.accept(rows, Cursor(name=self._feed.name, value=value))
