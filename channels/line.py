"""
LINE: its platform pushes webhooks to us; we answer by reply token or push.

Acknowledged is a 200 after `accept`, for all events of a POST together; LINE waits about two
seconds for it, so nothing else is done before. Redelivery must be switched on in LINE's console;
what it repeats is folded. Events: line_batch.py, line_events.py; answers: line_send.py; files:
line_media.py.
"""

import time
import uuid
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from aiohttp import web

from channels.body import read_body
from channels.contract import (
    Attachment,
    Channel,
    Inbox,
    Outcome,
    Parsed,
    RemoteFile,
    Reply,
    Simulated,
    Sink,
    Trouble,
)
from channels.line_batch import split
from channels.line_events import read
from channels.line_media import Files
from channels.line_options import LineOptions, signatures_of
from channels.line_send import Answers, texts_of
from channels.problem import problem
from channels.webhooks import LARGEST_BODY, keep, post


class Line(Channel):
    """The LINE door."""

    name = "line"
    chats = True
    Options = LineOptions
    example_sender = "U00000000000000000000000000000001"
    fetches = True

    def __init__(self, options: LineOptions, key: bytes) -> None:
        del key
        self._options = options
        self._signatures = signatures_of(options)
        self._answers = Answers(options, self._alarm)
        self._files = Files(options)
        self._inbox: Inbox | None = None

    def reload(self, options: LineOptions) -> None:
        """Take a new channel secret and access token while running."""
        self._options = options
        self._signatures = signatures_of(options)
        self._answers.options = self._files.options = options

    # --- in ---

    def routes(self, inbox: Inbox) -> Sequence[web.AbstractRouteDef]:
        """/in/line."""
        self._inbox = inbox

        async def receive(request: web.Request) -> web.StreamResponse:
            if not self._signatures.is_shown(request.headers):
                return problem(HTTPStatus.FORBIDDEN)
            body = await read_body(request, LARGEST_BODY)
            if body is None:
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if not self._signatures.admits(request.headers, body):
                return problem(HTTPStatus.FORBIDDEN)
            return await keep(inbox, split(body))

        return [web.post("/in/line", receive)]

    def parse(self, payload: bytes) -> Parsed:
        """Read one event, with the settings of today."""
        return read(payload, self._options.groups)

    # --- out ---

    def keeps(self) -> bool:
        """Whether answers stay here for want of a token."""
        return self._options.access_token is None

    async def reply(self, reply: Reply) -> Outcome:
        """Answer by token, or push."""
        return await self._answers.send(reply)

    def shown(self, reply: Reply) -> Sequence[str]:
        """In pieces, where it is longer than a message there."""
        return texts_of(reply)

    async def fetch(self, file: RemoteFile, sink: Sink) -> Outcome:
        """Get a photo, a video, a voice message or a file."""
        return await self._files.fetch(file, sink)

    async def close(self) -> None:
        """Let go of connections."""
        await self._answers.close()
        await self._files.close()

    def _alarm(self, trouble: Trouble | None) -> None:
        if self._inbox is not None:
            detail = "the month's push messages are used up" if trouble else ""
            self._inbox.trouble(trouble, detail)

    # --- set-up ---

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        told = self._options
        found = {
            "no secrets: every webhook is refused until the channel secret is named": (
                not told.secrets
            ),
            "no access_token: answers to citizens are not sent and files are not fetched": (
                told.access_token is None
            ),
            "two secrets are valid: take the old one out once LINE uses the new one": (
                len(told.secrets) > 1
            ),
        }
        return [sentence for sentence, is_so in found.items() if is_so]

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Post one text message as LINE would."""
        if files:
            return Simulated(
                external_id="", answer="not sent: LINE keeps files on its own host", accepted=False
            )
        message_id = str(uuid.uuid4().int)[:18]
        event = {
            "type": "message",
            "mode": "active",
            "timestamp": time.time_ns() // 1_000_000,
            "source": {"type": "user", "userId": sender},
            "webhookEventId": uuid.uuid4().hex,
            "deliveryContext": {"isRedelivery": False},
            "replyToken": uuid.uuid4().hex,
            "message": {"id": message_id, "type": "text", "quoteToken": "q", "text": text},
        }
        body = msgspec.json.encode({"destination": "U0", "events": [event]})
        answer = await post(f"{at.rstrip('/')}/in/line", self._signatures.sign(body), body)
        return Simulated(external_id=message_id, answer=answer, accepted=answer.startswith("200 "))
