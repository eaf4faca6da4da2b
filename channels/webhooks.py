"""
What doors share that providers push JSON to: reading it, the keys of its items, the answers.

Providers' JSON holds what people type, so half an emoji (a lone surrogate), a broken byte or a null
comes in now and then. It must not cost a whole batch: what Unicode cannot hold is replaced, the
rest is read. Well-formed bodies are never re-written, so items keep the exact bytes they came in.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import msgspec
from aiohttp import web

from channels.contract import Delivery, Inbox, NotStored, Point
from channels.problem import problem

# WhatsApp's webhooks reach 3 MB, the largest of those that are known.
LARGEST_BODY = 8 << 20

_RETRY_SECONDS = 5
_SIMULATOR_TIMEOUT = aiohttp.ClientTimeout(total=15)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WORD = re.compile(r"[A-Za-z][\w.-]{0,39}", re.ASCII)
_YEARS = range(2000, 2100)

_Kind = TypeVar("_Kind")


# --- reading -----------------------------------------------------------------------------------


def decode(content: bytes, kind: type[_Kind]) -> _Kind:
    """JSON as a struct; ValueError names the field that is not as promised, never its content."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return msgspec.json.decode(_mended(content), type=kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)[:200]) from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def clean(text: str) -> str:
    """Text without NUL and lone surrogates, which no database holds."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def word(name: str) -> str:
    """A provider's own word, such as a type of event, fit for a reason; else "unnamed"."""
    return name if _WORD.fullmatch(name) else "unnamed"


def moment(seconds: float) -> datetime | None:
    """A time in seconds since 1970, UTC; None where it is not of this century."""
    try:
        when = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return when if when.year in _YEARS else None


def moment_of_ms(milliseconds: int) -> datetime | None:
    """As `moment`, of milliseconds; a number no float can hold is no time either."""
    seconds, rest = divmod(milliseconds, 1000)
    when = moment(seconds)
    return when and when + timedelta(milliseconds=rest)


def place_on_map(lat: float | None, lon: float | None) -> Point | None:
    """A point in degrees, or None where there is no such place."""
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):  # noqa: PLR2004
        return None
    return Point(lat=lat, lon=lon)


def digest(content: bytes) -> str:
    """The key of an item that has none of its own: equal when the provider repeats it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _mended(content: bytes) -> bytes:
    """The same JSON without nulls and with U+FFFD for what Unicode cannot hold; or ValueError."""
    value = json.loads(content.decode("utf-8", "replace"), object_hook=_without_nulls)
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text).encode()


def _without_nulls(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


# --- answering ---------------------------------------------------------------------------------


async def keep(inbox: Inbox, deliveries: Sequence[Delivery]) -> web.Response:
    """200 once all of them are on disk, 503 where that cannot be promised."""
    try:
        if deliveries:
            await inbox.accept(deliveries)
    except NotStored:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, wait=_RETRY_SECONDS)
    return web.Response(text="OK")


async def post(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Play a provider: post one webhook; the answer in one line, such as "200 OK"."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_SIMULATOR_TIMEOUT) as session,
            session.post(
                url, data=body, headers={"Content-Type": "application/json", **headers}
            ) as response,
        ):
            return f"{response.status} {response.reason}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"no answer: {type(error).__name__}"
