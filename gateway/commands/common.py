"""What the commands share: the two folder options, settings and key, times, tables."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from forwarder.ports import Transaction
from gateway.app import open_key
from gateway.config_files import default_config_dir
from gateway.settings import Settings, read_settings
from gateway.store.reading import reading
from gateway.vault import Vault

F = TypeVar("F", bound=Callable[..., Any])

# Lines between two progress notes where no terminal shows a bar.
NOTE_EVERY = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which gateway a command is about."""

    config: Path | None
    data: Path

    def settings(self) -> Settings:
        """The settings; SettingsError in one sentence when they cannot be used."""
        return read_settings(self.config, self.data, dict(os.environ))

    def vault(self, settings: Settings) -> Vault:
        """The vault of a gateway that has run before."""
        return Vault(open_key(settings, os.environ))


def place_options(command: F) -> F:
    """Give a command `--config` and `--data`, handed in together as `place`."""
    data = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("data"),
        show_default=True,
        help="The folder with everything the gateway stores.",
    )
    config = click.option(
        "--config",
        type=click.Path(file_okay=False, path_type=Path),
        default=None,
        help="The folder with gateway.toml [default: ./config, else as shipped].",
    )

    def wrapped(config: Path | None, data: Path, **rest: Any) -> Any:  # noqa: ANN401 (click's own)
        return command(place=Place(config=config or default_config_dir(), data=data), **rest)

    wrapped.__name__ = command.__name__
    wrapped.__doc__ = command.__doc__
    return config(data(wrapped))  # type: ignore[return-value]


@contextmanager
def looking(place: Place) -> Iterator[tuple[Settings, Transaction]]:
    """A consistent read-only view of the gateway's database, also while it runs."""
    settings = place.settings()
    with reading(settings.store_url) as tx:
        yield settings, tx


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, a line now and then elsewhere; call with how many are done."""
    console = Console(stderr=True)
    if not console.is_terminal:

        def note(done: int) -> None:
            if done % NOTE_EVERY == 0:
                click.echo(f"{title}: {done} of {total}", err=True)

        yield note
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(title, total=total)

        def advance(done: int) -> None:
            progress.update(task, completed=done)

        yield advance


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for a person; plain and unbroken when the output goes into a file."""
    console = Console()
    if not console.is_terminal:
        for row in (columns, *rows):
            click.echo("\t".join(str(cell) for cell in row))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)


def clock_time(milliseconds: int | None) -> str:
    """A database time for a person, UTC."""
    if milliseconds is None:
        return "-"
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def since_option(command: F) -> F:
    """Give a command `--since`, as `since` in milliseconds."""
    return click.option(
        "--since",
        type=click.DateTime(),
        default=None,
        callback=milliseconds,
        help="Only what was received at or after this time, UTC.",
    )(command)


def milliseconds(_: click.Context, __: click.Parameter, value: datetime | None) -> int:
    """A time that was typed as the database has it; 0 where none was."""
    return int(value.replace(tzinfo=UTC).timestamp() * 1000) if value else 0
