"""
Open311 GeoReport v2: apps of the world's cities post requests to /open311/v2 as they do elsewhere.

The acknowledgement is the answer to POST requests, after `accept`: the case code as
service_request_id, or in batch mode a token that leads to it. A POST repeated within ten minutes,
or under the same Idempotency-Key, is one request with one id. There is no way back: clients ask
GET requests, which tells state, topic and place of public cases and nothing of who complained.
open311_desk answers, open311_filing keeps. https://wiki.open311.org/GeoReport_v2/
"""

import time
from collections.abc import Callable, Sequence

from aiohttp.web import AbstractRouteDef

from channels import media
from channels.contract import (
    Attachment,
    Channel,
    Inbox,
    Outcome,
    Parsed,
    Receipt,
    RemoteFile,
    Reply,
    Simulated,
    Sink,
    Unreadable,
)
from channels.open311_desk import PATH, Desk
from channels.open311_filed import message_of, read_filed
from channels.open311_names import Names
from channels.open311_options import Open311Options
from channels.open311_simulate import post_request


class Open311(Channel):
    """The door for Open311 clients."""

    name = "open311"
    knows_sender = False
    Options = Open311Options
    example_sender = "+6280000000002"
    fetches = True

    def __init__(
        self,
        options: Open311Options,
        key: bytes,
        *,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._names = Names(key)
        self._clock = clock
        self._stopwatch = stopwatch
        self._desks: list[Desk] = []

    def reload(self, options: Open311Options) -> None:
        """Take new clients, keys and rates while running."""
        self._options = options
        for desk in self._desks:
            desk.options = options

    def routes(self, inbox: Inbox) -> Sequence[AbstractRouteDef]:
        """Everything below /open311/v2."""
        desk = Desk(self._options, self._names, inbox, clock=self._clock, stopwatch=self._stopwatch)
        self._desks.append(desk)
        return desk.routes()

    def banner(self, public: str) -> Sequence[str]:
        """Where a client begins."""
        return [f"curl {public}{PATH}/services.xml"]

    def parse(self, payload: bytes) -> Parsed:
        """Read a journaled request."""
        kept = read_filed(payload)
        if kept is None:
            return Unreadable(reason="not a request a client has posted")
        return message_of(kept)

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Get what a `media_url` names, from where the settings allow it."""
        return await media.download(file.key, sink, hosts=self._options.media_hosts)

    def keeps(self) -> bool:
        """Always: GeoReport has no way back, the client asks for the state."""
        return True

    async def reply(self, reply: Reply) -> Outcome:
        """Keep it."""
        del reply
        return Receipt(reference="kept: the client asks for itself")

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        options = self._options
        found = {
            "no client has a key: requests can be read and none can be posted": (
                not options.clients
            ),
            "no public_url: discovery shows the address each client happens to use": (
                not options.public_url
            ),
            "no contact: a client with a question finds nobody": not options.contact,
            "two keys of a client are valid: take the old one out once it uses the new one": any(
                len(client.keys) > 1 for client in options.clients
            ),
        }
        return [sentence for sentence, is_so in found.items() if is_so]

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Post one request as the first client."""
        client = next(iter(self._options.clients), None)
        if client is None:
            return Simulated(external_id="", answer="not sent: no client has a key", accepted=False)
        return await post_request(
            text, client=client, names=self._names, sender=sender, files=files, at=at
        )
