"""
The peers: servers that answer as ours do and store nothing, one process each.

    python -m bench.bare http PORT      reads the body, says "ok"
    python -m bench.bare smtp PORT      aiosmtpd as it comes, says 250
    python -m bench.bare accept PORT D  our own door, journal in folder D, and no pipeline behind it

The same event loop and server settings as the gateway's; our own door also collects garbage as
rarely, and lets threads take turns as often, as the gateway does.
"""

import asyncio
import gc
import sys
from pathlib import Path

import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.app import open_key
from gateway.build import build
from gateway.http import public_app, runner_of
from gateway.settings import read_settings
from gateway.store import Store


class Forgetful:
    """Takes every mail and keeps none."""

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Acknowledge."""
        del server, session, envelope
        return "250 2.0.0 Stored"


def bare_http() -> web.Application:
    """A handler that reads and forgets."""

    async def receive(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=b"ok", content_type="text/plain")

    app = web.Application()
    app.router.add_post("/in/sms", receive)
    return app


async def accept_only(folder: Path) -> web.Application:
    """The gateway's public door and journal, without what comes after."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    sys.setswitchinterval(0.001)
    settings = read_settings(None, folder, {})
    key = open_key(settings, {}, may_create=True)
    parts = build(settings, key, await Store.open(settings.store_url))
    await parts.journal.open()
    sms, inbox = parts.channels["sms"], parts.inboxes["sms"]
    most = settings.http.body_bytes
    return public_app(sms.routes(inbox), most_bytes=most, quick=sms.quick(inbox))


async def serve_http(app: web.Application, port: int, *, own: bool) -> None:
    """Serve as gateway/app.py does; a bare application by the ways of aiohttp alone."""
    usual = web.AppRunner(app, access_log=None, auto_decompress=False)
    runner = runner_of(app, drain=1.0) if own else usual
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Future()


async def serve_smtp(port: int) -> None:
    """Serve as channels/mail_smtp.py does, with aiosmtpd's own reading of DATA."""
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            Forgetful(),
            hostname="localhost",
            ident="ESMTP",
            data_size_limit=26_214_400,
            enable_SMTPUTF8=True,
            timeout=60,
            loop=loop,
        )

    await loop.create_server(session, "127.0.0.1", port)
    await asyncio.Future()


async def main(kind: str, port: int, *folder: str) -> None:
    """Serve until killed."""
    if kind == "smtp":
        await serve_smtp(port)
    own = kind == "accept"
    app = await accept_only(Path(folder[0])) if own else bare_http()
    await serve_http(app, port, own=own)


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
