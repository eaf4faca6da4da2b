"""
A central store behind HTTP: each record is one POST of a CloudEvent, signed, under its own key.

`webhook-id`, `Idempotency-Key` and the event's id are one and the same and come from the record;
the body is equal over retries, only timestamp and signature are of the attempt. A push without an
answer is uncertain and sent again under the same key, after asking `find_url` where there is one.
Redirects are not followed. What answers mean: answers.py. Where pushes may go: addresses.py.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

import aiohttp
import msgspec

from channels.contract import Outcome, Receipt, Secret, TryLater, Uncertain
from channels.standard_webhooks import key_of, sign
from forwarder.central.addresses import PublicResolver, host_of, is_private_literal
from forwarder.central.answers import ANSWER_LIMIT, Answer, outcome_of
from forwarder.central.contract import Central
from forwarder.push import CONTENT_TYPE, Push, event

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Part of the time for connecting: a store that is away must not use up the whole of it.
CONNECTING = 0.5


class HttpOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a central store of kind http."""

    url: str = ""
    #: Names of `whsec_…` secrets; two during a rotation, both sign.
    secrets: tuple[Secret, ...] = ()
    #: Where to ask for a record: a URL with {id}, {record_id}, {revision}; 200 is yes, 404 no.
    find_url: str = ""
    #: Who sends, in each event.
    source: str = "/lapor-gateway"
    #: The store may have an address that is not of the open internet.
    allow_private: bool = False
    #: Seconds for one push, from connecting to the last byte of the answer.
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 15.0
    #: Certificates to trust instead of the system's.
    ca_file: str = ""


class HttpCentral(Central):
    """Records at somebody else's HTTP endpoint."""

    kind: ClassVar[str] = "http"
    takes_anchors: ClassVar[bool] = True
    Options = HttpOptions

    def __init__(self, name: str, options: HttpOptions, clock: Callable[[], int]) -> None:
        """`clock` tells milliseconds since 1970; raises ValueError for a secret that is none."""
        super().__init__(name)
        self._options = options
        self._clock = clock
        self._keys = [key_of(secret) for secret in options.secrets]
        self._session: aiohttp.ClientSession | None = None

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Post each record on its own."""
        return await asyncio.gather(*(self._push_one(push) for push in pushes))

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Ask `find_url` for the record, without following redirects."""
        if not self._options.find_url:
            return Uncertain(reason="no find_url is set")
        url = self._options.find_url
        for word in ("id", "record_id", "revision"):
            url = url.replace(f"{{{word}}}", str(getattr(push, word)))
        answer = await self._ask("GET", url, push, b"")
        if not isinstance(answer, Answer):
            return Uncertain(reason=f"asking the store: {answer.reason}")
        if answer.status in {200, 204}:
            return Receipt(reference="found there")
        if answer.status == 404:  # noqa: PLR2004 (an HTTP status)
            return None
        return Uncertain(reason=f"asking the store: HTTP {answer.status}")

    def problems(self) -> Sequence[str]:
        """What is missing for a safe way there."""
        options, found = self._options, []
        host = host_of(options.url)
        if not host:
            return [f"central store {self.name}: url is no http address"]
        if options.url.startswith("http:") and host not in LOOPBACK:
            found.append(f"central store {self.name}: records travel unencrypted, use https")
        if not self._keys:
            found.append(f"central store {self.name}: no secret is set, pushes are not signed")
        if not options.allow_private and is_private_literal(host):
            found.append(f"central store {self.name}: a private address needs allow_private = true")
        if options.ca_file and not Path(options.ca_file).is_file():
            found.append(f"central store {self.name}: ca_file {options.ca_file} does not exist")
        return found

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _push_one(self, push: Push) -> Outcome:
        if push.doubtful and self._options.find_url:
            there = await self.find(push)
            if there is not None:
                return there
        body = event(push, self._options.source)
        answer = await self._ask("POST", self._options.url, push, body)
        if not isinstance(answer, Answer):
            return answer
        return outcome_of(answer, push.document, self._clock() / 1000)

    async def _ask(
        self, method: str, url: str, push: Push, body: bytes
    ) -> Answer | TryLater | Uncertain:
        host = host_of(url)
        if not host:
            return TryLater(reason="the url in the settings is no http address")
        if not self._options.allow_private and is_private_literal(host):
            return TryLater(reason=f"{host} is a private address and allow_private is not set")
        try:
            session = self._opened()
        except OSError as exc:
            return TryLater(reason=f"ca_file cannot be read: {_cause(exc)}")
        try:
            async with session.request(
                method,
                url,
                data=body or None,
                headers=self._headers(push, body),
                allow_redirects=False,
            ) as response:
                return await _read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
            return TryLater(reason=f"cannot connect: {_cause(exc)}")
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            return Uncertain(reason=f"no answer: {type(exc).__name__}")

    def _headers(self, push: Push, body: bytes) -> Mapping[str, str]:
        timestamp = self._clock() // 1000
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Accept": "application/json, application/problem+json",
            # A small answer may unpack to a large one; ours are small anyway.
            "Accept-Encoding": "identity",
            "Idempotency-Key": f'"{push.id}"',
            "webhook-id": push.id,
            "webhook-timestamp": str(timestamp),
        }
        if self._keys:
            headers["webhook-signature"] = sign(self._keys, push.id, timestamp, body)
        return headers

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            options = self._options
            timeout = aiohttp.ClientTimeout(
                total=options.timeout, sock_connect=options.timeout * CONNECTING
            )
            connector = aiohttp.TCPConnector(
                resolver=None if options.allow_private else PublicResolver(),
                ssl=ssl.create_default_context(cafile=options.ca_file or None),
                limit=0,  # the worker bounds how many are in flight
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


async def _read(response: aiohttp.ClientResponse) -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(ANSWER_LIMIT):
        body += chunk
        if len(body) > ANSWER_LIMIT:
            response.close()
            break
    return Answer(
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=bytes(body[:ANSWER_LIMIT]),
        complete=len(body) <= ANSWER_LIMIT,
    )


def _cause(error: Exception) -> str:
    """The operating system's or TLS's word for it; aiohttp's own text repeats the address."""
    cause = getattr(error, "os_error", error)
    number = getattr(cause, "errno", None) or 0
    return os.strerror(number) if number > 1 else str(cause.args[-1] if cause.args else cause)
