"""What `lapor-gateway backup` puts into its file when databases lie in several folders."""

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import cli


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the gateway's own database."""
    made(tmp_path / "data" / "gateway.db")
    return tmp_path / "data"


def made(file: Path) -> None:
    """A database that says where it lies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("create table here (path text)")
        database.execute("insert into here values (?)", (str(file),))


def backed_up(data: Path, *paths: str) -> tuple[str, dict[str, str]]:
    """What was said, and by its name in the backup where each database came from."""
    folder = data.parent / "config"
    folder.mkdir()
    centrals = [f'[central.c{at}]\nkind = "sqlite"\npath = "{p}"\n' for at, p in enumerate(paths)]
    (folder / "gateway.toml").write_text("".join(centrals))
    tar, restored = data.parent / "backup.tar", data.parent / "restored"
    where = ["--config", str(folder), "--data", str(data)]
    result = CliRunner().invoke(cli, ["backup", str(tar), *where])
    assert result.exit_code == 0, result.output
    with tarfile.open(tar) as opened:
        names = [name for name in opened.getnames() if name.endswith(".db")]
        opened.extractall(restored, filter="data")
    assert len(names) == len(set(names))
    return result.stdout, {name: whence(restored / name) for name in names}


def whence(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return str(database.execute("select path from here").fetchone()[0])


def test_databases_of_one_file_name_are_all_in_it(data: Path, tmp_path: Path) -> None:
    """Those of the data folder as they lie there, the others each below a folder of its own."""
    files = {
        "central.db": data / "central.db",
        "a/central.db": tmp_path / "srv" / "a" / "central.db",
        "b/central.db": tmp_path / "srv" / "b" / "central.db",
        "opt/b/central.db": tmp_path / "opt" / "b" / "central.db",
    }
    for file in files.values():
        made(file)
    # A path with ".." in it must not leave the folder that the backup is unpacked into.
    outside = [str(files["a/central.db"]), "../srv/b/central.db", str(files["opt/b/central.db"])]

    said, found = backed_up(data, *outside, "central.db")

    wanted = {"gateway.db": data / "gateway.db", **files}
    assert found == {name: str(file) for name, file in wanted.items()}
    for name, file in files.items():
        told = f"{name} was copied from {file}: put it back there"
        assert (told in said.splitlines()) == (name != "central.db")


def test_a_database_that_is_named_twice_is_in_it_once(data: Path, tmp_path: Path) -> None:
    """Two stores may share a file, however it is written."""
    file = tmp_path / "srv" / "central.db"
    made(file)

    _, found = backed_up(data, str(file), str(file.parent / ".." / "srv" / "central.db"))

    assert found == {"gateway.db": str(data / "gateway.db"), "central.db": str(file)}
