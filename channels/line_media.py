"""
Files a LINE message names: LINE holds them for a while, or an address somewhere else does.

LINE's own come from a host of their own with our token; a long video is not ready at once. An
address of somebody else is untrusted: any host, but only public ones (channels/media.py).
API: https://developers.line.biz/en/reference/messaging-api/#get-content
"""

from urllib.parse import quote

from yarl import URL

from channels.contract import Outcome, Refused, RemoteFile, Sink, TryLater
from channels.line_events import EXTERNAL
from channels.line_options import LineOptions
from channels.line_send import credentials
from channels.media import download
from channels.provider_http import Answer, Caller, outcome_of

_PREPARED = ("video", "audio")
_NOT_READY = TryLater(reason="LINE is still preparing the file", wait=5.0)


class Files:
    """Fetches what events named."""

    def __init__(self, options: LineOptions) -> None:
        self.options = options
        self._caller = Caller()

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Get one file, or say why not."""
        if file.key.startswith(EXTERNAL):
            return await download(file.key.removeprefix(EXTERNAL), sink, hosts=())
        kind, _, message_id = file.key.partition(":")
        base = self.options.content_url.rstrip("/")
        url = f"{base}/v2/bot/message/{quote(message_id, safe='')}/content"
        if kind in _PREPARED:
            obstacle = await self._obstacle(url)
            if obstacle is not None:
                return obstacle
        outcome = await download(
            url,
            sink,
            hosts=(URL(base).host or "",),
            headers=credentials(self.options),
            trusted=True,
        )
        # The only 2xx with no file behind it: accepted, come back later.
        return _NOT_READY if outcome == Refused(reason="answered 202") else outcome

    async def close(self) -> None:
        """Let go of the connections."""
        await self._caller.close()

    async def _obstacle(self, url: str) -> Outcome | None:
        """What stands against fetching a video or a voice message now; None: it is ready."""
        answer = await self._caller.call(
            "GET", f"{url}/transcoding", headers=credentials(self.options)
        )
        if not isinstance(answer, Answer):
            return TryLater(reason=answer.reason)
        if not answer.is_success:
            return outcome_of(answer)
        told = answer.json()
        status = told.get("status") if isinstance(told, dict) else None
        if status == "failed":
            return Refused(reason="LINE could not prepare the file")
        return _NOT_READY if status == "processing" else None
