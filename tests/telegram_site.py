"""The Telegram channel in its tests: opened against the server of telegram_server.py."""

import asyncio
import time
from collections.abc import Callable

from telegram_server import TOKEN, TelegramServer

from channels.contract import InboundMessage, Secret
from channels.telegram import Telegram
from channels.telegram_key import Bot, packed
from channels.telegram_options import TelegramOptions

KEY = bytes(range(32))
SECRET = "invented-secret_1"
OLD_SECRET = "invented-secret_0"
US = Bot(id="7000000001", username="lapor_contoh_bot")
PATIENCE = 60.0


def options(server: TelegramServer | None, **more: object) -> TelegramOptions:
    """Settings that lead to this server; without one, to nowhere."""
    told = {
        "token": Secret(TOKEN),
        "api_url": server.url if server else "http://127.0.0.1:9",
        "timeout": 20.0,
        **more,
    }
    return TelegramOptions(**told)  # type: ignore[arg-type]  # one test, one option


def opened(server: TelegramServer | None, **more: object) -> Telegram:
    """The channel with these settings."""
    return Telegram(options(server, **more), KEY)


def hooked(server: TelegramServer | None, **more: object) -> Telegram:
    """The channel behind a webhook with two secrets."""
    secrets = (Secret(SECRET), Secret(OLD_SECRET))
    return opened(server, **{"mode": "webhook", "secrets": secrets, **more})


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that no event tells of."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


def said(payload: bytes) -> InboundMessage:
    """A journaled update, which must be a message."""
    parsed = opened(None).parse(payload)
    assert isinstance(parsed, InboundMessage), parsed
    return parsed


def heard(raw: bytes, bot: Bot = US) -> bytes:
    """The journal bytes of an update."""
    return packed(raw, bot)
