"""
Where the answers of all channels go: a provider of each kind on loopback, and what it was given.

`settings` and `env` are a gateway's with every door open.
"""

import email
import email.policy
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import api_app
import line_server
import meta_server
import open311_site
import telegram_site
from aiohttp import web
from line_server import LinePlatform
from mail_site import FakeRelay, relay
from meta_server import MetaPlatform
from sms_gateway import SendApiPeer, serving
from telegram_server import TOKEN, TelegramServer, telegram

OFFICER_KEY = "kunci-alat-kantor-0000001"
ENV = {
    "LAPOR_LINE_SECRET": line_server.SECRET,
    "LAPOR_LINE_TOKEN": line_server.TOKEN,
    "LAPOR_META_SECRET": meta_server.SECRET,
    "LAPOR_META_TOKEN": meta_server.TOKEN,
    "LAPOR_TELEGRAM_SECRET": telegram_site.SECRET,
    "LAPOR_TELEGRAM_TOKEN": TOKEN,
    "LAPOR_APP_KEY": api_app.APP_KEY,
    "LAPOR_APP_CALLBACK": api_app.OLD.value,
    "LAPOR_CITY_KEY": open311_site.API_KEY,
    "LAPOR_OFFICER_KEY": OFFICER_KEY,
}
# Limits against strangers: here one address and one app are everybody.
MANY = 10_000_000


@dataclass(kw_only=True)
class Answers:
    """All providers."""

    sms: SendApiPeer
    mail: FakeRelay
    line: LinePlatform
    meta: MetaPlatform
    telegram: TelegramServer
    #: The addresses of the SMS provider and of the app's callback.
    send_api: str
    callback: str = ""
    #: Webhooks of the app by their id: it knows by it what it has.
    events: dict[str, bytes] = field(default_factory=dict)

    def heard(self) -> dict[str, list[str]]:
        """What people were told, by the kind of provider."""
        return {
            "sms": [form["text"] for _, _, form, _ in self.sms.asked],
            "mail": [_words(mail) for mail in self.mail.mails],
            "line": [sent.text for sent in self.line.sent],
            "meta": [sent.text for sent in self.meta.sent],
            "telegram": [sent["text"] for sent in self.telegram.sent],
            "api": [json.loads(event)["data"]["text"] for event in self.events.values()],
        }

    def settings(self) -> dict[str, Any]:
        """Every door open, and its answers sent here."""
        meta = {
            "enabled": True,
            "secrets": ["meta_secret"],
            "access_token": "meta_token",
            "api_url": self.meta.url,
        }
        return {
            "pipeline": {"replies_per_hour": MANY},
            "outbox": {"uncertain_wait": 1.0},
            "channels": {
                "sms": {"send_url": f"{self.send_api}/send"},
                "mail": {"relay": self.mail.address},
                "web": {"reports_per_hour": MANY},
                "line": {
                    "enabled": True,
                    "secrets": ["line_secret"],
                    "access_token": "line_token",
                    "api_url": self.line.url,
                },
                "whatsapp": meta | {"pair_seconds": 0.0},
                "messenger": meta,
                "instagram": meta,
                "telegram": {
                    "enabled": True,
                    "mode": "webhook",
                    "token": "telegram_token",
                    "secrets": ["telegram_secret"],
                    "username": "lapor_contoh_bot",
                    "api_url": self.telegram.url,
                    "overall_per_second": 1000.0,
                    "typing": False,
                },
                "api": {
                    "enabled": True,
                    "apps": [
                        {
                            "name": "ape-kesah",
                            "keys": ["app_key"],
                            "rate_per_minute": MANY,
                            "callback_url": self.callback,
                            "callback_secrets": ["app_callback"],
                            "callback_private": True,
                        }
                    ],
                },
                "open311": {
                    "enabled": True,
                    "clients": [
                        {"name": "peta-kota", "keys": ["city_key"], "rate_per_minute": MANY}
                    ],
                },
                "officer": {"secrets": ["officer_key"]},
            },
        }

    async def call_back(self, request: web.Request) -> web.Response:
        """The app's own address."""
        self.events[request.headers["webhook-id"]] = await request.read()
        return web.Response()


@asynccontextmanager
async def all_answers() -> AsyncIterator[Answers]:
    """Every provider, until the block ends."""
    async with AsyncExitStack() as stack:
        sms = SendApiPeer()
        answers = Answers(
            sms=sms,
            mail=await stack.enter_async_context(relay()),
            line=await stack.enter_async_context(LinePlatform().serving()),
            meta=await stack.enter_async_context(MetaPlatform().serving()),
            telegram=await stack.enter_async_context(telegram()),
            send_api=await stack.enter_async_context(serving(sms.routes())),
        )
        routes = [web.post("/", answers.call_back)]
        answers.callback = await stack.enter_async_context(serving(routes)) + "/"
        yield answers


def _words(mail: bytes) -> str:
    message = email.message_from_bytes(mail, policy=email.policy.default)
    body = message.get_body(("plain",))
    return body.get_content() if body else ""
