"""
Meta's platform on 127.0.0.1: the Graph API, its delivery network, and the people behind them.

Behaves as protocols/05-line-meta.md says: answers windows, pair limits, bad tokens and unreachable
people with their codes; tells addresses of media that need the token, and closes that endpoint
after twenty errors. `weather` is used up one per request for a message. Webhooks: meta_webhooks.py.
"""

import hashlib
import json
import time
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from listening import listening

from channels.contract import Secret

SECRET = "invented-app-secret"
TOKEN = "invented-graph-token"
VERIFY = "invented-verify-token"
VERSION = "v25.0"
PAGE = "100000000000001"
ACCOUNT = "17840000000000001"
PERSON = "2000000000000001"
NUMBER = "PNID1"
PHONE = "6281200000001"
USER = "ID.777000111"

DAY = 24 * 3600.0
ADDRESS_LIFE = 300.0
MOST_MEDIA_ERRORS = 20
MEDIA_PERIOD, MEDIA_BLOCK = 3600.0, 1800.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How a request fails: with a code, or without an answer; before or after it was done."""

    #: 0: the connection breaks.
    status: int = 400
    code: int = 0
    subcode: int = 0
    done: bool = False
    is_transient: bool = False
    #: A body that is not the Graph API's, such as a proxy's page.
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message a person got."""

    id: str
    #: Of the page, the account or the number that sent it.
    sender: str
    to: str
    body: Json

    @property
    def text(self) -> str:
        """Its words."""
        if "message" in self.body:
            return str(self.body["message"]["text"])
        kind = self.body["type"]
        if kind == "template":
            (part,) = self.body["template"]["components"]
            return str(part["parameters"][0]["text"])
        content = self.body[kind]
        return str(content["body"]["text"] if kind == "interactive" else content["body"])


class MetaPlatform:
    """Meta for one app."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.url = ""
        self.token = TOKEN
        self.weather: deque[Weather] = deque()
        #: What people got.
        self.sent: list[Sent] = []
        #: Status and code of each request for a message; (0, 0) where none was answered.
        self.asked: list[tuple[int, int]] = []
        #: When people last wrote; who is not here wrote just now.
        self.heard: dict[str, float] = {}
        self.unreachable: set[str] = set()
        #: Seconds between two messages to one person on WhatsApp; 0: no limit.
        self.pair_seconds = 0.0
        #: Media by id, and plain files of the delivery network by name.
        self.media: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.mentions: dict[str, Json] = {}
        #: What was asked of the media endpoints: path and status.
        self.fetched: list[tuple[str, int]] = []
        self._media_errors: list[float] = []
        self._blocked_until = 0.0
        self._addresses: dict[str, float] = {}
        self._answered_comments: Counter[str] = Counter()
        self._last: dict[str, float] = {}

    @property
    def account(self) -> dict[str, Any]:
        """The settings of a channel that has an account here."""
        return {
            "secrets": (Secret(SECRET),),
            "access_token": Secret(TOKEN),
            "api_url": self.url,
        }

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["MetaPlatform"]:
        """Listen on a free port of 127.0.0.1."""
        app = web.Application()
        app.router.add_post(f"/{VERSION}/{{sender}}/messages", self._message)
        app.router.add_get(f"/{VERSION}/{{id}}", self._get)
        app.router.add_get("/media/{id}", self._media)
        app.router.add_get("/cdn/{name}", self._file)
        async with listening(web.AppRunner(app)) as self.url:
            yield self

    # --- messages ------------------------------------------------------------------------------

    async def _message(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        weather = self.weather.popleft() if self.weather else None
        if weather is None:
            answer, code = self._judge(request, body)
        else:
            if weather.done:
                self._judge(request, body)
            answer, code = _stormy(weather), weather.code
        if weather and not weather.status:
            self.asked.append((0, 0))
            assert request.transport
            request.transport.abort()
        else:
            self.asked.append((answer.status, code))
        return answer

    def _judge(self, request: web.Request, body: Json) -> tuple[web.Response, int]:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, 190), 190
        sender = request.match_info["sender"]
        if body.get("messaging_product") == "whatsapp":
            return self._whatsapp(sender, body)
        return self._page(sender, body)

    def _page(self, sender: str, body: Json) -> tuple[web.Response, int]:
        recipient, message = body["recipient"], body["message"]
        comment, to = recipient.get("comment_id", ""), recipient.get("id", "")
        if not _is_valid(message, is_instagram=sender == ACCOUNT):
            return _error(400, 100), 100
        if comment:
            if self._answered_comments[comment]:
                return _error(400, 10900), 10900
            self._answered_comments[comment] += 1
            to = f"author of {comment}"
        age = self.clock() - self.heard.get(to, self.clock())
        if age >= (7 * DAY if comment or body.get("tag") == "HUMAN_AGENT" else DAY):
            return _error(400, 10, 2018278), 10
        if to in self.unreachable:
            return _error(400, 551, 1545041), 551
        mid = f"m_{uuid.uuid4().hex}"
        self.sent.append(Sent(id=mid, sender=sender, to=to, body=body))
        return web.json_response({"recipient_id": to, "message_id": mid}), 0

    def _whatsapp(self, sender: str, body: Json) -> tuple[web.Response, int]:
        to = body.get("to") or body.get("recipient", "")
        if not _is_valid_card(body):
            return _error(400, 100), 100
        now = self.clock()
        if now - self._last.get(to, 0.0) < self.pair_seconds:
            return _error(400, 131056), 131056
        if now - self.heard.get(to, now) >= DAY and body["type"] != "template":
            return _error(400, 131047), 131047
        if to in self.unreachable:
            return _error(400, 131026), 131026
        self._last[to] = now
        wamid = f"wamid.{uuid.uuid4().hex}"
        self.sent.append(Sent(id=wamid, sender=sender, to=to, body=body))
        contact = {"input": to, "wa_id": to} if body.get("to") else {"input": to, "user_id": to}
        answer = {
            "messaging_product": "whatsapp",
            "contacts": [contact],
            "messages": [{"id": wamid}],
        }
        return web.json_response(answer), 0

    # --- media ---------------------------------------------------------------------------------

    async def _get(self, request: web.Request) -> web.Response:
        if "fields" in request.query:
            return self._mention(request)
        return self._told(request, self._address(request))

    def _mention(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, 190)
        asked, _, _ = request.query["fields"].partition("){")
        name, _, mentioned = asked.partition("(")
        words = self.mentions.get(mentioned)
        if words is None:
            return _error(400, 100, 33)
        return web.json_response({name.partition(".")[0]: words, "id": request.match_info["id"]})

    def _address(self, request: web.Request) -> web.Response:
        media_id, now = request.match_info["id"], self.clock()
        if now < self._blocked_until:
            return _error(429, 80007)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, 190)
        if media_id not in self.media:
            return _error(400, 100, 33)
        self._addresses[media_id] = now
        content = self.media[media_id]
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "url": f"{self.url}/media/{media_id}?ext=1",
                "mime_type": "image/jpeg",
                "sha256": hashlib.sha256(content).hexdigest(),
                "file_size": len(content),
                "id": media_id,
            }
        )

    async def _media(self, request: web.Request) -> web.Response:
        media_id, now = request.match_info["id"], self.clock()
        if now - self._addresses.get(media_id, 0.0) >= ADDRESS_LIFE:
            return self._told(request, web.Response(status=404))
        named = request.headers.get("User-Agent", "").startswith("lapor-gateway")
        if request.headers.get("Authorization") != f"Bearer {self.token}" or not named:
            return self._told(request, web.Response(status=401))
        return self._told(request, web.Response(body=self.media[media_id]))

    async def _file(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers, "the delivery network needs no token"
        content = self.files.get(request.match_info["name"])
        if content is None:
            return self._told(request, web.Response(status=403, text="URL signature expired"))
        return self._told(request, web.Response(body=content, content_type="image/jpeg"))

    def _told(self, request: web.Request, answer: web.Response) -> web.Response:
        """Count errors; twenty within an hour close the endpoint for half an hour."""
        now = self.clock()
        self.fetched.append((request.path, answer.status))
        if answer.status >= 400:
            recent = [when for when in self._media_errors if now - when < MEDIA_PERIOD]
            self._media_errors = [*recent, now]
            if len(self._media_errors) >= MOST_MEDIA_ERRORS:
                self._blocked_until = now + MEDIA_BLOCK
        return answer


# --- answers ------------------------------------------------------------------------------------


def _is_valid(message: Json, *, is_instagram: bool) -> bool:
    text, replies = message["text"], message.get("quick_replies", [])
    units = len(text.encode()) if is_instagram else len(text)
    titles = [reply["title"] for reply in replies]
    most = 1000 if is_instagram else 2000
    return (
        0 < units <= most and len(replies) <= 13 and all(0 < len(title) <= 20 for title in titles)
    )


def _is_valid_card(body: Json) -> bool:
    kind, content = body["type"], body[body["type"]]
    if kind == "text":
        return 0 < len(content["body"]) <= 4096
    if kind == "template":
        (part,) = content["components"]
        text = part["parameters"][0]["text"]
        return bool(text) and not set(text) & set("\n\t") and len(text) <= 1024
    action = content["action"]
    buttons = [button["reply"] for button in action.get("buttons", [])]
    rows = [row for section in action.get("sections", []) for row in section["rows"]]
    titles = [choice["title"] for choice in buttons + rows]
    fits = len(buttons) <= 3 and len(rows) <= 10 and all(0 < len(title) <= 24 for title in titles)
    return fits and len(content["body"]["text"]) <= 1024


def _error(status: int, code: int, subcode: int = 0) -> web.Response:
    return _stormy(Weather(status=status, code=code, subcode=subcode))


def _stormy(weather: Weather) -> web.Response:
    if weather.body or not weather.code:
        return web.Response(
            status=weather.status or 500, text=weather.body, headers=weather.headers
        )
    error: Json = {
        "message": "(#0) invented",
        "type": "OAuthException",
        "code": weather.code,
        "error_subcode": weather.subcode,
        "is_transient": weather.is_transient,
        "fbtrace_id": "A1",
    }
    return web.json_response({"error": error}, status=weather.status, headers=weather.headers)
