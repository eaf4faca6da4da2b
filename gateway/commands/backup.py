"""`lapor-gateway backup FILE`: everything stored, in one file, while the gateway runs."""

import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

import click

from gateway.commands.common import Place, place_options
from gateway.store import StoreError

DATABASES = ("gateway.db", "central.db")
FOLDERS = ("attachments",)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@place_options
def backup(place: Place, file: Path) -> None:
    """
    Write databases and attachments into one tar file; the gateway key is NOT in it.

    Keep the key (data/gateway.key) apart from the backup: with both, everything can be read, and
    without the key, nothing. To restore, unpack the tar into an empty data folder and put the key
    back.

    Example: lapor-gateway backup /srv/backup/lapor-$(date +%F).tar
    """
    settings = place.settings()
    if not settings.store_url.startswith("sqlite:"):
        raise click.UsageError("on PostgreSQL use its own backup (pg_basebackup, pg_dump)")
    draft = file.with_name(f".{file.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent) as folder:
            _write(settings.data_dir, Path(folder), draft)
        draft.rename(file)
    except (OSError, sqlite3.Error) as exc:
        draft.unlink(missing_ok=True)
        raise StoreError(f"no backup was made: {exc}") from exc
    click.echo(f"{file}: {file.stat().st_size} bytes; keep the gateway key somewhere else")


def _write(data_dir: Path, folder: Path, draft: Path) -> None:
    # Attachments first would miss files of records that come meanwhile; databases first would
    # miss none, because a file is on disk before the record that names it.
    copies = [_copied(data_dir / name, folder / name) for name in DATABASES]
    draft.touch(mode=0o600)
    with tarfile.open(draft, "w") as tar:
        for copy in filter(None, copies):
            tar.add(copy, copy.name)
        for name in FOLDERS:
            if (data_dir / name).exists():
                tar.add(data_dir / name, name)


def _copied(source: Path, copy: Path) -> Path | None:
    """A consistent copy of a database that may be in use, checked before it is trusted."""
    if not source.exists():
        return None
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as database:
        database.execute("vacuum into ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as database:
        if database.execute("pragma integrity_check").fetchone() != ("ok",):
            raise StoreError(f"the copy of {source.name} is damaged")
    return copy
