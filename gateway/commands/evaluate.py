"""`lapor-gateway evaluate`: how well complaints are read, measured on real ones."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.commands.common import show_table
from gateway.evaluation.every import TASKS, measures
from gateway.evaluation.figure import Figure
from gateway.evaluation.quality import page

_COLUMNS = ("task", "measure", "value", "reach", "n", "detail")


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=lambda: os.environ.get("LAPOR_DATA"),
    required=True,
    help="The folder of the evaluation sets [default: $LAPOR_DATA].",
)
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Also as a page.")
@click.argument("tasks", nargs=-1, type=click.Choice(TASKS))
def evaluate(data: Path, write: Path | None, tasks: Sequence[str]) -> None:
    """
    Measure TASKS, by default all of them, and print a table; exit 1 if one falls short.

    A task whose set is not in the folder is named and left out.

    Example: lapor-gateway evaluate --data ../shared/data places
    """
    figures: list[Figure] = []
    for name, measure in measures(tuple(tasks) or TASKS).items():
        click.echo(f"measuring {name}", err=True)
        try:
            figures += measure(data)
        except FileNotFoundError as exc:
            click.echo(f"{name}: {exc.filename} is not there; left out", err=True)
    show_table(_COLUMNS, [_row(figure) for figure in figures])
    if write:
        write.write_text(page(figures), encoding="utf-8")
    sys.exit(not all(figure.reached for figure in figures))


def _row(figure: Figure) -> tuple[object, ...]:
    reach = "" if figure.reach is None else f"{figure.reach:.3g}"
    short = "" if figure.reached else " (short)"
    value = f"{figure.value:.3f}{short}"
    return figure.task, figure.measure, value, reach, figure.n, figure.detail
