"""`lapor-gateway places`: the table of place names, filled from a file and looked up in."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from gateway.commands.common import Place, counting, place_options, show_table
from gateway.config_files import find_config_file
from gateway.errors import SettingsError
from gateway.places_table import TableError, read_tables, table_of, tables_in, within
from normalizer.gazetteer import (
    Gazetteer,
    GazetteerError,
    code_of,
    level_of,
    number_of,
    read_gazetteer,
    spelling,
)

FILE = "places.csv"
_READABLE = 0o644


@click.group()
def places() -> None:
    """The names of provinces, regencies, districts and villages that reports are located by."""


@places.command("import")
@click.option(
    "--within",
    "wholes",
    multiple=True,
    metavar="CODE",
    help="Only places of this area, such as 36.03, and every regency; can be given several times.",
)
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@place_options
def import_places(place: Place, wholes: Sequence[str], source: Path) -> None:
    """
    Make places.csv in the config folder from the tables of the npm package idn-area-data.

    SOURCE is its folder `data`, or one table with the columns code and name.

    Example: lapor-gateway places import node_modules/idn-area-data/data --config /etc/lapor-gateway
    """
    if place.config is None:
        raise SettingsError("there is no config folder to write places.csv into; give --config")
    for code in wholes:
        if not number_of(code):
            raise click.BadParameter(f"{code} is no code such as 36 or 36.03")
    try:
        files = tables_in(source)
        with counting("places", sum(map(_lines, files))) as note:
            found = read_tables(files, note)
        table = table_of(within(found, wholes) if wholes else found)
        read = read_gazetteer(table)
    except (TableError, GazetteerError) as exc:
        click.echo(f"lapor-gateway: {exc}", err=True)
        sys.exit(1)
    _write(place.config / FILE, table)
    click.echo(f"{len(read)} places in {place.config / FILE}")


@places.command("show")
@click.argument("name")
@place_options
def show_places(place: Place, name: str) -> None:
    """
    Show every place of a name, or the place of a code; exit 1 if there is none.

    Example: lapor-gateway places show Tangerang
    """
    try:
        gazetteer = read_gazetteer(find_config_file(place.config, FILE).read_bytes())
    except GazetteerError as exc:
        raise SettingsError(str(exc)) from exc
    rows = list(_rows(gazetteer, name))
    show_table(("code", "level", "name"), rows)
    if not rows:
        sys.exit(1)


def _rows(gazetteer: Gazetteer, name: str) -> Iterator[tuple[str, str, str]]:
    number = number_of(name)
    numbers = (number,) if number and gazetteer.name(number) else gazetteer.find(spelling(name))
    for each in numbers:
        yield code_of(each), level_of(each), gazetteer.called(each)


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def _write(file: Path, content: bytes) -> None:
    """Put it there whole: a gateway that reads at this moment sees the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "wb") as draft:
                draft.write(content)
                draft.flush()
                os.fsync(draft.fileno())
            Path(name).chmod(_READABLE)
            Path(name).replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as exc:
        raise SettingsError(f"{file}: cannot be written: {exc.strerror}") from exc
