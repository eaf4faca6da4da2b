"""
Files Telegram holds: asked for by their id, and got from an address that is good for an hour.

The address holds the token, so it goes no further than this module. Telegram has one sentence for a
file that is away for a moment and for one that this bot never had (such as after a change of bots),
so after a while the second is meant.
"""

from typing import TYPE_CHECKING

from yarl import URL

from channels.contract import Outcome, Refused, RemoteFile, Sink
from channels.media import download
from channels.telegram_calls import UNAVAILABLE
from channels.telegram_options import TELEGRAM

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from channels.telegram_api import Api

# With the waits between tries that is more than half an hour.
_MOST_TRIES = 15
_MOST_REMEMBERED = 1_000


class Fetcher:
    """Fetches files, and remembers which ones Telegram does not give."""

    def __init__(self, api: "Callable[[], Awaitable[Api]]", api_url: str) -> None:
        self._api = api
        self._host = URL(api_url).host or ""
        # Another address is one the operator configured, and may be in their own network.
        self._is_own = api_url.rstrip("/") != TELEGRAM
        self._tries: dict[str, int] = {}

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Stream a file into the sink."""
        api = await self._api()
        url = await api.file_url(file.key)
        if isinstance(url, str):
            self._tries.pop(file.key, None)
            return await download(url, sink, hosts=(self._host,), trusted=self._is_own)
        if url == UNAVAILABLE and self._is_enough(file.key):
            return Refused(reason="Telegram does not give the file")
        return url

    def _is_enough(self, key: str) -> bool:
        self._tries[key] = self._tries.get(key, 0) + 1
        if len(self._tries) > _MOST_REMEMBERED:
            del self._tries[next(iter(self._tries))]
        return self._tries.get(key, 0) >= _MOST_TRIES
