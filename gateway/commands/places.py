"""`lapor-gateway places`: the names of places, filled from a file, looked up, and learned."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from channels.officer_table import NoTable, read_table
from gateway import records
from gateway.commands.common import Place, counting, looking, place_options, show_table
from gateway.config_files import find_config_file
from gateway.errors import SettingsError
from gateway.places_learn import NoReports, past_in, past_of
from gateway.places_table import TableError, read_tables, table_of, tables_in, within
from gateway.write_whole import write_whole
from normalizer.gazetteer import (
    Gazetteer,
    GazetteerError,
    area_of,
    code_of,
    level_of,
    number_of,
    read_gazetteer,
    spelling,
)
from normalizer.places_streets import learn_streets
from normalizer.record import Record
from normalizer.rules import STREETS

FILE = "places.csv"


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
    write_whole(place.config / FILE, table)
    click.echo(f"{len(read)} places in {place.config / FILE}")


@places.command("show")
@click.argument("name")
@place_options
def show_places(place: Place, name: str) -> None:
    """
    Show every place of a name, or the place of a code; exit 1 if there is none.

    Example: lapor-gateway places show Tangerang
    """
    rows = list(_rows(_gazetteer(place), name))
    show_table(("code", "level", "name"), rows)
    if not rows:
        sys.exit(1)


@places.command("learn")
@click.argument(
    "table", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@place_options
def learn_places(place: Place, table: Path | None) -> None:
    """
    Learn which village a street lies in, from past reports; makes streets.json in the data folder.

    TABLE (CSV or XLSX) has a first row that names its columns: the words (text, isi), where it is
    (address, alamat) and the village by its code (kode) or name (desa, kelurahan, kecamatan).
    Without TABLE the gateway's own records are learned from, where an officer confirmed the place.
    A running gateway takes what was learned within a minute.

    Example: lapor-gateway places learn laporan-2025.csv --data /var/lib/lapor-gateway
    """
    settings = place.settings()
    gazetteer = _gazetteer(place)
    if table:
        try:
            rows = read_table(table.read_bytes(), table.name)
            past = list(past_in(rows, gazetteer, area_of(settings.tenant.area)))
        except (NoTable, NoReports) as exc:
            raise click.ClickException(f"{table}: {exc}") from exc
    else:
        past = list(past_of(_own_records(place), gazetteer))
    known = [each for each in past if each[2]]
    if not known:
        click.echo(f"nothing was learned: none of {len(past)} reports names a village", err=True)
        sys.exit(1)
    streets = learn_streets(known)
    write_whole(settings.data_dir / STREETS, streets.encode())
    click.echo(f"{streets.called()}, in {settings.data_dir / STREETS}")
    if len(known) < len(past):
        click.echo(f"{len(past) - len(known)} reports name no village that places.csv has")


def _gazetteer(place: Place) -> Gazetteer:
    try:
        return read_gazetteer(find_config_file(place.config, FILE).read_bytes())
    except GazetteerError as exc:
        raise SettingsError(str(exc)) from exc


def _own_records(place: Place) -> Iterator[Record]:
    vault = place.vault(place.settings())
    with looking(place) as (_, tx):
        for stored in records.since(tx, 0):
            if stored.data_key is not None:
                opened = vault.open(stored.document, stored.data_key)
                yield msgspec.json.decode(opened, type=Record)


def _rows(gazetteer: Gazetteer, name: str) -> Iterator[tuple[str, str, str]]:
    number = number_of(name)
    numbers = (number,) if number and gazetteer.name(number) else gazetteer.find(spelling(name))
    for each in numbers:
        yield code_of(each), level_of(each), gazetteer.called(each)


def _lines(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)
