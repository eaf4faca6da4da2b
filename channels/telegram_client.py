"""
python-telegram-bot's HTTP clients with our timeouts: one for calls, one for pages of updates.

The second one hands a page over as the bytes it came in; the library's own would read all of it.
"""

import ssl
from typing import Any, TypeVar

import httpx
import msgspec
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from channels.telegram_errors import NO_JSON

_Client = TypeVar("_Client", bound=HTTPXRequest)

_CONNECTIONS = 32
_CONNECT_TIMEOUT = 5.0


class _Answer(msgspec.Struct):
    """The head of an answer."""

    description: str = ""
    parameters: dict[str, Any] = {}


class Verbatim(HTTPXRequest):
    """Answers as the bytes they came in, beside what tells a failure."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The bytes as the result, and the words of a refusal where there is one."""
        try:
            answer = msgspec.json.decode(payload, type=_Answer)
        except (msgspec.MsgspecError, ValueError) as error:
            if not payload.lstrip().startswith(b"{"):
                raise TelegramError(NO_JSON) from error
            answer = _Answer()  # a page with one update that is broken
        return {
            "result": payload,
            "description": answer.description,
            "parameters": answer.parameters,
        }


def clients(api_url: str, timeout: float) -> tuple[HTTPXRequest, Verbatim]:
    """The client for calls and the one for updates; nothing is opened before they are used."""
    # One for both: each would read all certificates of the world again.
    verify = httpx.create_ssl_context() if api_url.startswith("https") else None
    times = {
        "read_timeout": timeout,
        "write_timeout": timeout,
        "connect_timeout": min(timeout, _CONNECT_TIMEOUT),
        "pool_timeout": timeout,
    }
    return _client(HTTPXRequest, _CONNECTIONS, times, verify), _client(Verbatim, 1, times, verify)


def _client(
    kind: type[_Client], connections: int, times: dict[str, float], verify: ssl.SSLContext | None
) -> _Client:
    more: dict[str, Any] = dict(times)
    return kind(connection_pool_size=connections, httpx_kwargs={"verify": verify or False}, **more)
