"""`lapor-gateway backup FILE`: everything stored, in one file, while the gateway runs."""

import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import click

from forwarder.central.sqlite import SqliteCentral
from gateway.build_centrals import build_centrals
from gateway.commands.common import Place, place_options
from gateway.config_files import LEARNED_FILES
from gateway.durable import sync_folder
from gateway.file_places import FOLDER
from gateway.learning.versions import FOLDER as MODELS
from gateway.settings import Settings
from gateway.store import StoreError
from gateway.store.dump import dump
from gateway.store.store import database_file

#: Files citizens sent, and what was learned; the gateway key is left out.
FOLDERS = (FOLDER, MODELS)


#: The gateway's own database, where it is PostgreSQL's.
DUMP = "gateway.dump"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@place_options
def backup(place: Place, file: Path) -> None:
    """
    Write databases, attachments and what was learned into a tar file, without the gateway key.

    Keep the key (data/gateway.key) apart from the backup: with both, everything can be read, and
    without the key, nothing. The key that signs anchors is made of it. To restore, unpack the tar
    into an empty data folder and put the key back; where the store is PostgreSQL, also bring
    gateway.dump into an empty database by pg_restore.

    Example: lapor-gateway backup /srv/backup/lapor-$(date +%F).tar
    """
    settings = place.settings()
    databases = _named(settings.data_dir, dict.fromkeys(_databases(settings)))
    draft = file.with_name(f".{file.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent) as folder:
            _write(settings, databases, Path(folder), draft)
        draft.rename(file)
        sync_folder(file.absolute().parent)
    except (OSError, sqlite3.Error) as exc:
        raise StoreError(f"no backup was made: {exc}") from exc
    finally:
        draft.unlink(missing_ok=True)
    for name, source in databases.items():
        if source != _plain(settings.data_dir / name):
            click.echo(f"{name} was copied from {source}: put it back there")
    if settings.attachments.place:
        click.echo(f"attachments lie in {settings.attachments.place}: back them up there")
    if not is_file(settings.store_url):
        click.echo(f"{DUMP} is for an empty database: pg_restore --no-owner --dbname=... {DUMP}")
    click.echo(f"{file}: {file.stat().st_size} bytes; keep the gateway key somewhere else")


def is_file(url: str) -> bool:
    """Whether the store is a file of ours."""
    return url.startswith("sqlite:")


def _databases(settings: Settings) -> Iterator[Path]:
    """Every database file; the gateway's own must be there."""
    if is_file(settings.store_url):
        yield _plain(database_file(settings.store_url))
    for central in build_centrals(settings).values():
        if isinstance(central, SqliteCentral) and central.path.exists():
            yield _plain(central.path)


def _plain(path: Path) -> Path:
    """A file by the one name of its folder, however that was written."""
    return path.parent.resolve() / path.name


def _named(data_dir: Path, paths: Collection[Path]) -> dict[str, Path]:
    """Each by its name in the backup: those of the data folder lie there as they lie here."""
    data_dir = data_dir.resolve()
    names = {path: path.relative_to(data_dir) for path in paths if path.is_relative_to(data_dir)}
    for path in paths:
        if path not in names:
            names[path] = _free(path, {Path(DUMP), *names.values()})
    return {str(names[path]): path for path in paths}


def _free(path: Path, taken: Collection[Path]) -> Path:
    """Its file name, below as many of its folders as tell it from the others."""
    for depth in range(1, len(path.parts)):
        if (name := Path(*path.parts[-depth:])) not in taken:
            return name
    raise StoreError(f"no backup was made: nothing tells {path} from another database")


def _write(settings: Settings, databases: Mapping[str, Path], folder: Path, draft: Path) -> None:
    # Attachments first would miss files of records that come meanwhile; databases first miss
    # none, because a file is on disk before the record that names it. The gateway's own before
    # the central stores': what it does not know to be delivered is offered to them again.
    copies = {}
    if not is_file(settings.store_url):
        copies[DUMP] = folder / DUMP
        dump(settings.store_url, copies[DUMP])
    for number, (name, source) in enumerate(databases.items()):
        copies[name] = _copied(source, folder / str(number))
    draft.touch(mode=0o600)
    with draft.open("wb") as opened:
        with tarfile.open(fileobj=opened, mode="w") as tar:
            for name, copy in copies.items():
                tar.add(copy, name)
            _add_folders(tar, settings.data_dir)
        opened.flush()
        os.fsync(opened.fileno())


def _add_folders(tar: tarfile.TarFile, data_dir: Path) -> None:
    for name in (*LEARNED_FILES, *FOLDERS):
        for path in sorted([data_dir / name, *(data_dir / name).rglob("*")]):
            # What is erased meanwhile is not missed.
            with suppress(FileNotFoundError):
                tar.add(path, str(path.relative_to(data_dir)), recursive=False)


def _copied(source: Path, copy: Path) -> Path:
    """A consistent copy of a database that may be in use, checked before it is trusted."""
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as database:
        database.execute("vacuum into ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as database:
        if database.execute("pragma integrity_check").fetchone() != ("ok",):
            raise StoreError(f"the copy of {source.name} is damaged")
    return copy
