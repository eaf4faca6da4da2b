"""
An answer to an app: one POST of a CloudEvent, signed by the Standard Webhooks scheme.

`webhook-id`, `Idempotency-Key` and the event's id are the reply's own; the body is equal over
retries, only timestamp and signature are of the attempt. So whoever gets it twice can tell, and a
request without an answer is simply sent again. Redirects are not followed; every socket is checked
as it connects, so a name that leads into our own network leads nowhere.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import socket
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address

import aiohttp
from aiohttp.connector import AddrInfoType
from msgspec import Struct, json

from channels.api_options import App
from channels.contract import Outcome, Receipt, Refused, Reply, TryLater
from channels.media import is_public
from channels.provider_http import Answer
from channels.standard_webhooks import key_of, signed

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SOURCE = "/lapor-gateway/api"
TIMEOUT = 20.0

# What the app's operator has to put right: tried again, but not soon.
_MISCONFIGURED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
_MISCONFIGURED_WAIT = 900.0
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,  # our key is being answered over there
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_FINAL = {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED}


class _News(Struct, frozen=True, kw_only=True):
    """What an app is told."""

    reply_id: str
    case_code: str
    #: The app's own id of the report that is answered.
    report_id: str
    kind: str
    subject: str
    text: str
    #: The state this news is about, where it is about one.
    state: str | None


class _Event(Struct, frozen=True, kw_only=True):
    specversion: str = "1.0"
    id: str
    source: str = SOURCE
    type: str = "lapor.reply.v1"
    subject: str
    datacontenttype: str = "application/json"
    data: _News


class Callbacks:
    """Posts answers; `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float], *, timeout: float = TIMEOUT) -> None:
        self._clock = clock
        self._timeout = timeout

    async def post(self, app: App, reply: Reply, report_id: str) -> Outcome:
        """Send one answer once."""
        body = event(reply, report_id)
        now = reply.now.timestamp() if reply.now else self._clock()
        keys = [key_of(secret) for secret in app.callback_secrets]
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Idempotency-Key": f'"{reply.id}"',
            **signed(keys, reply.id, int(now), body),
        }
        answer = await self._once(app, body, headers)
        return outcome_of(answer) if isinstance(answer, Answer) else answer

    async def _once(self, app: App, body: bytes, headers: dict[str, str]) -> Answer | TryLater:
        gate = _Gate(is_open=app.callback_private)
        try:
            async with (
                self._session(gate) as session,
                session.post(
                    app.callback_url, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                # The status says it all; a body may be long, slow or broken.
                return Answer(status=response.status, headers=response.headers, body=b"")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if gate.has_refused:
                return TryLater(reason="the callback leads into a private network")
            return TryLater(reason=f"no answer: {type(error).__name__}")

    def _session(self, gate: "_Gate") -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, socket_factory=gate.open_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
        )


def event(reply: Reply, report_id: str) -> bytes:
    """The body of one answer; equal for equal replies, whenever they are sent."""
    news = _News(
        reply_id=reply.id,
        case_code=reply.case_code,
        report_id=report_id,
        kind=reply.kind,
        subject=reply.subject,
        text=reply.text,
        state="diterima" if reply.kind == "receipt" else None,
    )
    return json.encode(_Event(id=reply.id, subject=reply.case_code or reply.id, data=news))


def outcome_of(answer: Answer) -> Outcome:
    """What an app's answer means; what it says is never repeated."""
    status = answer.status
    reason = f"answered {status}"
    if answer.is_success:
        return Receipt(reference=f"HTTP {status}")
    if status == HTTPStatus.GONE:
        return Refused(reason="answered 410: the app wants no answers any more")
    if status in _MISCONFIGURED:
        return TryLater(reason=reason, wait=_MISCONFIGURED_WAIT)
    if status in _PASSING or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _FINAL):
        return TryLater(reason=reason, wait=answer.wait)
    return Refused(reason=reason)


class _Gate:
    """Opens sockets to public addresses, to others only where it is open."""

    def __init__(self, *, is_open: bool) -> None:
        self._is_open = is_open
        self.has_refused = False

    def open_socket(self, target: AddrInfoType) -> socket.socket:
        """The socket for one address, just before it connects."""
        family, kind, protocol, _, address = target
        if not self._is_open and not is_public(ip_address(address[0])):
            self.has_refused = True
            raise OSError("not a public address")
        return socket.socket(family, kind, protocol)
