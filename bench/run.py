"""
`make bench`: every figure of the gateway beside its peer, in one run on one machine.

    bench/run.py [--quick] [--write] [--postfix] [--postgres] [--only NAME]
"""

import asyncio
import sys
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
# `python bench/run.py` has only bench/ on its path; the figures need the project and the tests'
# real processes.
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

from bench.suite import GROUPS, measure  # noqa: E402 (see above)
from bench.table import as_markdown, show  # noqa: E402 (see above)


@click.command()
@click.option("--quick", is_flag=True, help="Under 90 seconds, small numbers.")
@click.option("--write", is_flag=True, help="Also write the table to docs/bench.md.")
@click.option("--postfix", is_flag=True, help="Mail beside a private Postfix, if installed.")
@click.option("--postgres", is_flag=True, help="The journal on PostgreSQL.")
@click.option("--only", type=click.Choice(GROUPS), multiple=True, help="Only these figures.")
def main(*, quick: bool, write: bool, postfix: bool, postgres: bool, only: tuple[str, ...]) -> None:
    """Measure and print the table."""
    chosen = set(only) or {*GROUPS} - {"postgres"} | ({"postgres"} if postgres else set())
    figures, notes = asyncio.run(measure(chosen, quick=quick, postfix=postfix))
    show(figures, notes)
    if write:
        (ROOT / "docs/bench.md").write_text(as_markdown(figures, notes))


if __name__ == "__main__":
    main()
