"""
Files a WhatsApp message names: the Graph API tells an address for a media id, good for minutes.

The address wants our token too, and goes to no host but Meta's. Twenty errors within an hour close
the endpoint for half an hour, for all files: shortly before that we stop asking by ourselves.
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from urllib.parse import quote

from channels.contract import Outcome, Receipt, Refused, RemoteFile, Sink, TryLater
from channels.meta_graph import Graph, credentials, judge
from channels.meta_media import fetch_address
from channels.provider_http import Answer

MOST_ERRORS = 18
PERIOD_SECONDS = 3600.0


class WhatsappFiles:
    """Fetches files, and counts what goes wrong."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        #: When the latest errors were, by the loop's clock.
        self._errors: deque[float] = deque(maxlen=MOST_ERRORS)

    async def fetch(self, file: RemoteFile, sink: Sink, hosts: Sequence[str]) -> Outcome:
        """Get one file, unless too much went wrong lately."""
        now = asyncio.get_running_loop().time()
        if len(self._errors) == MOST_ERRORS and now - self._errors[0] < PERIOD_SECONDS:
            wait = PERIOD_SECONDS - (now - self._errors[0])
            return TryLater(reason="too many media errors", wait=wait, trouble="throttled")
        media_id, _, digest = file.key.partition(" ")
        answer = await self._graph.get(quote(media_id, safe=""))
        if not isinstance(answer, Answer):
            return TryLater(reason=answer.reason)
        outcome = await self._download(answer, digest, sink, hosts)
        if not isinstance(outcome, Receipt):
            self._errors.append(now)
        return outcome

    async def _download(
        self, answer: Answer, digest: str, sink: Sink, hosts: Sequence[str]
    ) -> Outcome:
        if not answer.is_success:
            return judge(answer)
        url = _url(answer.json())
        if not url:
            return Refused(reason="WhatsApp told no address of the file")
        options = self._graph.options
        return await fetch_address(
            url,
            sink,
            hosts=hosts,
            api_url=options.api_url,
            headers=credentials(options),
            sha256=digest,
        )


def _url(told: object) -> str:
    url = told.get("url") if isinstance(told, dict) else None
    return url if isinstance(url, str) else ""
