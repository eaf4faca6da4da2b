"""
An office of canaries: every door open, every secret one of them, and peers that quote everything.

Whatever the gateway asks of somebody else is refused with all that was asked: status after status,
in the form of whichever provider. Nothing of it may come to light again.
"""

import asyncio
import itertools
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from gateway_process import Gateway
from listening import listening
from ports import unused_port

from torture.canary_words import Canaries

#: What is answered, one after the other; 0: the connection is cut, 200: nothing the asker expects.
STATUSES = (500, 400, 401, 422, 0, 429, 200, 403, 503, 404)
MAPPING = """
confirmed = true
[headers]
Authorization = "Bearer {token}"
[create]
path = "/aduan"
[create.fields]
isi = "{text} [{case_code}]"
akun = "{username}"
sandi = "{password}"
[read]
tracking_id = "/id"
error = "/detail"
"""
#: Seconds, where a peer fails on and on: short, so that everything is tried and given up soon.
OUTBOX = {"base": 0.05, "cap": 0.3, "told_cap": 0.5, "attempts": 4, "uncertain_wait": 1.0}


class Rude:
    """Every peer at once: a provider, a store, an identity provider, a bucket, a feed."""

    def __init__(self) -> None:
        self.url = ""
        self.relay = ""
        self.imap = ""
        #: All that was ever told to it; it knows the secrets that are there to be shown.
        self.heard = bytearray()
        self._next = itertools.cycle(STATUSES)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Rude"]:
        """Listen for HTTP, SMTP and IMAP on free ports of 127.0.0.1."""
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._refuse)
        relay = await asyncio.start_server(self._refuse_mail, "127.0.0.1", 0)
        imap = await asyncio.start_server(self._refuse_login, "127.0.0.1", 0)
        self.relay, self.imap = (
            f"127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in (relay, imap)
        )
        async with relay, imap, listening(web.AppRunner(app)) as url:
            self.url = url
            yield self

    async def _refuse(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        quoted = f"{request.method} {request.raw_path} {dict(request.headers)} "
        quoted += body.decode("utf-8", "replace")
        self.heard += quoted.encode("utf-8", "replace")
        for shown in ("Authorization", "X-Password"):
            self.heard += b64decoded(request.headers.get(shown, ""))
        status = next(self._next)
        if not status:
            assert request.transport
            request.transport.abort()
            return web.Response()
        if request.path.endswith("/services.json"):
            return web.json_response([{"service_code": "LAIN", "service_name": "Lain"}])
        return web.Response(status=status, text=_problem(quoted), content_type="application/json")

    async def _refuse_mail(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"220 relay.example.org\r\n")
        while line := await reader.readline():
            verb, said = line[:4].upper(), line.strip()
            self.heard += said + b64decoded(said.decode("latin-1"))
            if verb == b"EHLO":
                writer.write(b"250-relay.example.org\r\n250 AUTH PLAIN LOGIN\r\n")
            elif verb == b"RCPT":
                writer.write(b"450 4.2.1 not now, " + said + b" of " + self._last_login() + b"\r\n")
            else:
                writer.write(b"235 ok\r\n" if verb == b"AUTH" else b"250 ok\r\n")
        writer.close()

    async def _refuse_login(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"* OK IMAP4rev1 ready\r\n")
        while line := await reader.readline():
            self.heard += line
            tag, _, said = line.strip().partition(b" ")
            if said.upper().startswith(b"CAPABILITY"):
                writer.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
            else:
                writer.write(tag + b" NO [AUTHENTICATIONFAILED] not with " + said + b"\r\n")
        writer.close()

    def _last_login(self) -> bytes:
        return bytes(self.heard[-400:]).replace(b"\r", b" ").replace(b"\n", b" ")


def b64decoded(words: str) -> bytes:
    """What of these words is base64, as who gets it reads it."""
    read = b""
    for word in words.split():
        try:
            read += b64decode(word, validate=True)
        except ValueError:
            continue
    return read


def _problem(quoted: str) -> str:
    """As Telegram, Meta, LINE, X, a problem document and OpenID Connect say it, all at once."""
    return json.dumps(
        {
            "ok": False,
            "error_code": 400,
            "description": quoted,
            "error": {"message": quoted, "type": quoted, "code": 100, "error_data": quoted},
            "error_description": quoted,
            "message": quoted,
            "errors": [{"message": quoted, "detail": quoted, "code": 32}],
            "title": quoted,
            "detail": quoted,
            "status": quoted,
            "id": "X" * 12,
        }
    )


def furnish(gateway: Gateway, canaries: Canaries, rude: Rude, store: Mapping[str, Any]) -> None:
    """Settings and secrets of everything, each secret in a file of its own outside of the data."""
    folder = gateway.home / "secrets"
    folder.mkdir(mode=0o700)
    for name, value in canaries.secrets.items():
        (folder / name).write_text(value)
        gateway.env[f"LAPOR_{name.upper()}_FILE"] = str(folder / name)
    gateway.config_dir.mkdir()
    (gateway.config_dir / "lapor.toml").write_text(MAPPING)
    gateway.settings = {
        **store,
        "log": {"level": "debug", "format": "json"},
        "outbox": OUTBOX,
        "pipeline": {"part_timeout": 1.0, "quiet_time": 0.5, "receipt_patience": 0.5},
        "attachments": {"s3": {"access_key": "s3_access", "secret_key": "s3_secret"}},
        "console": {
            "totp": "optional",
            "oidc": {
                "issuer": f"{rude.url}/issuer",
                "client_id": "lapor",
                "client_secret": "oidc_secret",
                "console_url": gateway.internal_url,
                "roles": {"lapor-admin": "admin"},
            },
        },
        "central": _centrals(rude),
        "channels": _channels(rude),
    }


def _centrals(rude: Rude) -> dict[str, Any]:
    nobody = f"postgresql://lapor@127.0.0.1:{unused_port()}/lapor"
    return {
        "central": {"kind": "sqlite"},
        "ministry": {
            "kind": "http",
            "url": f"{rude.url}/events",
            "find_url": f"{rude.url}/events/{{id}}",
            "poll_url": f"{rude.url}/updates?after={{cursor}}",
            "poll": 0.5,
            "allow_private": True,
            "secrets": ["store"],
            "update_secrets": ["updates"],
        },
        "lapor": {
            "kind": "lapor",
            "url": f"{rude.url}/lapor",
            "token": "lapor_token",
            "username": "kantor",
            "password": "lapor_password",
            "allow_private": True,
        },
        "city": {
            "kind": "open311",
            "url": f"{rude.url}/city",
            "api_key": "city_key",
            "fallback": "LAIN",
            "poll": 0.5,
            "allow_private": True,
        },
        "away": {"kind": "postgres", "url": nobody, "password": "central_password"},
    }


def _channels(rude: Rude) -> dict[str, Any]:
    def meta(name: str) -> dict[str, Any]:
        return {
            "enabled": True,
            "secrets": [f"door_{name}"],
            "verify_token": "meta_verify",
            "access_token": f"{name}_token",
            "api_url": rude.url,
        }

    return {
        "sms": {
            "secrets": ["door_sms"],
            "send_url": f"{rude.url}/send",
            "username": "kantor",
            "password": "sms_password",
        },
        "mail": {
            "relay": rude.relay,
            "relay_username": "kantor",
            "relay_password": "relay_password",
            "imap": rude.imap,
            "imap_security": "none",
            "imap_username": "kantor",
            "imap_password": "imap_password",
            "imap_poll": 1.0,
        },
        "web": {"reports_per_hour": 1_000_000, "lookups_per_hour": 1_000_000},
        "line": {
            "enabled": True,
            "secrets": ["door_line"],
            "access_token": "line_token",
            "api_url": rude.url,
            "content_url": rude.url,
        },
        "whatsapp": meta("whatsapp") | {"pair_seconds": 0.0},
        "messenger": meta("messenger"),
        "instagram": meta("instagram"),
        "telegram": {
            "enabled": True,
            "mode": "webhook",
            "token": "telegram_token",
            "secrets": ["door_telegram"],
            "username": "lapor_contoh_bot",
            "api_url": rude.url,
        },
        "x": {
            "enabled": True,
            "user_id": "1",
            "secrets": ["door_x"],
            "bearer_token": "x_bearer",
            "consumer_key": "x_key",
            "consumer_secret": "x_secret",
            "access_token": "x_token",
            "access_token_secret": "x_token_secret",
            "mentions_every": 0.5,
            "probe": 0.2,
            "api_url": rude.url,
            "media_url": rude.url,
        },
        "rss": {
            "enabled": True,
            "feeds": [{"name": "kabar", "url": f"{rude.url}/feed", "every": 1.0, "private": True}],
        },
        "api": {
            "enabled": True,
            "apps": [
                {
                    "name": "ape-kesah",
                    "keys": ["app_key"],
                    "rate_per_minute": 1_000_000,
                    "callback_url": f"{rude.url}/back",
                    "callback_secrets": ["app_callback"],
                    "callback_private": True,
                }
            ],
        },
        "open311": {
            "enabled": True,
            "clients": [
                {"name": "peta", "keys": ["city_client_key"], "rate_per_minute": 1_000_000}
            ],
        },
        "officer": {"secrets": ["door_officer"]},
    }
