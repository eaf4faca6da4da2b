"""
The calls to X, carried by tweepy's asynchronous client.

tweepy names the calls, their parameters and the OAuth 1.0a signature. It also repeats a 429 without
pause, breaks on error pages in HTML and hides the headers, so it never sees anything but success:
the session below, which is all that tweepy speaks to, hands every other answer past it. Each
request is made once. Importing this module costs about 10 MB, so only what runs imports it.
"""

from collections.abc import Awaitable, Mapping
from types import TracebackType
from typing import Any

from aiohttp import ClientResponse
from tweepy.asynchronous import AsyncClient  # type: ignore[import-untyped]
from yarl import URL

from channels.contract import Secret, TryLater, Uncertain
from channels.provider_http import Answer, Caller
from channels.x_options import XOptions
from channels.x_pages import Ask

Result = Answer | TryLater | Uncertain

_MOST_BYTES = 8 << 20

#: What we ask to be told of a post, and of what it refers to.
_FIELDS = {
    "tweet_fields": [
        *("created_at", "author_id", "conversation_id", "referenced_tweets", "lang", "geo"),
        *("in_reply_to_user_id", "attachments", "note_tweet", "entities", "edit_history_tweet_ids"),
    ],
    "expansions": ["author_id", "attachments.media_keys", "referenced_tweets.id", "geo.place_id"],
    "user_fields": ["username", "name"],
    "media_fields": ["url", "type", "variants", "alt_text"],
    "place_fields": ["full_name", "geo"],
}


class XApi:
    """One account at X; the first call opens a connection."""

    def __init__(self, options: XOptions) -> None:
        self._caller = Caller(timeout=options.timeout, most_bytes=_MOST_BYTES)
        self.renew(options)

    def renew(self, options: XOptions) -> None:
        """Take other keys."""
        self._options = options
        self._client: Any = AsyncClient(
            _value(options.bearer_token),
            _value(options.consumer_key),
            _value(options.consumer_secret),
            _value(options.access_token),
            _value(options.access_token_secret),
            return_type=ClientResponse,
            wait_on_rate_limit=False,
        )
        self._client.session = _Session(self._caller, options.api_url)

    async def page(self, ask: Ask) -> Result:
        """A page of posts that name us, or of the last seven days' posts with some words."""
        wanted = {
            "max_results": ask.size,
            "since_id": ask.since or None,
            "until_id": ask.until or None,
            "start_time": ask.start or None,
            **_FIELDS,
        }
        if ask.query:
            wanted |= {"next_token": ask.token or None}
            wanted |= {"user_auth": self._options.bearer_token is None}
            return await _told(self._client.search_recent_tweets(ask.query, **wanted))
        # As the owner of the account, which is the cheapest way.
        wanted |= {"pagination_token": ask.token or None, "user_auth": self._options.can_write}
        return await _told(self._client.get_users_mentions(self._options.account, **wanted))

    async def answer(self, post: str, text: str) -> Result:
        """Post a reply."""
        return await _told(self._client.create_tweet(text=text, in_reply_to_tweet_id=post))

    async def write_to(self, user: str, text: str) -> Result:
        """Send a direct message."""
        return await _told(self._client.create_direct_message(participant_id=user, text=text))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._caller.close()


class _PastTweepy(Exception):
    """Anything but success, on its way past tweepy."""

    def __init__(self, result: Result) -> None:
        self.result = result


class _Success:
    """What tweepy uses of an aiohttp.ClientResponse, and the answer itself."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.status = answer.status
        self.headers = answer.headers
        self.reason = ""

    async def read(self) -> bytes:
        """The body, which is here already."""
        return self.answer.body


class _Exchange:
    """`async with session.request(...)`."""

    def __init__(self, asked: Awaitable[Result]) -> None:
        self._asked = asked

    async def __aenter__(self) -> _Success:
        result = await self._asked
        if isinstance(result, Answer) and result.is_success:
            return _Success(result)
        raise _PastTweepy(result)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held."""


class _Session:
    """
    What tweepy takes for an aiohttp session.

    `base` sends every request elsewhere: a proxy of one's own, a test. The signature stays that of
    the address tweepy meant, as a proxy in front of X needs it.
    """

    def __init__(self, caller: Caller, base: str) -> None:
        self._caller = caller
        self._base = URL(base) if base else None

    def request(
        self,
        method: str,
        url: str | URL,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Exchange:
        """One request, as aiohttp's."""
        target = URL(url)
        if self._base:
            target = (
                target.with_scheme(self._base.scheme)
                .with_host(self._base.host or "")
                .with_port(self._base.port)
            )
        query = {name: str(value) for name, value in (params or {}).items()}
        return _Exchange(self._caller.call(method, target, headers=headers, json=json, query=query))


async def _told(call: Awaitable[Any]) -> Result:
    try:
        success: _Success = await call
    except _PastTweepy as past:
        return past.result
    except (TypeError, ValueError) as error:  # keys no header can carry; nothing has left
        return TryLater(reason=f"no request could be made: {type(error).__name__}")
    return success.answer


def _value(secret: Secret | None) -> str | None:
    return secret.value if secret else None
