"""`lapor-gateway notices`: what citizens are still to be told, and what a notice costs."""

from dataclasses import dataclass

import click

from forwarder.update import Update
from gateway.back import money, notices
from gateway.back.saying import Line, say
from gateway.back.speech import read_speech
from gateway.back.statuses import read_statuses
from gateway.back.timeline import Step, Told
from gateway.build_craft import build_channels
from gateway.clock import now_ms
from gateway.commands.common import Place, clock_time, looking, place_options, show_table
from gateway.vault import KEY_BYTES, Vault

CODE = "0000000AA"
CODES = "select record_id, case_code, channel from records where record_id {among:ids}"


@dataclass(frozen=True, slots=True)
class _Case:
    case_code: str
    language: str | None


@click.group("notices")
def notices_() -> None:
    """What citizens are still to be told, and what a notice costs."""


@notices_.command("list")
@place_options
def list_(place: Place) -> None:
    """
    List the notices that wait or are held, and what answers have cost this month.

    A held one has no budget: `parked retry n5` lets it go all the same.

    Example: lapor-gateway notices list
    """
    with looking(place) as (settings, tx):
        rows = notices.listed(tx)
        ids = [row.record_id for row in rows]
        cases = {row[0]: (row[1], row[2]) for row in tx.all(CODES, ids=ids)}
        budget, hours = settings.notices.budget, settings.tenant.utc_hours
        bills = money.bills(tx, budget, now_ms(), hours)
    show_table(
        ("id", "case", "channel", "state", "due", "reason"),
        [
            (f"n{row.id}", *cases[row.record_id], row.state, clock_time(row.due), row.reason or "")
            for row in rows
        ],
    )
    for bill in bills:
        bound = f" of {bill.budget}" if bill.budget else ""
        click.echo(f"{bill.month}  {bill.channel}: {bill.units}{bound} units")


@notices_.command()
@click.argument("text", default="")
@click.option("--status", "word", default="selesai", help="The store's word for the state.")
@click.option("--store", default="", help="Whose word it is.")
@click.option("--channel", default="sms", help="How many units it takes there.")
@place_options
def preview(place: Place, text: str, *, word: str, store: str, channel: str) -> None:
    """
    Show what citizens read when an office writes TEXT, and how many SMS that is.

    Example: lapor-gateway notices preview "Lampu sudah diganti" --status selesai
    """
    settings = place.settings()
    # Nothing is sent: any key will do.
    channels = build_channels(settings, Vault(bytes(KEY_BYTES)))
    if channel not in channels:
        raise click.UsageError(f"{channel} is not switched on")
    read = read_statuses(settings.config_dir).read(
        store, Update(update_id="preview", at=0, status=word, text=text)
    )
    told = Told(text=text, agency=read.agency)
    step = Step(id=0, store=store, at=0, kind=read.kind, state=read.state, word=word, told=told)
    speech = read_speech(settings.config_dir)
    for language in sorted(speech.replies):
        line = Line(step=step, own=True)
        said = say([line], _Case(CODE, language), read.state or "", speech, first=True)
        if said:
            units = channels[channel].cost(said.text)
            click.echo(f"[{language}] {units} units by {channel}\n{said.text}\n")
    if read.unknown:
        click.echo(f"{word!r} is not in statuses.toml: citizens read the word itself")
