"""`lapor-gateway migrate-store FROM TO`: an office moves from SQLite to PostgreSQL, or back."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from gateway.commands.common import NOTE_EVERY, Place, place_options, show_table
from gateway.moving import move as moving
from gateway.moving.carry import Meter
from gateway.moving.proof import Compared, Proof

DIGITS = 12


class _Lines:
    """A line for each table, and now and then one within a long one; for where no terminal is."""

    def __init__(self) -> None:
        self._what = ""
        self._total = self._done = 0
        self._began = time.monotonic()

    def begin(self, what: str, total: int) -> None:
        """The last one is done."""
        self.end()
        self._what, self._total, self._done = what, total, 0
        self._began = time.monotonic()

    def more(self, rows: int) -> None:
        """Say so when another hundred thousand are done."""
        before, self._done = self._done, self._done + rows
        if before // NOTE_EVERY != self._done // NOTE_EVERY:
            self._say(f"{self._done} of {self._total}")

    def end(self) -> None:
        """Say how the last one went."""
        if self._total:
            self._say(f"{self._done} rows")

    def _say(self, done: str) -> None:
        rate = self._done / max(time.monotonic() - self._began, 1e-6)
        click.echo(f"{self._what}: {done}, {rate:,.0f} rows/s", err=True)


class _Bar:
    """The same for a person who watches."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._began = time.monotonic()

    def begin(self, what: str, total: int) -> None:
        """Another bar takes the last one's place."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what, total=total, rate="")
        self._began = time.monotonic()

    def more(self, rows: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.update(self._task, advance=rows)
            done = self._progress.tasks[-1].completed
            rate = done / max(time.monotonic() - self._began, 1e-6)
            self._progress.update(self._task, rate=f"{rate:,.0f} rows/s")


@click.command("migrate-store")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--cancel", is_flag=True, help="Give a move up that is not whole; FROM works again.")
@place_options
def migrate_store(place: Place, *, source: str, target: str, cancel: bool) -> None:
    """
    Move a stopped office into another, empty database, and prove that all of it is there.

    FROM and TO are addresses as in [store] url: sqlite:///PATH or postgresql://. All the database
    holds goes: messages with their chain, trail, pending work, users. Attachments, central.db and
    the gateway key stay where they are. Interrupted, it goes on when it is called again; no gateway
    starts on either database before it is whole. Then only [store] url is to be changed.

    Example: lapor-gateway migrate-store sqlite:///srv/lapor/gateway.db postgresql://lapor@db/lapor
    """
    if cancel:
        moving.cancel(source, target)
        click.echo("given up: gateways start on FROM again; remove what is in TO")
        return
    vault = place.vault(place.settings())
    with _meter() as meter:
        proof = moving.move(source, target, vault, meter)
    if proof is None:
        click.echo("all of it was moved before: set [store] url to TO")
        return
    _show(proof)
    if proof.differences:
        for sentence in proof.differences:
            click.echo(sentence, err=True)
        click.echo("NOT THE SAME: no gateway will start on TO", err=True)
        sys.exit(1)
    click.echo("the same, to the last row: set [store] url to TO and start the gateway")


@contextmanager
def _meter() -> Iterator[Meter]:
    console = Console(stderr=True)
    if not console.is_terminal:
        lines = _Lines()
        yield lines
        lines.end()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[rate]}"), console=console) as progress:
        yield _Bar(progress)


def _show(proof: Proof) -> None:
    rows: list[tuple[object, ...]] = [_row(one) for one in proof.tables]
    before, after = proof.source, proof.target
    rows += [
        ("verify journal", before.chains, after.chains, _same(before.heads == after.heads)),
        (
            "verify trail",
            f"{before.trail.position} entries",
            f"{after.trail.position} entries",
            _same(before.trail == after.trail),
        ),
        ("reconcile", before.account, after.account, _same(before.accounts == after.accounts)),
    ]
    show_table(("", "FROM", "TO", ""), rows)


def _row(one: Compared) -> tuple[object, ...]:
    ends = [f"{side.rows} {side.digest:032x}"[: -32 + DIGITS] for side in (one.source, one.target)]
    return (one.name, *ends, _same(one.same))


def _same(is_: bool) -> str:  # noqa: FBT001 (a word for it)
    return "same" if is_ else "DIFFERS"
