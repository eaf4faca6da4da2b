"""Commands about personal data: tighten, reveal, erase, retain, breach-report."""

import json
from pathlib import Path
from typing import Any, Literal

import click

from gateway.clock import now_ms
from gateway.commands.common import (
    Place,
    clock_time,
    looking,
    milliseconds,
    place_options,
    show_table,
    since_option,
)
from gateway.commands.entrust import entrust, me
from gateway.custody.breach import QUERIES, Touched, contacts, touched
from gateway.custody.duty import Done, Duty
from normalizer.codes import read_case_code

who_option = click.option("--who", default=me, help="Who orders it [default: you].")
reason_option = click.option("--reason", required=True, help="Why; it is written down.")
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command()
@click.argument("case_code")
@click.argument("flag", type=click.Choice(["anonim", "rahasia"]))
@who_option
@reason_option
@place_options
def tighten(  # noqa: PLR0917 (one parameter for each option of the command line)
    place: Place, case_code: str, flag: Literal["anonim", "rahasia"], who: str, reason: str
) -> None:
    """
    Make a report anonymous or confidential; nothing takes that back.

    Example: lapor-gateway tighten 3K7Q-9T2ZA anonim --reason "pelapor adalah guru di sana"
    """
    duty = Duty(
        verb="tighten",
        case_code=code_of(case_code),
        anonymous=flag == "anonim",
        confidential=flag == "rahasia",
        who=who,
        reason=reason,
    )
    show(entrust(place, duty))


@click.command()
@click.argument("case_code", required=False)
@who_option
@click.option("--reason", default="", help="Why; it is written down.")
@click.option("--approve", "number", type=int, help="Consent to another person's request.")
@json_option
@place_options
def reveal(  # noqa: PLR0913, PLR0917 (one parameter for each option of the command line)
    place: Place, case_code: str | None, who: str, reason: str, number: int | None, *, as_json: bool
) -> None:
    """
    Show who reported a case and left a name; it is written down who looked, and why.

    Example: lapor-gateway reveal 3K7Q-9T2ZA --reason "undangan mediasi 3 Maret"
    """
    if number is not None:
        show(entrust(place, Duty(verb="approve", number=number, who=who, reason=reason)))
        return
    if not case_code or not reason:
        raise click.UsageError("give a case code and a --reason, or --approve NUMBER")
    duty = Duty(verb="reveal", case_code=code_of(case_code), who=who, reason=reason)
    show(entrust(place, duty), as_json=as_json)


@click.command()
@click.option("--case", "case_code", default="", help="One case.")
@click.option("--sender", default="", help="All of a person: their address on a channel ...")
@click.option("--channel", default="", help="... and the channel.")
@who_option
@reason_option
@click.option("--out", type=click.Path(path_type=Path), help="Where the certificates go.")
@place_options
def erase(  # noqa: PLR0913, PLR0917 (one parameter for each option of the command line)
    place: Place,
    case_code: str,
    sender: str,
    channel: str,
    who: str,
    reason: str,
    out: Path | None,
) -> None:
    """
    Erase a case, or all of a person: keys here, words in every store; with a certificate.

    Example: lapor-gateway erase --case 3K7Q-9T2ZA --reason "permintaan pelapor" --out bukti.json
    """
    if bool(case_code) == bool(sender) or bool(sender) != bool(channel):
        raise click.UsageError("give --case, or --sender and --channel")
    duty = Duty(
        verb="erase",
        case_code=code_of(case_code) if case_code else "",
        sender=sender,
        channel=channel,
        who=who,
        reason=reason,
    )
    done = entrust(place, duty)
    show(done)
    document = json.dumps(done.data["certificates"], indent=2)
    if out:
        out.write_text(f"{document}\n")
    else:
        click.echo(document)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
@who_option
@json_option
@place_options
def retain(place: Place, who: str, *, dry_run: bool, as_json: bool) -> None:
    """
    Erase what the retention schedule, section [retention], says nobody needs any more.

    Example: lapor-gateway retain --dry-run
    """
    show(entrust(place, Duty(verb="retain", who=who, dry_run=dry_run)), as_json=as_json)


@click.command("breach-report")
@since_option
@click.option(
    "--until", type=click.DateTime(), callback=milliseconds, help="Up to this time, UTC [now]."
)
@click.option("--table", "tables", multiple=True, type=click.Choice(sorted(QUERIES)))
@click.option("--reveal", "with_contacts", is_flag=True, help="Also how to reach them.")
@who_option
@click.option("--reason", default="", help="Needed with --reveal; it is written down.")
@json_option
@place_options
def breach_report(  # noqa: PLR0913, PLR0917 (one parameter for each option of the command line)
    place: Place,
    since: int,
    until: int,
    tables: tuple[str, ...],
    who: str,
    reason: str,
    *,
    with_contacts: bool,
    as_json: bool,
) -> None:
    """
    List whose data a period or a table touched, for the notice due within 3 x 24 hours.

    Example: lapor-gateway breach-report --since 2026-03-01 --until 2026-03-02 --table reporters
    """
    if with_contacts and not reason:
        raise click.UsageError("--reveal needs a --reason")
    vault = place.vault(place.settings())
    end = until or now_ms()
    with looking(place) as (_, tx):
        found = touched(tx, since=since, until=end, tables=tables)
        reached = [list(contacts(tx, vault, one)) if with_contacts else [] for one in found]
    if with_contacts:
        what = f"reach {sum(map(bool, reached))} persons after a breach"
        entrust(place, Duty(verb="note", who=who, reason=f"{what}: {reason}"))
    rows = [_row(one, ways) for one, ways in zip(found, reached, strict=True)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    show_table(
        ("person", "channel", "rows", "first", "last", "contacts"),
        [
            (
                row["pseudonym"],
                row["channel"],
                ", ".join(f"{table} {count}" for table, count in row["tables"].items()),
                clock_time(row["first"]),
                clock_time(row["last"]),
                ", ".join(row["contacts"]),
            )
            for row in rows
        ],
    )
    hidden = sum(one.anonymous for one in found)
    click.echo(f"{len(found)} persons, {hidden} of them known to the ministry alone")


def _row(one: Touched, ways: list[str]) -> dict[str, Any]:
    return {
        "pseudonym": one.pseudonym,
        "channel": one.channel,
        "anonymous": one.anonymous,
        "tables": one.tables,
        "records": sorted(one.records),
        "first": one.first,
        "last": one.last,
        "contacts": ways,
    }


def code_of(typed: str) -> str:
    """The case code somebody typed, as it is kept."""
    return read_case_code(typed) or typed


def show(done: Done, *, as_json: bool = False) -> None:
    """What came of an order."""
    if as_json:
        click.echo(json.dumps(done.data))
        return
    for line in done.lines:
        click.echo(line)
