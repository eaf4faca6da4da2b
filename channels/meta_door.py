"""
The door Meta's webhooks come through: the verify handshake, the signature, the 200 after `accept`.

Meta asks once whether we are who the operator says (GET with a token, answered with its challenge)
and then posts batches, each signed with the app secret over the bytes as sent. Acknowledged is a
200 for the whole batch; for all else Meta comes again, at once and then more and more seldom.
https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import hmac
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from channels.body import read_body
from channels.contract import Channel, Inbox, Simulated
from channels.meta_batch import split
from channels.meta_graph import Graph
from channels.meta_options import MetaOptions, signatures_of
from channels.problem import problem
from channels.webhooks import LARGEST_BODY, keep, post


class MetaDoor(Channel):
    """What Messenger, Instagram and WhatsApp have in common."""

    Options: ClassVar[type[MetaOptions]] = MetaOptions
    fetches = True

    def __init__(self, options: MetaOptions, key: bytes) -> None:
        del key
        self._options: Any = options  # each channel has its own kind
        self._signatures = signatures_of(options)
        self._graph = Graph(options)

    def reload(self, options: MetaOptions) -> None:
        """Take new secrets and tokens while running."""
        self._options = self._graph.options = options
        self._signatures = signatures_of(options)

    def routes(self, inbox: Inbox) -> Sequence[web.AbstractRouteDef]:
        """/in/<name>: GET for the handshake, POST for what happens."""

        async def receive(request: web.Request) -> web.StreamResponse:
            if not self._signatures.is_shown(request.headers):
                return problem(HTTPStatus.FORBIDDEN)
            body = await read_body(request, LARGEST_BODY)
            if body is None:
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if not self._signatures.admits(request.headers, body):
                return problem(HTTPStatus.FORBIDDEN)
            return await keep(inbox, split(body))

        path = f"/in/{self.name}"
        return [web.get(path, self._verify, allow_head=False), web.post(path, receive)]

    async def _verify(self, request: web.Request) -> web.StreamResponse:
        token = self._options.verify_token
        shown = request.query.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
        is_known = token is not None and hmac.compare_digest(shown, token.value.encode())
        if not is_known or request.query.get("hub.mode") != "subscribe":
            return problem(HTTPStatus.FORBIDDEN)
        # What a stranger's browser would be told must never be a page.
        nosniff = {"X-Content-Type-Options": "nosniff"}
        return web.Response(text=request.query.get("hub.challenge", ""), headers=nosniff)

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        told = self._options
        found = {
            "no secrets: every webhook is refused until the app secret is named": not told.secrets,
            "no verify_token: Meta cannot be shown that the address is ours": (
                told.verify_token is None
            ),
            "no access_token: answers to citizens are not sent and files are not fetched": (
                told.access_token is None
            ),
            "two secrets are valid: take the old one out once Meta uses the new one": (
                len(told.secrets) > 1
            ),
        }
        return [sentence for sentence, is_so in found.items() if is_so]

    def keeps(self) -> bool:
        """Whether answers stay here for want of a token."""
        return self._options.access_token is None

    async def close(self) -> None:
        """Let go of connections."""
        await self._graph.close()

    async def _post(self, webhook: object, external_id: str, at: str) -> Simulated:
        """Post one webhook as Meta would."""
        body = msgspec.json.encode(webhook)
        url = f"{at.rstrip('/')}/in/{self.name}"
        answer = await post(url, self._signatures.sign(body), body)
        return Simulated(external_id=external_id, answer=answer, accepted=answer.startswith("200 "))
