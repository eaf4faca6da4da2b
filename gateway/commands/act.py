"""Commands that change something: parked retry and drop, replay. Each leaves an audit line."""

import sys
from collections.abc import Sequence

import click

from gateway import operate
from gateway.build_craft import build_channels, build_recorder
from gateway.commands.common import (
    Place,
    clock_time,
    looking,
    place_options,
    show_table,
    since_option,
)
from gateway.commands.daemon import carry_out
from gateway.operate import Order
from gateway.reading import Reader
from gateway.review import review


@click.group()
def parked() -> None:
    """See and settle what could not be read or delivered."""


@parked.command("list")
@place_options
def list_(place: Place) -> None:
    """
    List what waits for a person, and why.

    Example: lapor-gateway parked list
    """
    with looking(place) as (_, tx):
        rows = operate.parked(tx)
    show_table(
        ("id", "where", "since", "reason"),
        [(row.id, row.where, clock_time(row.at), row.reason) for row in rows],
    )


@parked.command()
@click.argument("id_", metavar="ID")
@click.option("--raw", is_flag=True, help="Also print the stored bytes; they name a person.")
@place_options
def show(place: Place, id_: str, *, raw: bool) -> None:
    """
    Show one parked row; with --raw what is stored of it.

    Example: lapor-gateway parked show j12 --raw
    """
    with looking(place) as (settings, tx):
        row = next((row for row in operate.parked(tx) if row.id == id_), None)
        if row is None:
            raise click.ClickException(f"{id_} is not parked")
        click.echo(f"{row.id}  {row.where}  {clock_time(row.at)}\n{row.reason}")
        if raw:
            click.echo(operate.content(tx, place.vault(settings), id_))


@parked.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that is parked.")
@place_options
def retry(place: Place, ids: Sequence[str], *, everything: bool) -> None:
    """
    Try parked rows again under the same ids.

    Example: lapor-gateway parked retry j12 o7
    """
    _need(ids, everything=everything)
    click.echo(f"{carry_out(place, Order(verb='retry', ids=list(ids)))} rows are tried again")


@parked.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--reason", required=True, help="Why nobody needs it; it is written down.")
@place_options
def drop(place: Place, ids: Sequence[str], reason: str) -> None:
    """
    Put parked rows aside for good; nothing is deleted.

    Example: lapor-gateway parked drop j12 --reason "test message of ours"
    """
    touched = carry_out(place, Order(verb="drop", ids=list(ids), reason=reason))
    click.echo(f"{touched} rows are put aside")
    if not touched:
        sys.exit(1)


@click.command()
@click.option("--channel", default="", help="Only this channel.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@since_option
@place_options
def replay(place: Place, channel: str, since: int, *, dry_run: bool) -> None:
    """
    Run journal rows through today's rules; a record that changes gets a new revision.

    Example: lapor-gateway replay --since 2026-01-01 --dry-run
    """
    if not dry_run:
        touched = carry_out(place, Order(verb="replay", since=since, channel=channel))
        click.echo(f"{touched} rows are run again")
        return
    with looking(place) as (settings, tx):
        vault = place.vault(settings)
        reader = Reader(build_channels(settings, vault), vault)
        recorder = build_recorder(settings, vault)
        seen = changed = 0
        for seen, found in enumerate(  # noqa: B007 (the last number is the count)
            review(tx, reader=reader, recorder=recorder, since=since, channel=channel), start=1
        ):
            changed += bool(found.fields)
            if found.fields:
                click.echo(f"{found.case_code}  {', '.join(found.fields)}")
    click.echo(f"{changed} of {seen} records would change")


def _need(ids: Sequence[str], *, everything: bool) -> None:
    if bool(ids) == everything:
        raise click.UsageError("give ids, or --all")
