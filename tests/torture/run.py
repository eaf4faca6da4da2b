"""
`make torture`: every line of the torture chamber, on both engines, with a figure for each.

    tests/torture/run.py [--quick] [--write] [--engine ENGINE] [--only NUMBER] [--minutes MINUTES]
"""

import asyncio
import math
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

ROOT = Path(__file__).parents[2]
# Run as a script, only this folder is on the path; the cases need the project and its tests.
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

from postgres import Postgres, running_postgres  # noqa: E402 (see above)

from torture.case import ENGINES, Case, Chamber, Engine, Finding, Size  # noqa: E402 (see above)
from torture.cases import CASES  # noqa: E402 (see above)
from torture.report import Row, as_markdown  # noqa: E402 (see above)

console = Console(highlight=False)
NUMBERS = tuple(dict.fromkeys(case.number for case in CASES))
NOT_JUDGED = Finding(figure="could not be judged, twice", passed=False)


@click.command()
@click.option("--quick", is_flag=True, help="Minutes instead of an hour.")
@click.option("--write", is_flag=True, help="Also write the lines to docs/torture.md.")
@click.option("--engine", type=click.Choice(ENGINES), multiple=True, help="Only this engine.")
@click.option(
    "--only",
    type=click.Choice(NUMBERS),
    multiple=True,
    metavar="NUMBER",
    help="Only the lines with this number, such as R1.",
)
@click.option("--seed", type=int, default=None, help="Repeat a run; printed at its start.")
@click.option("--minutes", type=float, default=math.inf, help="Begin no line after that long.")
def main(  # noqa: PLR0913 (the options of a command)
    *,
    quick: bool,
    write: bool,
    engine: tuple[Engine, ...],
    only: tuple[str, ...],
    seed: int | None,
    minutes: float,
) -> None:
    """Run, print a line each, and fail if one did."""
    size: Size = "quick" if quick else "full"
    seed = seed if seed is not None else random.SystemRandom().randrange(2**32)
    engines = engine or ENGINES
    lines = list(_chosen(size, engines, only))
    if not lines:
        where = " or ".join(engines)
        raise click.UsageError(f"none of these lines is run in the {size} form on {where}")
    console.print(f"torture chamber, {size}, seed {seed}")
    with ExitStack() as stack:
        server = (
            stack.enter_context(running_postgres(lambda _: None))
            if "postgresql" in engines
            else None
        )
        stay = Stay(size=size, seed=seed, server=server, until=time.monotonic() + minutes * 60)
        if minutes < math.inf:
            # On a slow machine other lines are left out each time, none of them always.
            random.Random(seed).shuffle(lines)  # noqa: S311 (can be repeated)
        rows = []
        for case, on in lines:
            rows.append(stay.row(case, on))
            console.print(rows[-1].as_text(), markup=False, soft_wrap=True)
    if write:
        (ROOT / "docs/torture.md").write_text(as_markdown(size, rows))
    if failed := [row for row in rows if not row.passed]:
        # Again at the very end, where a log that was cut short still has them.
        for row in failed:
            console.print(row.as_text(), markup=False, soft_wrap=True)
        raise SystemExit(f"{len(failed)} of {len(rows)} lines failed, torture seed {seed}")
    console.print(f"{len(rows)} lines, none failed")


def _chosen(
    size: Size, engines: tuple[Engine, ...], only: tuple[str, ...]
) -> Iterator[tuple[Case, Engine]]:
    for case in CASES:
        if size in case.sizes and (not only or case.number in only):
            yield from ((case, engine) for engine in case.engines if engine in engines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One run of the chamber."""

    size: Size
    seed: int
    server: Postgres | None
    until: float

    def row(self, case: Case, engine: Engine) -> Row:
        """Run one case on one engine."""
        began = time.monotonic()
        if refused := case.refused():
            found = Finding(figure=f"NOT RUN: {refused}", passed=True)
        elif reason := case.lacking():
            # Where the peers must be there, a line that cannot run is a line that failed.
            required = "LAPOR_REQUIRE_PEERS" in os.environ
            found = Finding(figure=f"NOT RUN: {reason}", passed=not required)
        elif began > self.until:
            found = Finding(figure="NOT RUN: no time left", passed=True)
        else:
            # What could not be judged, on a machine that stood still, is begun once more; a figure
            # that misses the bar is final.
            found = self._found(case, engine) or self._found(case, engine) or NOT_JUDGED
        return Row(case=case, engine=engine, found=found, seconds=time.monotonic() - began)

    def _found(self, case: Case, engine: Engine) -> Finding | None:
        with tempfile.TemporaryDirectory(prefix="lapor-torture-") as folder:
            chamber = Chamber(
                size=self.size,
                engine=engine,
                folder=Path(folder),
                server=self.server if engine == "postgresql" else None,
                seed=self.seed,
            )
            try:
                return asyncio.run(_run(case, chamber))
            except Exception:  # noqa: BLE001 (the other lines go on)
                console.print(f"not judged: {case.name} on {engine}", markup=False)
                traceback.print_exc()
                return None


async def _run(case: Case, chamber: Chamber) -> Finding:
    return await case.run(chamber)


if __name__ == "__main__":
    main()
