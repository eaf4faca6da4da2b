"""`lapor-gateway handoff`: what an officer types into a store that has no API, and its numbers."""

import getpass
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from channels.officer_table import NoTable, read_table
from gateway.build_routes import categories_of, read_taxonomy, tracking_forms
from gateway.commands.common import Place, clock_time, looking, place_options, show_table
from gateway.commands.daemon import file_it
from gateway.filing import Filing
from gateway.handoff import Handed, Task, form_of, tasks
from gateway.handoff_table import HEAD, as_csv, as_xlsx, rows_of
from gateway.settings import Settings
from normalizer.codes import read_case_code

F = TypeVar("F", bound=Callable[..., object])

SHOWN = 200
store_option = click.option("--store", default="", help="Which list, where there are several.")


@click.group()
def handoff() -> None:
    """Carry records by hand to a store that has no API."""


@handoff.command("list")
@store_option
@place_options
def list_(place: Place, store: str) -> None:
    """
    List what waits for an officer, oldest first.

    Example: lapor-gateway handoff list
    """
    _, waiting = _waiting(place, store)
    rows = [
        (task.case_code, clock_time(task.since), task.tracking_id or "new", task.title)
        for task in waiting[:SHOWN]
    ]
    show_table(("case", "since", "there", "about"), rows)
    if len(waiting) > SHOWN:
        click.echo(f"and {len(waiting) - SHOWN} more")


@handoff.command()
@click.argument("code", metavar="CODE")
@store_option
@place_options
def show(place: Place, code: str, store: str) -> None:
    """
    Show one case as the fields of the form, in its order, and what was added since.

    Example: lapor-gateway handoff show 7K2M9QX4T
    """
    settings, waiting = _waiting(place, store)
    task = next((task for task in waiting if task.case_code == _code(code)), None)
    if task is None:
        raise click.ClickException(f"{code} is not in the list")
    if task.tracking_id:
        click.echo(f"It is {task.tracking_id} there: change that one.")
    if task.record:
        for label, value in form_of(task.record, categories_of(read_taxonomy(settings))):
            click.echo(f"{label}: {value}")
    for comment in task.comments:
        click.echo(f"Tambahan pelapor: {comment.text}")


@handoff.command()
@click.argument("code", metavar="[CODE]", required=False)
@click.argument("tracking_id", metavar="[TRACKING_ID]", default="")
@click.option(
    "--from",
    "table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An exported table whose column with the numbers was filled in.",
)
@store_option
@place_options
def done(
    place: Place, code: str | None, tracking_id: str, *, table: Path | None, store: str
) -> None:
    """
    Say that a case is over there, under which number; without one, that a change is done.

    Example: lapor-gateway handoff done 7K2M9QX4T '#10456'
    """
    name = _store(place.settings(), store)
    if bool(code) == bool(table):
        raise click.UsageError("give a CODE, or a table with --from")
    pairs = [(_code(code), tracking_id)] if code else _filled(table)
    who = getpass.getuser()
    for each, number in pairs:
        handed = Handed(store=name, case_code=each, tracking_id=number, who=who)
        file_it(place, Filing(handed=(handed,), who=who))
        click.echo(f"{each} is done")


@handoff.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@store_option
@place_options
def export(place: Place, file: Path, store: str) -> None:
    """
    Write the list as a table, by the file's ending CSV or XLSX.

    Example: lapor-gateway handoff export laporan.xlsx
    """
    makers = {".csv": as_csv, ".xlsx": as_xlsx}
    if file.suffix not in makers:
        raise click.UsageError("the file's name ends in .csv or .xlsx")
    settings, waiting = _waiting(place, store)
    rows = rows_of(waiting, categories_of(read_taxonomy(settings)))
    file.write_bytes(makers[file.suffix](rows))
    click.echo(f"{len(waiting)} cases in {file}")


def _waiting(place: Place, store: str) -> tuple[Settings, Sequence[Task]]:
    with looking(place) as (settings, tx):
        return settings, tasks(tx, place.vault(settings), _store(settings, store))


def _store(settings: Settings, wanted: str) -> str:
    lists = list(tracking_forms(settings))
    if not lists:
        raise click.ClickException('no central store is of kind "handoff"')
    if wanted not in lists and (wanted or len(lists) > 1):
        raise click.UsageError(f"--store is one of {', '.join(lists)}")
    return wanted or lists[0]


def _filled(table: Path | None) -> list[tuple[str, str]]:
    """Code and number of each row where a number was filled in."""
    if table is None:
        return []
    try:
        rows = read_table(table.read_bytes(), table.name).rows
    except NoTable as exc:
        raise click.ClickException(f"{table}: {exc}") from exc
    head = list(rows[0].cells)
    if tuple(head[: len(HEAD)]) != HEAD:
        raise click.ClickException(f"{table}: the columns are not those of `handoff export`")
    number = HEAD.index("No. SP4N")
    filled = [row.cells for row in rows[1:] if len(row.cells) > number and row.cells[number]]
    return [(_code(cells[0]), cells[number]) for cells in filled]


def _code(typed: str) -> str:
    return read_case_code(typed) or typed.strip()
