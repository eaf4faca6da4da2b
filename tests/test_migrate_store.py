"""`lapor-gateway migrate-store` as an operator types it."""

import base64
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_moving import KEY, ROWS, Count, StoppedError, full, office, run_on

from gateway.cli import cli
from gateway.moving.move import move
from gateway.vault import Vault

__all__ = ["full", "office"]  # fixtures


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the office's key."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "gateway.key").write_text(base64.b64encode(KEY).decode())
    (folder / "gateway.key").chmod(0o600)
    return folder


@pytest.fixture
def new(tmp_path: Path) -> str:
    """The address of a file that is not there; what can be said of it can be said of a server."""
    return f"sqlite://{tmp_path}/new/gateway.db"


def typed(data: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["migrate-store", *words, "--data", str(data)])


def test_it_says_what_it_did(office: str, new: str, data: Path) -> None:
    """A line for each table while it goes, a table of both sides, and what is to be done next."""
    finished = typed(data, office, new)
    again = typed(data, office, new)
    lines = finished.stdout.splitlines()

    assert finished.exit_code == 0, finished.output
    assert f"journal: {ROWS} rows" in finished.stderr
    assert f"compare journal: {ROWS} rows" in finished.stderr
    work = next(line for line in lines if line.startswith("work\t")).split("\t")
    assert (work[1], work[3]) == (work[2], "same")
    assert work[1].startswith(f"{ROWS} ")
    assert f"verify trail\t{ROWS} entries\t{ROWS} entries\tsame" in lines
    assert f"{ROWS} received: {ROWS} forwarded" in finished.stdout
    assert lines[-1] == "the same, to the last row: set [store] url to TO and start the gateway"
    assert again.stdout == "all of it was moved before: set [store] url to TO\n"


def test_a_person_sees_a_bar(
    office: str, new: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal each table has one, with its rows and its rate."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    finished = typed(data, office, new)

    assert finished.exit_code == 0, finished.output
    assert "━" in finished.stderr
    assert "verify TO" in finished.stderr
    assert "rows/s" in finished.stderr


def test_a_difference_is_the_answer_no(office: str, new: str, data: Path) -> None:
    """Exit code 1, which table it is, and that the new database stays closed."""
    with pytest.raises(StoppedError):
        move(office, new, Vault(KEY), Count(stop_in="clusters"))
    run_on(new, "update reporters set identity = x'00' where record_id like 'record_id 3%'")
    finished = typed(data, office, new)

    assert finished.exit_code == 1
    assert "reporters differs" in finished.stderr
    assert "NOT THE SAME: no gateway will start on TO" in finished.stderr
    assert "DIFFERS" in finished.stdout


def test_giving_up_is_said(office: str, new: str, data: Path) -> None:
    """And what is left to be done."""
    with pytest.raises(StoppedError):
        move(office, new, Vault(KEY), Count(stop_in="clusters"))
    finished = typed(data, office, new, "--cancel")

    assert finished.exit_code == 0
    assert finished.stdout == "given up: gateways start on FROM again; remove what is in TO\n"
