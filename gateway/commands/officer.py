"""Commands for officers: import a table of another system, turn signals into reports."""

import getpass
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from channels.officer_plan import deliveries, plan, preview
from channels.officer_table import NoTable, read_table
from gateway import signals
from gateway.commands.common import (
    Place,
    clock_time,
    counting,
    looking,
    place_options,
    show_table,
    since_option,
)
from gateway.commands.daemon import file_it
from gateway.filing import Filing, Row

# What the internal listener takes at once stays far below its cap.
MOST_ROWS = 200
MOST_BYTES = 256 << 10
SHOWN = 60


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="The other system; the file's name by default.")
@click.option("--column", multiple=True, metavar="FIELD=HEADING", help="Where one is not seen.")
@click.option("--preview", "only_look", is_flag=True, help="Only say what would happen.")
@place_options
def import_(
    place: Place, file: Path, source: str, column: Sequence[str], *, only_look: bool
) -> None:
    """
    Import complaints of another system from a CSV or XLSX file; twice is once.

    Example: lapor-gateway import laporan-2025.xlsx --preview
    """
    try:
        mapping = dict(_pair(each) for each in column)
        planned = plan(read_table(file.read_bytes(), file.name), mapping)
    except NoTable as exc:
        raise click.ClickException(f"{file}: {exc}") from exc
    for line in preview(planned):
        click.echo(line)
    if only_look:
        return
    rows = [
        Row(external_id=each.external_id, payload=each.payload)
        for each in deliveries(planned, source or file.stem, getpass.getuser())
    ]
    new = known = done = 0
    with counting("import", len(rows)) as seen:
        for batch in _batches(rows):
            filed = file_it(place, Filing(rows=tuple(batch), who=getpass.getuser()))
            new, known, done = new + filed.new, known + filed.known, done + len(batch)
            seen(done)
    click.echo(f"{new} imported, {known} were there already, {len(planned.bad)} left out")
    if planned.bad:
        sys.exit(1)


@click.group("signals")
def signals_() -> None:
    """See what was said in public, and make reports of it."""


@signals_.command("list")
@since_option
@place_options
def list_(place: Place, since: int) -> None:
    """
    List signals, newest first: keyword hits on X, entries of feeds.

    Example: lapor-gateway signals list --since 2026-01-01
    """
    vault = place.vault(place.settings())
    with looking(place) as (_, tx):
        rows = [
            (
                seen.id,
                f"{seen.channel} {seen.signal.source}",
                clock_time(seen.received_at),
                seen.signal.author,
                " ".join(f"{seen.signal.title} {seen.signal.text}".split())[:SHOWN],
                "reported" if seen.record_id else "",
            )
            for seen in signals.recent(tx, vault, since=since)
        ]
    show_table(("id", "source", "since", "author", "text", ""), rows)


@signals_.command()
@click.argument("number", type=int, metavar="ID")
@place_options
def report(place: Place, number: int) -> None:
    """
    Make a report of a signal; its author stays its author.

    Example: lapor-gateway signals report 1204
    """
    filed = file_it(place, Filing(signal=number, who=getpass.getuser()))
    click.echo(f"{'reported' if filed.new else 'was reported before'}: {filed.case_code}")


def _pair(column: str) -> tuple[str, str]:
    field, sign, heading = column.partition("=")
    if not sign:
        raise click.UsageError(f"{column}: expected FIELD=HEADING")
    return field, heading


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == MOST_ROWS or size + len(row.payload) > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.payload)
    if batch:
        yield batch
