"""Commands that only look: status, export. They work beside the daemon."""

import csv
import json
import sys
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from forwarder import outbox_desk
from forwarder.ports import Transaction
from gateway import anchors, chain, cursors, operate, records, rhythm, signals, troubles, work
from gateway.back import money, notices
from gateway.build import DAY_MS
from gateway.build_craft import build_channels
from gateway.clock import now_ms
from gateway.commands.common import (
    Place,
    clock_time,
    looking,
    place_options,
    show_table,
    since_option,
)
from gateway.commands.daemon import not_ready
from gateway.signing import Signer
from gateway.vault import Vault
from normalizer.record import Record

# A cell that begins like this is run as a formula by spreadsheets.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@place_options
def status(place: Place, *, as_json: bool) -> None:
    """
    Show channels, what waits and since when, and what needs a person.

    Example: lapor-gateway status --json
    """
    with looking(place) as (settings, tx):
        facts = _facts(tx)
        channels = build_channels(settings, place.vault(settings))
        facts["channels"] = sorted(channels)
        facts["stores"] = {
            name: {"kind": chosen.kind.kind, "only": chosen.only.named()}
            for name, chosen in settings.centrals.items()
        }
        facts["told"] = {
            name: list(channel.status(cursors.of(tx, name))) for name, channel in channels.items()
        }
        facts["not_ready"] = not_ready(settings)
        facts["notices"] = notices.counts(tx)
        budget, hours = settings.notices.budget, settings.tenant.utc_hours
        facts["spent"] = msgspec.to_builtins(money.bills(tx, budget, now_ms(), hours))
        facts["public_key"] = Signer(place.vault(settings)).public_key
    if as_json:
        click.echo(json.dumps(facts))
        return
    missing = facts["not_ready"]
    click.echo(f"gateway   {'ready' if missing == [] else '; '.join(missing)}")
    click.echo(f"channels  {', '.join(facts['channels'])}")
    for line in _channel_lines(facts):
        click.echo(f"          {line}")
    for name, store in facts["stores"].items():
        only = f", only {store['only']}" if store["only"] else ""
        click.echo(f"store     {name}: {store['kind']}{only}")
    waiting, oldest = facts["journal"]["waiting"], facts["journal"]["oldest"]
    click.echo(f"journal   {waiting} not settled, oldest {clock_time(oldest)}")
    click.echo(f"parked    {facts['parked']} (lapor-gateway parked list)")
    for line in _notice_lines(facts):
        click.echo(line)
    if facts["signals"]:
        click.echo(f"signals   {facts['signals']} in the last day (lapor-gateway signals list)")
    click.echo(f"head      {' '.join(facts['heads']) or 'empty'}")
    click.echo(f"anchors   {facts['anchors']}, signed with {facts['public_key']}")
    rows = [
        (row["target"], row["state"], row["rows"], clock_time(row["oldest"]))
        for row in facts["outbox"]
    ]
    if rows:
        show_table(("outbox", "state", "rows", "oldest"), rows)


def _notice_lines(facts: dict[str, Any]) -> Iterator[str]:
    """What citizens are still to be told, and what answers have cost."""
    counted = facts["notices"]
    if any(counted.values()):
        yield f"notices   {counted['waiting']} waiting, {counted['held']} held"
    for bill in facts["spent"]:
        bound = f" of {bill['budget']}" if bill["budget"] else ""
        yield f"spent     {bill['channel']} {bill['units']}{bound} units in {bill['month']}"


@click.command()
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl")
@click.option("--sealed", is_flag=True, help="With the ministry's boxes, for `unseal`; JSON only.")
@since_option
@place_options
def export(place: Place, form: str, since: int, *, sealed: bool) -> None:
    """
    Write the records to standard output, without who complained.

    Example: lapor-gateway export --format csv --since 2026-01-01 > laporan.csv
    """
    if sealed and form != "jsonl":
        raise click.UsageError("--sealed is for jsonl")
    vault = place.vault(place.settings())
    with looking(place) as (_, tx):
        found = _records(tx, vault, since, sealed=sealed)
        if form == "jsonl":
            for record in found:
                click.echo(msgspec.json.encode(record).decode())
            return
        table = csv.writer(sys.stdout)
        table.writerow(Record.__struct_fields__)
        for record in found:
            table.writerow([_cell(value) for value in msgspec.to_builtins(record).values()])


def _facts(tx: Transaction) -> dict[str, Any]:
    backlog = work.backlog(tx)
    oldest = outbox_desk.oldest(tx)
    numbers = list(chain.chains(tx))
    return {
        "journal": {"waiting": backlog.waiting, "oldest": backlog.oldest},
        "parked": len(operate.parked(tx)),
        "troubles": [
            {
                "channel": note.channel,
                "node": note.owner,
                "kind": note.kind,
                "detail": note.detail,
                "since": note.since,
            }
            for note in troubles.known(tx)
        ],
        "silent": {
            silence.channel: {"since": silence.since, "missing": round(silence.missing)}
            for silence in rhythm.silences(tx, now_ms())
        },
        "signals": signals.number(tx, since=now_ms() - DAY_MS),
        "anchors": anchors.number(tx),
        "heads": [chain.last_head(tx, number).anchor(number) for number in numbers],
        "outbox": [
            {"target": target, "state": state, "rows": rows, "oldest": oldest.get(target)}
            for (target, state), rows in sorted(outbox_desk.depth(tx).items())
        ],
    }


def _channel_lines(facts: dict[str, Any]) -> Iterator[str]:
    """What a person should know of single channels, the worst first."""
    for note in facts["troubles"]:
        channel = f"{note['channel']} at {note['node']}" if note["node"] else note["channel"]
        since = clock_time(note["since"])
        yield f"{channel}: {note['kind'].upper()} since {since} {note['detail']}".rstrip()
    for channel, silence in facts["silent"].items():
        yield (
            f"{channel}: silent since {clock_time(silence['since'])}, "
            f"about {silence['missing']} messages are missing"
        )
    for channel, lines in facts["told"].items():
        yield from (f"{channel}: {line}" for line in lines)


def _records(
    tx: Transaction, vault: Vault, since: int, *, sealed: bool = False
) -> Iterator[Record]:
    """Each record as it is now, with nothing in it that names a person."""
    for stored in records.since(tx, since):
        if stored.data_key is None:
            continue
        record = msgspec.json.decode(vault.open(stored.document, stored.data_key), type=Record)
        reporter = msgspec.structs.replace(record.reporter, name=None, contact=None)
        if not sealed:
            reporter = msgspec.structs.replace(reporter, sealed=None)
        yield msgspec.structs.replace(record, reporter=reporter)


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULA) else text
