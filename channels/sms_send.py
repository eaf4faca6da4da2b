"""
An SMS out: one request to the send API, and the truth about whether it happened.

aiohttp repeats a GET by itself when the connection breaks, and Kannel's API is a GET: `_once` hides
the break from it, because a citizen must not get an SMS twice.
"""

import re

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from channels.contract import Outcome, Receipt, TryLater, Uncertain
from channels.sms_apis import APIS, Account, Answer, Outgoing, Request

KEPT = Receipt(reference="kept: no send API is configured")

# Kannel with max-messages = 0 never answers at all.
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10, sock_connect=5)
_MOST_READ = 64 * 1024

_SECONDS = re.compile(r"\d{1,6}", re.ASCII)


class _BrokenError(Exception):
    """The connection broke after the request had left."""


class SendApi:
    """Sends one SMS at a time over connections of its own; the first one opens the session."""

    def __init__(self, account: Account, *, timeout: aiohttp.ClientTimeout = _TIMEOUT) -> None:
        self.account = account
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def send(self, sms: Outgoing) -> Outcome:
        """Hand it over, once."""
        if not self.account.url:
            return KEPT
        compose, judge = APIS[self.account.preset]
        try:
            answer = await self._ask(compose(self.account, sms))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return TryLater(reason=f"no connection to the send API: {type(error).__name__}")
        except (aiohttp.ClientError, _BrokenError, TimeoutError) as error:
            return Uncertain(reason=f"no answer from the send API: {type(error).__name__}")
        return judge(answer)

    async def close(self) -> None:
        """Let go of the session."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _ask(self, request: Request) -> Answer:
        async with self._open().request(
            request.method,
            URL(self.account.url).update_query(request.query),
            data=request.form or None,
            headers=request.headers,
            allow_redirects=False,
        ) as response:
            body = b""
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) >= _MOST_READ:
                    break
            wait = response.headers.get("Retry-After", "")
            return Answer(
                status=response.status,
                text=body[:_MOST_READ].decode("utf-8", "replace").strip(),
                wait=float(wait) if _SECONDS.fullmatch(wait) else None,
            )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # A kept connection may be closed by the other side just as we use it again.
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=[_once],
                timeout=self._timeout,
            )
        return self._session


async def _once(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as broken:
        raise _BrokenError from broken
