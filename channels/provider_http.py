"""
One HTTP request to a provider, and the truth about whether it happened.

aiohttp repeats a GET or PUT by itself when the connection breaks: `_once` hides the break from it,
because a citizen must not get a message twice. Every call has a connection of its own, for a kept
one may be closed by the other side just as we use it again. No redirects, no cookies, no proxies.
What an outcome says of a failure is a status or the name of an error, never a word of the answer.
"""

import json as json_
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from multidict import CIMultiDict
from yarl import URL

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain

LONGEST_WAIT = 24 * 3600.0

_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)

# Probing a revoked token or an empty account more often helps nobody.
_CREDENTIALS_WAIT = 60.0
_CREDIT_WAIT = 900.0
_THROTTLED_WAIT = 60.0

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider answered; `is_whole` is false when more came than the caller reads."""

    status: int
    #: Names in any case, the first of several values.
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 (the class of status codes)

    @property
    def wait(self) -> float | None:
        """Seconds its Retry-After asks for, at most a day; None where it says nothing readable."""
        told = self.headers.get("Retry-After", "").strip()
        if _SECONDS.fullmatch(told):
            return min(float(told), LONGEST_WAIT)
        # The provider's own clock tells how far its date is away; ours may be wrong.
        until, now = _moment(told), _moment(self.headers.get("Date", ""))
        if until is None or now is None:
            return None
        return min(max(until - now, 0.0), LONGEST_WAIT)

    def json(self) -> Any:  # noqa: ANN401 (whatever the provider says; the caller narrows it)
        """The body as JSON, or None where it is none (an HTML page, half an answer)."""
        try:
            return json_.loads(self.body) if self.is_whole else None
        except (ValueError, RecursionError):
            return None


class Caller:
    """Calls providers; the first call opens a session, `close` ends it."""

    def __init__(self, *, timeout: float = 20.0, most_bytes: int = 1 << 20) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=timeout, connect=min(10.0, timeout / 2), sock_connect=min(5.0, timeout / 2)
        )
        self._most_bytes = most_bytes
        self._session: aiohttp.ClientSession | None = None

    async def call(  # noqa: PLR0913 (the parts of an HTTP request, by name)
        self,
        method: str,
        url: str | URL,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer | TryLater | Uncertain:
        """
        Ask once; give `json`, `form` or `body`, or none of them.

        TryLater: nothing has left (no connection, no such name, a request that cannot be written).
        Uncertain: the request left and no whole answer came in time.
        """
        content, all_headers = _content(json, form, body)
        all_headers.update(headers or {})
        try:
            async with self._opened().request(
                method,
                URL(url).update_query(query or {}),
                data=content,
                headers=all_headers,
                allow_redirects=False,
            ) as response:
                return await self._read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return TryLater(reason=f"no connection: {type(error).__name__}")
        except (ValueError, aiohttp.NonHttpUrlClientError) as error:  # or a break in a header
            return TryLater(reason=f"no request could be made: {type(error).__name__}")
        except (aiohttp.ClientError, _BrokenError, TimeoutError) as error:
            return Uncertain(reason=f"no answer: {type(error).__name__.strip('_')}")

    async def close(self) -> None:
        """Let go of the session; a later call opens a new one."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._most_bytes:
                break
        return Answer(
            status=response.status,
            headers=response.headers,
            body=bytes(body[: self._most_bytes]),
            is_whole=len(body) <= self._most_bytes,
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=[_once],
                timeout=self._timeout,
            )
        return self._session


def outcome_of(answer: Answer, reference: str = "") -> Outcome:
    """What an answer means where the provider follows HTTP; channels refine it."""
    status = answer.status
    reason = f"answered {status}"
    if answer.is_success:
        return Receipt(reference=reference)
    if status == HTTPStatus.UNAUTHORIZED:
        return TryLater(reason=reason, wait=_CREDENTIALS_WAIT, trouble="bad_credentials")
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return TryLater(reason=reason, wait=_CREDIT_WAIT, trouble="no_credit")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = _THROTTLED_WAIT if answer.wait is None else answer.wait
        return TryLater(reason=reason, wait=wait, trouble="throttled")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return TryLater(reason=reason, wait=answer.wait)
    return Refused(reason=reason)


class _BrokenError(Exception):
    """The connection broke after the request had left."""


async def _once(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as broken:
        raise _BrokenError from broken


def _content(
    json: object, form: Mapping[str, str] | None, body: bytes | None
) -> tuple[bytes | aiohttp.FormData | None, CIMultiDict[str]]:
    if json is not None:
        return json_.dumps(json).encode(), CIMultiDict({"Content-Type": "application/json"})
    if form is not None:
        return aiohttp.FormData(dict(form)), CIMultiDict()
    return body, CIMultiDict()


def _moment(date: str) -> float | None:
    """Seconds of an HTTP date, in any of its three forms; one of them names no zone."""
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
