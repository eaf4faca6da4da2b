"""
LINE's platform on 127.0.0.1, as protocols/05-line-meta.md says it behaves.

The Messaging API and the content host in one server. It makes signed webhooks with reply tokens
that work once and for a minute, knows retry keys, counts pushes against a monthly limit, refuses
what is too long, and fails as it is told (`weather`, used up one per message).
"""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from listening import listening

from channels.contract import Secret

SECRET = "invented-channel-secret"
TOKEN = "invented-line-token"
BOT = "U0000000000000000000000000000000b"
PERSON = "U00000000000000000000000000000001"
TOKEN_LIFE = 60.0
MONTH = "You have reached your monthly limit."

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message a person got."""

    verb: str
    to: str
    messages: list[Event]
    retry_key: str = ""

    @property
    def text(self) -> str:
        """All its words."""
        return "\n".join(message["text"] for message in self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How a request fails: with a status, or without an answer; before or after it was done."""

    status: int = 0
    message: str = "Internal server error"
    done: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Content:
    """A file somebody sent."""

    body: bytes
    media_type: str = "image/jpeg"
    #: How often LINE still says that it is not ready.
    preparing: int = 0
    is_failed: bool = False


class LinePlatform:
    """LINE for one bot."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.url = ""
        self.token = TOKEN
        #: Pushes the month has left; None: any number.
        self.pushes_left: int | None = None
        self.weather: deque[Weather] = deque()
        self.contents: dict[str, Content] = {}
        #: What people got.
        self.sent: list[Sent] = []
        #: Every request for a message: verb and status answered, 0 where none was.
        self.asked: list[tuple[str, int]] = []
        #: Ids of the files that were asked for.
        self.fetched: list[str] = []
        #: Those who blocked the bot; LINE says nothing of it.
        self.blocked: set[str] = set()
        self.people = {PERSON}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._keys: dict[str, str] = {}
        self._number = 0

    @property
    def account(self) -> dict[str, Any]:
        """The settings of a channel that has an account here."""
        return {
            "secrets": (Secret(SECRET),),
            "access_token": Secret(TOKEN),
            "api_url": self.url,
            "content_url": self.url,
        }

    # --- webhooks ------------------------------------------------------------------------------

    def event(self, message: Event | None = None, **more: object) -> Event:
        """An event of a person, with a reply token of its own; `more` replaces its parts."""
        self._number += 1
        token = uuid.uuid4().hex
        source = more.get("source", {"type": "user", "userId": PERSON})
        assert isinstance(source, dict)
        chat = source.get("groupId") or source.get("roomId") or source.get("userId", "")
        self._tokens[token] = (chat, self.clock())
        self.people.add(chat)
        event: Event = {
            "type": "message",
            "mode": "active",
            "timestamp": int(self.clock() * 1000),
            "source": source,
            "webhookEventId": f"01FZ{self._number:022d}",
            "deliveryContext": {"isRedelivery": False},
            "replyToken": token,
        }
        if message is not None:
            event["message"] = {"id": f"4440{self._number:014d}", "quoteToken": "q", **message}
        return event | more

    def text(self, text: str, **more: object) -> Event:
        """A text message event."""
        return self.event({"type": "text", "text": text}, **more)

    # --- the server ----------------------------------------------------------------------------

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["LinePlatform"]:
        """Listen on a free port of 127.0.0.1."""
        app = web.Application()
        app.router.add_post("/v2/bot/message/{verb}", self._message)
        app.router.add_get("/v2/bot/message/{id}/content", self._content)
        app.router.add_get("/v2/bot/message/{id}/content/transcoding", self._transcoding)
        async with listening(web.AppRunner(app)) as self.url:
            yield self

    async def _message(self, request: web.Request) -> web.Response:
        verb, raw = request.match_info["verb"], await request.read()
        weather = self.weather.popleft() if self.weather else None
        if weather is None:
            answer = self._judge(request, raw)
        else:
            if weather.done:
                self._judge(request, raw)
            answer = _error(weather.status or 500, weather.message, weather.headers)
        if weather and not weather.status:
            self.asked.append((verb, 0))
            assert request.transport
            request.transport.abort()
        else:
            self.asked.append((verb, answer.status))
        return answer

    def _judge(self, request: web.Request, raw: bytes) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "Authentication failed. Confirm that the access token is valid.")
        body = json.loads(raw)
        if not _is_valid(body.get("messages", ())):
            return _error(400, "The request body has 1 error(s)")
        if request.match_info["verb"] == "reply":
            return self._reply(body)
        return self._push(body, request.headers.get("X-Line-Retry-Key", ""))

    def _reply(self, body: Event) -> web.Response:
        chat, issued = self._tokens.pop(body["replyToken"], ("", 0.0))
        if not issued or self.clock() - issued >= TOKEN_LIFE:
            return _error(400, "Invalid reply token")
        self.sent.append(Sent(verb="reply", to=chat, messages=body["messages"]))
        return _done(len(body["messages"]))

    def _push(self, body: Event, key: str) -> web.Response:
        if key in self._keys:
            accepted = {"x-line-accepted-request-id": self._keys[key]}
            return _error(409, "The retry key is already accepted", accepted)
        if body["to"] not in self.people:
            return _error(400, "Failed to send messages")
        if self.pushes_left is not None:
            if self.pushes_left < 1:
                return _error(429, MONTH)
            self.pushes_left -= 1
        if key:
            self._keys[key] = uuid.uuid4().hex
        if body["to"] not in self.blocked:
            sent = Sent(verb="push", to=body["to"], messages=body["messages"], retry_key=key)
            self.sent.append(sent)
        return _done(len(body["messages"]), self._keys.get(key))

    async def _content(self, request: web.Request) -> web.Response:
        self.fetched.append(request.match_info["id"])
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "Authentication failed")
        content = self.contents.get(request.match_info["id"])
        if content is None:
            return _error(404, "Not found")
        if content.preparing:
            content.preparing -= 1
            return web.Response(status=202)
        return web.Response(body=content.body, content_type=content.media_type)

    async def _transcoding(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "Authentication failed")
        content = self.contents.get(request.match_info["id"])
        if content is None:
            return _error(404, "Not found")
        if content.preparing:
            content.preparing -= 1
            return web.json_response({"status": "processing"})
        return web.json_response({"status": "failed" if content.is_failed else "succeeded"})


def webhook(*events: Event) -> bytes:
    """A POST's body, written as LINE writes it: no blanks, everything as it is in UTF-8."""
    body = {"destination": BOT, "events": list(events)}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The header LINE sends with it."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"X-Line-Signature": base64.b64encode(digest).decode()}


def _is_valid(messages: list[Event]) -> bool:
    return 1 <= len(messages) <= 5 and all(map(_is_valid_text, messages))


def _is_valid_text(message: Event) -> bool:
    items = message.get("quickReply", {}).get("items", [])
    labels = [item["action"]["label"] for item in items]
    units = len(message["text"].encode("utf-16-le")) // 2
    return 1 <= units <= 5000 and len(items) <= 13 and all(len(label) <= 20 for label in labels)


def _done(messages: int, request_id: str | None = None) -> web.Response:
    sent = [{"id": str(uuid.uuid4().int)[:18], "quoteToken": "q"} for _ in range(messages)]
    headers = {"X-Line-Request-Id": request_id or uuid.uuid4().hex}
    return web.json_response({"sentMessages": sent}, headers=headers)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"message": message}, status=status, headers=headers)
