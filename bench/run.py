"""
`make bench`: every figure of the gateway beside its peer, in one run on one machine.

    bench/run.py [--quick] [--write] [--postfix] [--postgres] [--only NAME]
"""

import asyncio
import signal
import sys
from collections.abc import Set as AbstractSet
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
# `python bench/run.py` has only bench/ on its path; the figures need the project and the tests'
# real processes.
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

from bench.suite import GROUPS, measure  # noqa: E402 (see above)
from bench.table import Figure, as_markdown, show  # noqa: E402 (see above)


@click.command()
@click.option("--quick", is_flag=True, help="Under 90 seconds, small numbers.")
@click.option("--write", is_flag=True, help="Also write the table to docs/bench.md.")
@click.option("--postfix", is_flag=True, help="Mail beside a private Postfix, if installed.")
@click.option("--postgres", is_flag=True, help="Journal, workers and matching on PostgreSQL.")
@click.option("--only", type=click.Choice(GROUPS), multiple=True, help="Only these figures.")
def main(*, quick: bool, write: bool, postfix: bool, postgres: bool, only: tuple[str, ...]) -> None:
    """Measure and print the table."""
    chosen = set(only) or {*GROUPS} - {"postgres"} | ({"postgres"} if postgres else set())
    try:
        figures, notes = asyncio.run(_measured(chosen, quick=quick, postfix=postfix))
    except asyncio.CancelledError:
        raise SystemExit("bench: ended from outside, what it started is gone") from None
    show(figures, notes)
    if write:
        (ROOT / "docs/bench.md").write_text(as_markdown(figures, notes))


async def _measured(
    chosen: AbstractSet[str], *, quick: bool, postfix: bool
) -> tuple[list[Figure], tuple[str, ...]]:
    """The figures; whoever ends us early also ends the servers, which would go on."""
    task = asyncio.current_task()
    assert task  # noqa: S101 (we are in one)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await measure(chosen, quick=quick, postfix=postfix)


if __name__ == "__main__":
    main()
