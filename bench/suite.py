"""Which figures there are, and measuring the chosen ones in order."""

import time
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from functools import partial

import click

from bench.console import console, console_on_postgres
from bench.mail import mail
from bench.matching import matching
from bench.normalizing import normalizing
from bench.on_postgres import on_postgres
from bench.peers import FULL, QUICK, Scale
from bench.records import records
from bench.starting import starting
from bench.table import Figure
from bench.webhooks import webhooks

GROUPS = ("start", "webhooks", "mail", "records", "normalize", "matching", "console", "postgres")
NOTES = (
    "webhooks: the running gateway, its pipeline making records meanwhile; the peer forgets.",
    '"no pipeline behind": the same door and journal alone.',
    "servers take turns, the others are stopped meanwhile; medians of several rounds.",
    "load and servers share this machine's cores, so compare and do not quote.",
)


async def _both(scale: Scale) -> list[Figure]:
    return [*await on_postgres(scale), *await console_on_postgres(scale)]


async def measure(
    chosen: AbstractSet[str], *, quick: bool, postfix: bool
) -> tuple[list[Figure], tuple[str, ...]]:
    """Every chosen figure, and notes on how they came about."""
    scale = QUICK if quick else FULL
    groups: dict[str, Callable[[Scale], Awaitable[list[Figure]]]] = {
        "start": starting,
        "webhooks": webhooks,
        "mail": partial(mail, postfix=postfix),
        "records": records,
        "normalize": normalizing,
        "matching": matching,
        "console": console,
        "postgres": _both,
    }
    figures: list[Figure] = []
    for name in GROUPS:
        if name in chosen:
            began = time.perf_counter()
            figures += await groups[name](scale)
            click.echo(f"{name}: {time.perf_counter() - began:.0f} s", err=True)
    return figures, NOTES
