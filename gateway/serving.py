"""The two listeners of a running gateway: what each is made of, and opening it."""

import socket
from collections.abc import MutableMapping
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import web

from gateway.build import Parts
from gateway.errors import SettingsError
from gateway.health import Health
from gateway.http import internal_app, public_app, runner_of
from gateway.internal import carry_out, entrusted, file_for, order_user, scrape
from gateway.settings import Settings
from gateway.sockets import host_and_port
from gateway.vault import Vault


def internal_app_of(
    parts: Parts, health: Health, environment: MutableMapping[str, str]
) -> web.Application:
    """Health, metrics and the orders of operators."""
    return internal_app(
        ready=health.missing,
        troubles=lambda: {note.channel: note.kind for note in parts.troubles.notes()},
        metrics=partial(scrape, parts, health),
        carry_out=partial(carry_out, parts),
        file=partial(file_for, parts),
        entrust=partial(entrusted, parts, environment),
        users=partial(order_user, parts),
        token=operator_token(parts.vault),
    )


def public_app_of(parts: Parts) -> web.Application:
    """The doors of all channels, and of the central stores' updates."""
    routes = [
        route
        for name, channel in parts.channels.items()
        for route in channel.routes(parts.inboxes[name])
    ]
    routes += parts.back.door.routes()
    quick = {
        path: door
        for name, channel in parts.channels.items()
        for path, door in channel.quick(parts.inboxes[name]).items()
    }
    http = parts.settings.http
    return public_app(
        routes, most_bytes=http.body_bytes, arriving_bytes=http.arriving_bytes, quick=quick
    )


async def listen(
    stack: AsyncExitStack,
    app: web.Application,
    name: str,
    *,
    settings: Settings,
    passed: socket.socket | None,
) -> web.BaseSite:
    """Open the listener `public` or `internal`, on the service manager's socket if there is one."""
    runner = runner_of(app, drain=settings.limits.drain)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    address = getattr(settings.http, name)
    host, port = host_and_port(address)
    site = web.SockSite(runner, passed) if passed else web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as exc:
        raise SettingsError(
            f"{settings.file}: http.{name}: cannot listen on {address}: {exc.strerror}"
        ) from exc
    return site


def operator_token(vault: Vault) -> str:
    """What the command line shows to the daemon; both know the gateway key."""
    return vault.derive("operator token").hex()
