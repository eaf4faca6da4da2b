"""`lapor-gateway train`: models that learn from what officers decide, and their versions."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import click

from channels.officer_table import NoTable, read_table
from gateway.app import open_key
from gateway.build_craft import build_rules
from gateway.commands.common import Place, counting, looking, place_options, show_table
from gateway.learning import corrections, past
from gateway.learning.corrections import Corrected, Task
from gateway.learning.past import Columns
from gateway.learning.teaching import STEPS, TooFew, teach, try_shadow
from gateway.learning.versions import TASKS, Versions
from gateway.settings import Settings
from gateway.store.sqlite import Sqlite
from gateway.store.store import engine_for
from gateway.vault import Vault

_TAKES_OVER = "A running gateway takes it within a minute."
_FIGURES = ("accuracy", "macro_f1", "among_three", "answered", "answered_right")


@click.command()
@click.option("--task", "tasks", multiple=True, type=click.Choice(TASKS), help="Only this task.")
@click.option(
    "--csv",
    "table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Learn from this table of old reports too (CSV or XLSX), now and each time after.",
)
@click.option("--text", default="", help="Its column with the words.")
@click.option("--label", default="", help="Its column with the right value.")
@click.option("--title", default="", help="Its column with the citizen's title.")
@click.option("--address", default="", help="Its column with the place.")
@click.option("--forget-csv", is_flag=True, help="Delete what was kept of the table.")
@click.option("--activate", is_flag=True, help="Put the version that is tried in force now.")
@click.option("--rollback", is_flag=True, help="Put the version before in force again.")
@click.option("--list", "listing", is_flag=True, help="Only show the versions and their figures.")
@place_options
def train(  # noqa: PLR0913, PLR0917 (click hands in each option)
    place: Place,
    tasks: Sequence[Task],
    table: Path | None,
    text: str,
    label: str,
    title: str,
    address: str,
    *,
    forget_csv: bool,
    activate: bool,
    rollback: bool,
    listing: bool,
) -> None:
    """
    Learn from officers' corrections; a new version is tried in the shadow before it decides.

    It takes over when it was right more often than what decides now, on fifty corrections made
    after it: run this each night. The gateway goes on meanwhile.

    Example: lapor-gateway train --task topic --csv lama.csv --text isi --label kategori --activate
    """
    settings = place.settings()
    chosen = tasks or TASKS
    if (table or rollback or forget_csv) and len(chosen) != 1:
        raise click.UsageError("say which with --task")
    if table and not (text and label):
        raise click.UsageError("name the columns with --text and --label")
    versions = [Versions.of(settings.data_dir, task) for task in chosen]
    if rollback:
        version = versions[0].roll_back()
        decides = f"version {version} decides" if version else "the rules decide alone"
        click.echo(f"{chosen[0]}: {decides} again. {_TAKES_OVER}")
    elif forget_csv:
        past.forget(versions[0])
        click.echo(f"{chosen[0]}: the table is forgotten")
    elif not listing:
        if table:
            columns = Columns(text=text, label=label, title=title, address=address)
            _take(_vault(settings), versions[0], (table, columns))
        _train(place, settings, versions, activate=activate)
    _show(versions)


def _never_ran(settings: Settings) -> bool:
    """Whether there is no database yet; of one on a server nobody here can tell."""
    engine = engine_for(settings.store_url)
    return isinstance(engine, Sqlite) and not engine.path.exists()


def _vault(settings: Settings) -> Vault:
    """The vault; an office may teach its gateway before it runs, so the key may be made here."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Vault(open_key(settings, os.environ, may_create=_never_ran(settings)))


def _take(vault: Vault, versions: Versions, given: tuple[Path, Columns]) -> None:
    """Keep the reports of a table."""
    file, columns = given
    try:
        reports = list(past.past_in(read_table(file.read_bytes(), file.name), columns))
    except NoTable as exc:
        raise click.ClickException(f"{file}: {exc}") from exc
    past.keep(versions, vault, reports)
    click.echo(f"{versions.task}: {len(reports)} old reports are kept, sealed")


def _train(
    place: Place, settings: Settings, versions: Sequence[Versions], *, activate: bool
) -> None:
    rules = build_rules(settings)
    vault = _vault(settings)
    learned = False
    for each in versions:
        corrected = [] if _never_ran(settings) else _corrected(place, vault, _task(each))
        trial = try_shadow(each, corrected, rules)
        if trial:
            click.echo(f"{each.task}: {trial}")
        reports = [*past.kept(each, vault), *map(past.past_of, corrected)]
        try:
            with counting(each.task, STEPS) as note:
                version = teach(each, reports, rules, note)
            click.echo(f"{each.task}: version {version} learned from {len(reports)} reports")
            learned = True
        except TooFew as exc:
            click.echo(f"{each.task}: {exc}")
        if activate and each.shadow:
            click.echo(f"{each.task}: version {each.shadow} decides now. {_TAKES_OVER}")
            each.activate(each.shadow)
    if not learned:
        sys.exit(1)


def _corrected(place: Place, vault: Vault, task: Task) -> list[Corrected]:
    with looking(place) as (_, tx):
        return list(corrections.last(tx, vault, task))


def _task(versions: Versions) -> Task:
    return next(task for task in get_args(Task) if task == versions.task)


def _show(versions: Sequence[Versions]) -> None:
    show_table(
        ("task", "version", "state", "made", "reports", *_FIGURES),
        [row for each in versions for row in _rows(each)],
    )


def _rows(versions: Versions) -> Iterator[tuple[object, ...]]:
    active, shadow = versions.active, versions.shadow
    for head in versions.heads():
        state = {active: "decides", shadow: "is tried"}.get(head.version, "")
        figures = (f"{head.figures.get(name, 0):.3f}" for name in _FIGURES)
        yield head.task, head.version, state, head.trained_at, head.examples, *figures
