"""`lapor-gateway conform`: tries a mapping of somebody's API against the real thing."""

import asyncio
import secrets
import sys
from collections.abc import Sequence

import click

from forwarder.central.lapor import LaporCentral
from forwarder.central.lapor_conform import Conform, Step, sample
from gateway.build_centrals import build_centrals
from gateway.clock import now_ms
from gateway.commands.common import Place, place_options
from gateway.settings import Settings
from normalizer.codes import ALPHABET

MARKS = {"ok": "ok     ", "wrong": "WRONG  ", "skipped": "skipped", "dry": "dry    "}


@click.group()
def conform() -> None:
    """Try what the settings say about a store's API against the store itself."""


@conform.command()
@click.option("--store", default="", help="Which store, where several are of kind lapor.")
@click.option("--send", is_flag=True, help="Really send: makes one report, marked as a test.")
@place_options
def lapor(place: Place, store: str, *, send: bool) -> None:
    """
    Go through lapor.toml step by step and say what to change; exit 1 if something does not fit.

    Example: lapor-gateway conform lapor --config /etc/lapor-gateway --send
    """
    steps = asyncio.run(_steps(place.settings(), store, send=send))
    for step in steps:
        click.echo(f"{MARKS[step.verdict]}  {step.name}: expected {step.expected}")
        if step.came:
            click.echo(f"         came: {step.came}")
        if step.change:
            click.echo(f"         change: {step.change}")
    wrong = [step.name for step in steps if step.verdict == "wrong"]
    if wrong:
        click.echo(f"does not fit yet: {', '.join(wrong)}")
        sys.exit(1)
    if send:
        click.echo("it fits: set confirmed = true in lapor.toml")


async def _steps(settings: Settings, wanted: str, *, send: bool) -> Sequence[Step]:
    centrals = build_centrals(settings)
    found = {name: one for name, one in centrals.items() if isinstance(one, LaporCentral)}
    if not found:
        raise click.ClickException('no central store is of kind "lapor"')
    if wanted not in found and (wanted or len(found) > 1):
        raise click.UsageError(f"--store is one of {', '.join(found)}")
    # No code of a case, but as unlikely to stand in another report by chance.
    mark = "UJI" + "".join(secrets.choice(ALPHABET) for _ in range(9))
    chosen = found[wanted or next(iter(found))]
    try:
        record = sample(mark, now_ms())
        return [step async for step in Conform(chosen, record, send=send).steps()]
    finally:
        for central in centrals.values():
            await central.close()
