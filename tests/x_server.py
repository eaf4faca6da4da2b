"""
A stand-in for X's API v2 on 127.0.0.1 that behaves as X is documented to, bills included.

Mentions, recent search, posts, direct messages and pictures; bearer tokens and OAuth 1.0a, whose
signature is checked over the address the client meant (api.twitter.com). `faults` are used up one
per request; afterwards it is in good health.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from aiohttp import web
from listening import listening
from multidict import MultiMapping
from oauthlib.oauth1.rfc5849 import signature as oauth  # type: ignore[import-untyped]

ACCOUNT = "100000000000000001"
BEARER = "invented-bearer"
CONSUMER_KEY, CONSUMER_SECRET = "invented-key", "consumersecret"
ACCESS_TOKEN, ACCESS_SECRET = f"{ACCOUNT}-invented", "invented-secret"
#: Beyond 2^53, as X's are.
FIRST_ID = 1_990_000_000_000_000_000
PICTURE = b"\xff\xd8\xff\xe0" + b"picture" * 100

Post = dict[str, Any]
Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True)
class FakeX:
    """One account's view of X; `async with serving_x() as x:` starts it."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    media: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Posts that others refer to and X does not show.
    hidden: set[str] = field(default_factory=set)
    #: One per request; None is good health.
    faults: deque[Fault | None] = field(default_factory=deque)
    #: Every request: what was asked, and when.
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    direct: list[tuple[str, str]] = field(default_factory=list)
    #: The bill in millionths of a dollar.
    bill: int = 0
    remaining: int = 300
    reset: int | None = None
    #: How far X's clock is ahead of ours, in seconds.
    ahead: float = 0.0
    #: Searches cannot go back behind this post.
    oldest_since: int = 0
    #: Rings whenever a request was answered.
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    # --- what happens on X --------------------------------------------------------------------

    def post(self, text: str, *, author: str = "7", **more: Any) -> str:  # noqa: ANN401 (fields of a post)
        """Somebody writes; returns the post's id."""
        id_ = str(more.pop("id", FIRST_ID + len(self.posts) + 1))
        self.users.setdefault(
            author, {"id": author, "name": f"Warga {author}", "username": f"warga{author}"}
        )
        created = datetime.fromtimestamp(time.time(), UTC)
        self.posts.append(
            {
                "id": id_,
                "text": text,
                "author_id": author,
                "conversation_id": id_,
                "created_at": f"{created:%Y-%m-%dT%H:%M:%S}.000Z",
                "edit_history_tweet_ids": [id_],
                **more,
            }
        )
        return id_

    def mention(self, text: str, *, author: str = "7", **more: Any) -> str:  # noqa: ANN401 (as post)
        """Somebody names us."""
        named = {"mentions": [{"start": 0, "end": 6, "username": "lapor", "id": ACCOUNT}]}
        entities = named | more.pop("entities", {})
        return self.post(f"@lapor {text}", author=author, entities=entities, **more)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to be true, looking again after each request."""
        async with asyncio.timeout(60), self.came:
            await self.came.wait_for(true)

    async def rounds(self, count: int = 2) -> None:
        """Wait for so many further requests."""
        wanted = len(self.asked) + count
        await self.until(lambda: len(self.asked) >= wanted)

    # --- the server ---------------------------------------------------------------------------

    def routes(self) -> list[web.AbstractRouteDef]:
        """What of X there is."""
        return [
            web.get("/2/users/{id}/mentions", self._mentions),
            web.get("/2/tweets/search/recent", self._search),
            web.post("/2/tweets", self._write),
            web.post("/2/dm_conversations/with/{id}/messages", self._direct),
            web.get("/media/{name}", self._picture),
        ]

    @web.middleware
    async def answer(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Count, fail as told, or check who asks; every answer has its limits and a date."""
        self.asked.append((request.method, request.path, dict(request.query)))
        self.times.append(time.monotonic())
        fault = self.faults.popleft() if self.faults else None
        if fault:
            response = await fault(request)
        elif not request.path.startswith("/2/"):
            response = await handler(request)
        elif self._who(request) is None:
            response = refused(401, "Unauthorized")
        else:
            response = await handler(request)
            self.remaining -= 1
            response.headers["x-rate-limit-limit"] = "300"
            response.headers["x-rate-limit-remaining"] = str(max(self.remaining, 0))
            reset = self.reset or int(time.time() + self.ahead) + 900
            response.headers["x-rate-limit-reset"] = str(reset)
        response.headers.setdefault("Date", formatdate(time.time() + self.ahead, usegmt=True))
        async with self.came:
            self.came.notify_all()
        return response

    def _who(self, request: web.Request) -> str | None:
        """Whose key it is: the app's, the user's, or nobody's."""
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            return "app" if header == f"Bearer {BEARER}" else None
        return "user" if signed_by_us(request) else None

    async def _mentions(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != ACCOUNT:
            return refused(404, "Not Found Error", "resource-not-found")
        named = [post for post in self.posts if ACCOUNT in mentions_of(post)]
        own = 1_000 if self._who(request) == "user" else 5_000
        return self._page(request, named, least=5, token_name="pagination_token", own=own)

    async def _search(self, request: web.Request) -> web.Response:
        query = request.query.get("query", "")
        since = request.query.get("since_id", "0")
        if not 1 <= len(query) <= 512 or int(since) < self.oldest_since * bool(int(since)):
            return refused(400, "Invalid Request", "invalid-request")
        words = query.lower().split()
        found = [post for post in self.posts if all(word in post["text"].lower() for word in words)]
        return self._page(request, found, least=10, token_name="next_token", own=5_000)

    def _page(
        self, request: web.Request, posts: list[Post], *, least: int, token_name: str, own: int
    ) -> web.Response:
        query = request.query
        size, since = int(query.get("max_results", "10")), int(query.get("since_id", "0"))
        begin = query.get(token_name, "begin0")
        known = {"max_results", "since_id", "until_id", "start_time", "query", "expansions"}
        known |= {token_name}
        known |= {f"{kind}.fields" for kind in ("tweet", "user", "media", "place")}
        if not least <= size <= 100 or not begin.startswith("begin") or set(query) - known:
            return refused(400, "Invalid Request", "invalid-request")
        start = query.get("start_time", "").replace("Z", ".000Z")
        until = int(query.get("until_id", "9" * 19))
        newer = sorted(
            (
                post
                for post in posts
                if since < int(post["id"]) < until and post["created_at"] >= start
            ),
            key=lambda post: -int(post["id"]),
        )
        first = int(begin.removeprefix("begin"))
        page = newer[first : first + size]
        is_last = first + len(page) >= len(newer)
        token = "" if is_last else f"begin{first + len(page)}"
        return web.json_response(self._document(query, page, token, own))

    def _document(
        self, query: MultiMapping[str], page: list[Post], token: str, own: int
    ) -> dict[str, Any]:
        if not page:
            return {"meta": {"result_count": 0}}
        fields = set(query.get("tweet.fields", "").split(",")) | {"id", "text"}
        fields |= {"edit_history_tweet_ids"}
        data = [{name: post[name] for name in post if name in fields} for post in page]
        meta: dict[str, Any] = {
            "newest_id": page[0]["id"], "oldest_id": page[-1]["id"], "result_count": len(page)
        }  # fmt: skip
        if token:
            meta["next_token"] = token
        includes, errors = self._beside(page, query.get("expansions", "").split(","))
        self.bill += len(page) * own + 10_000 * len(includes.get("users", ()))
        self.bill += 5_000 * len(includes.get("tweets", ()))
        document: dict[str, Any] = {"data": data, "meta": meta}
        if includes:
            document["includes"] = includes
        if errors:
            document["errors"] = errors
        return document

    def _beside(
        self, page: list[Post], expansions: Iterable[str]
    ) -> tuple[dict[str, list[Any]], list[dict[str, str]]]:
        includes: dict[str, dict[str, Any]] = {}
        errors = []
        by_id = {post["id"]: post for post in self.posts}
        for post in page:
            if "author_id" in expansions and post["author_id"] in self.users:
                includes.setdefault("users", {})[post["author_id"]] = self.users[post["author_id"]]
            for key in post.get("attachments", {}).get("media_keys", ()):
                includes.setdefault("media", {})[key] = self.media[key]
            if place := post.get("geo", {}).get("place_id"):
                includes.setdefault("places", {})[place] = self.places[place]
            for reference in post.get("referenced_tweets", ()):
                other = reference["id"]
                if other in by_id and other not in self.hidden:
                    includes.setdefault("tweets", {})[other] = by_id[other]
                else:
                    errors.append(
                        {
                            "resource_id": other,
                            "resource_type": "tweet",
                            "title": "Not Found Error",
                            "type": "https://api.x.com/2/problems/resource-not-found",
                        }
                    )
        return {kind: list(things.values()) for kind, things in includes.items()}, errors

    async def _write(self, request: web.Request) -> web.Response:
        if self._who(request) != "user":
            return refused(403, "Unsupported Authentication", "unsupported-authentication")
        wanted = await request.json()
        text, answered = wanted["text"], wanted["reply"]["in_reply_to_tweet_id"]
        post = next((post for post in self.posts if post["id"] == answered), None)
        if post is None:
            return refused(404, "Not Found Error", "resource-not-found")
        if not (ACCOUNT in mentions_of(post) or self._quotes_us(post)):
            return refused(403, "Forbidden", detail="Reply to this conversation is not allowed.")
        if any(reply["text"] == text for reply in self.replies):
            detail = "You are not allowed to create a Tweet with duplicate content."
            return refused(403, "Forbidden", detail=detail)
        if length(text) > 280:
            return refused(403, "Forbidden", detail="Your Tweet text is too long.")
        self.bill += 200_000 if LINK.search(text) else 10_000
        self.replies.append({"text": text, "to": answered})
        id_ = self.post(text, author=ACCOUNT)
        return web.json_response({"data": {"id": id_, "text": text}}, status=201)

    def _quotes_us(self, post: Post) -> bool:
        quoted = {one["id"] for one in post.get("referenced_tweets", ()) if one["type"] == "quoted"}
        return any(one["id"] in quoted and one["author_id"] == ACCOUNT for one in self.posts)

    async def _direct(self, request: web.Request) -> web.Response:
        if self._who(request) != "user":
            return refused(403, "Unsupported Authentication", "unsupported-authentication")
        self.direct.append((request.match_info["id"], (await request.json())["text"]))
        self.bill += 15_000
        data = {"dm_conversation_id": "1-2", "dm_event_id": str(FIRST_ID + len(self.direct))}
        return web.json_response({"data": data}, status=201)

    async def _picture(self, _: web.Request) -> web.Response:
        return web.Response(body=PICTURE, content_type="image/jpeg")


def mentions_of(post: Post) -> set[str]:
    """Whom a post names."""
    return {mention["id"] for mention in post.get("entities", {}).get("mentions", ())}


LINK = re.compile(r"https?://\S+|\b[\w-]+(\.[\w-]+)*\.(com|id|org|go\.id)\b")


def length(text: str) -> int:
    """What X counts, a little stricter."""
    light = (ord(one) < 4352 or 8192 <= ord(one) < 8248 for one in text)
    return sum(1 if is_light else 2 for is_light in light)


def signed_by_us(request: web.Request) -> bool:
    """Whether the OAuth 1.0a signature is right, computed as RFC 5849 says."""
    header = request.headers.get("Authorization", "")
    uri = f"https://api.twitter.com{request.raw_path}"
    params = oauth.collect_parameters(
        uri_query=request.raw_path.partition("?")[2],
        headers={"Authorization": header},
        exclude_oauth_signature=False,
    )
    shown = dict(params).get("oauth_signature", "")
    if dict(params).get("oauth_token") != ACCESS_TOKEN:
        return False
    signed = [(name, value) for name, value in params if name != "oauth_signature"]
    base = oauth.signature_base_string(
        request.method, oauth.base_string_uri(uri), oauth.normalize_parameters(signed)
    )
    key = f"{CONSUMER_SECRET}&{ACCESS_SECRET}".encode()
    right = base64.b64encode(hmac.new(key, base.encode(), hashlib.sha1).digest()).decode()
    return hmac.compare_digest(shown, right)


def refused(
    status: int, title: str, kind: str = "", *, detail: str = "", **more: str
) -> web.Response:
    """A problem document as X writes it."""
    type_ = f"https://api.x.com/2/problems/{kind}" if kind else "about:blank"
    document = {"title": title, "detail": detail or title, "type": type_, "status": status, **more}
    return web.json_response(document, status=status)


# --- faults -------------------------------------------------------------------------------------


def says(status: int, kind: str = "", *, detail: str = "", **more: str) -> Fault:
    """Answer with a problem document."""

    async def fault(_: web.Request) -> web.StreamResponse:
        return refused(status, "Problem", kind, detail=detail, **more)

    return fault


def limited(reset: float | None = None, date: float | None = None) -> Fault:
    """429; `reset` and `date` are moments of X's clock."""

    async def fault(_: web.Request) -> web.StreamResponse:
        response = refused(429, "Too Many Requests")
        if reset is not None:
            response.headers["x-rate-limit-reset"] = str(int(reset))
        if date is not None:
            response.headers["Date"] = formatdate(date, usegmt=True)
        return response

    return fault


def page(body: bytes, status: int = 503, media_type: str = "text/html") -> Fault:
    """Answer with bytes that are no document of X's."""

    async def fault(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, content_type=media_type)

    return fault


def document(body: object, status: int = 200) -> Fault:
    """Answer with this JSON, lone surrogates as escapes."""
    return page(json.dumps(body).encode(), status, "application/json")


async def hang(_: web.Request) -> web.StreamResponse:
    """Say nothing until the client gives up."""
    await asyncio.Event().wait()
    raise AssertionError


async def cut(request: web.Request) -> web.StreamResponse:
    """Break the connection after the request."""
    await request.read()
    assert request.transport
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving_x(port: int = 0) -> AsyncIterator[FakeX]:
    """Run it on a free port."""
    x = FakeX()
    app = web.Application(middlewares=[x.answer])
    app.add_routes(x.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    async with listening(runner, port) as x.url:
        yield x
