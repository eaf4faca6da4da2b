"""`lapor-gateway run`: the daemon, and the banner that says where everything listens."""

import asyncio
import gc
import os
import sys

import click
import uvloop

from channels.registry import CHANNELS
from gateway import log
from gateway.app import App
from gateway.build_centrals import build_centrals
from gateway.build_craft import build_channels
from gateway.commands.common import Place, place_options
from gateway.errors import SettingsError
from gateway.settings import Settings
from gateway.vault import Vault
from gateway.workshop import InProcess


@click.command()
@place_options
def run(place: Place) -> None:
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
    workshop = InProcess(settings) if settings.pipeline.own_process else None
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        asyncio.run(_serve(settings, workshop))
    except* SettingsError as group:
        raise group.exceptions[0] from None


async def _serve(settings: Settings, workshop: InProcess | None) -> None:
    app = App(settings, os.environ, workshop)
    await app.run(lambda: _print_banner(settings))


def _print_banner(settings: Settings) -> None:
    for line in banner(settings):
        click.echo(line)
    sys.stdout.flush()


def banner(settings: Settings) -> list[str]:
    """Where everything listens and one line to try for each door."""
    # Only addresses are asked of these; nothing is opened, so any key will do.
    channels = build_channels(settings, Vault(bytes(32)))
    public = f"http://{settings.http.public}"
    lines = ["lapor-gateway is ready; nothing that is acknowledged gets lost", ""]
    for kind in CHANNELS:
        if channel := channels.get(kind.name):
            lines += [f"  {kind.name:<9} {text}" for text in channel.banner(public)]
    lines += [
        f"  {'health':<9} curl -s http://{settings.http.internal}/health/ready",
        f"  {'metrics':<9} curl -s http://{settings.http.internal}/metrics",
        f"  {'data':<9} {settings.data_dir}",
    ]
    for name, central in build_centrals(settings).items():
        path = getattr(central, "path", None)
        where = f"{path}, table records (or: lapor-gateway export)" if path else "by HTTP"
        lines.append(f"  {name:<9} {where}")
    return lines
