"""`lapor-gateway run`: the daemon, and the banner that says where everything listens."""

import asyncio
import gc
import os
import sys
from typing import get_args

import click
import uvloop

from channels.registry import CHANNELS
from gateway import log
from gateway.app import App
from gateway.build_centrals import build_centrals
from gateway.build_craft import build_channels
from gateway.commands.common import Place, place_options
from gateway.errors import SettingsError
from gateway.roles import SERVING_OFFICERS, TAKING_IN, WORKING, Role
from gateway.settings import Settings
from gateway.vault import Vault
from gateway.workshop import InProcess


@click.command()
@click.option(
    "--role",
    type=click.Choice(get_args(Role)),
    default="all",
    help="What of it this process does; anything but all is for PostgreSQL.",
)
@place_options
def run(place: Place, role: Role) -> None:
    """
    Start the gateway and stay until SIGTERM.

    Without any configuration it runs on the embedded default: everything below ./data, every
    listener on this machine only.

    Example: lapor-gateway run --config /etc/lapor-gateway --data /var/lib/lapor-gateway
    """
    settings = place.settings()
    log.configure(settings.log.format, settings.log.level)
    # What was imported lives as long as the process; searching it for garbage again and again
    # would take a fifth of the time of a busy gateway.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # The event loop waits this long for a thread that computes before it may go on.
    sys.setswitchinterval(0.001)
    # Before anything is opened: it is a copy of what we are now.
    thinks = role in WORKING and settings.pipeline.own_process
    workshop = InProcess(settings) if thinks else None
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        asyncio.run(_serve(settings, workshop, role))
    except* SettingsError as group:
        raise group.exceptions[0] from None


async def _serve(settings: Settings, workshop: InProcess | None, role: Role) -> None:
    app = App(settings, os.environ, workshop, role=role)
    await app.run(lambda: _print_banner(settings, role))


def _print_banner(settings: Settings, role: Role) -> None:
    for line in banner(settings, role):
        click.echo(line)
    sys.stdout.flush()


def console_line(settings: Settings) -> str:
    """Where officers work, and how the first of them gets in."""
    where = f"http://{settings.http.internal}/console"
    return f"  {'console':<9} {where}  (first: lapor-gateway user add NAME --role admin)"


def banner(settings: Settings, role: Role = "all") -> list[str]:
    """Where everything of this process listens and one line to try for each door."""
    head = "lapor-gateway is ready" if role == "all" else f"lapor-gateway is ready as {role}"
    lines = [f"{head}; nothing that is acknowledged gets lost", ""]
    if role in TAKING_IN:
        lines += _doors(settings)
    if role in SERVING_OFFICERS:
        lines.append(console_line(settings))
    lines += [
        f"  {'health':<9} curl -s http://{settings.http.internal}/health/ready",
        f"  {'metrics':<9} curl -s http://{settings.http.internal}/metrics",
        f"  {'data':<9} {settings.data_dir}",
    ]
    return lines + (_stores(settings) if role in WORKING else [])


def _doors(settings: Settings) -> list[str]:
    # Only addresses are asked of these; nothing is opened, so any key will do.
    channels = build_channels(settings, Vault(bytes(32)))
    public = f"http://{settings.http.public}"
    return [
        f"  {kind.name:<9} {text}"
        for kind in CHANNELS
        if kind.name in channels
        for text in channels[kind.name].banner(public)
    ]


def _stores(settings: Settings) -> list[str]:
    lines = []
    for name, central in build_centrals(settings).items():
        path = getattr(central, "path", None)
        where = f"{path}, table records (or: lapor-gateway export)" if path else "by HTTP"
        lines.append(f"  {name:<9} {where}")
    return lines
