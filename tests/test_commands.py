"""Every command as an operator types it: beside a running gateway, and when it is stopped."""

import asyncio
import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner
from gateway_process import Gateway, copy_config
from ledger import central, rows, until_drained, until_recorded
from load import Sms, post

from gateway.cli import cli

Finished = subprocess.CompletedProcess[str]

COMMANDS = (
    *(
        "run",
        "send",
        "check",
        "status",
        "replay",
        "verify",
        "reconcile",
        "export",
        "backup",
        "evidence",
        "migrate-store",
    ),
    *("parked list", "parked show", "parked retry", "parked drop"),
    *("notices list", "notices preview"),
    *("import", "signals list", "signals report", "places import", "places show", "places learn"),
    *("normalize", "match", "evaluate", "train", "correct", "deadlines"),
    "conform lapor",
    *("handoff list", "handoff show", "handoff done", "handoff export"),
    *("tighten", "reveal", "hold", "release", "holds", "erase", "retain", "breach-report"),
    *("user add", "user passwd", "user role", "user list"),
    *("user disable", "user enable", "user totp-reset"),
    *("keys new ministry", "keys rotate", "unseal"),
)
#: `evaluate` measures what ships, the others are for the ministry: they are about no gateway.
ALONE = ("evaluate", "keys new ministry", "unseal")
CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{9}\b")


async def say(gateway: Gateway, id_: str, text: str, sender: str = "+6281200000001") -> None:
    """Send an SMS as a provider."""
    async with aiohttp.ClientSession() as session:
        assert await post(session, gateway.url, Sms(id=id_, sender=sender, text=text)) == 200


async def say_nothing(gateway: Gateway, id_: str) -> None:
    """Send a request that is parked, for it has no text."""
    form = {"from": "+6281200000001", "words": "kata", "id": id_}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.url}/in/sms", data=form) as response,
    ):
        assert response.status == 200


async def ran(gateway: Gateway, *words: str, code: int = 0) -> str:
    """What a command prints; it must end with this exit code."""
    finished: Finished = await gateway.command(*words)
    assert finished.returncode == code, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    return finished.stdout


async def both(gateway: Gateway, look: Callable[[], Awaitable[Any]]) -> tuple[Any, Any]:
    """The same look at the running gateway and at the stopped one."""
    running = await look()
    await gateway.stop()
    return running, await look()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_how_it_is_used(command: str) -> None:
    """`--help` says what a command does and shows an example that begins with the command."""
    finished = CliRunner().invoke(cli, [*command.split(), "--help"])

    assert finished.exit_code == 0
    assert f"Example: lapor-gateway {command}" in " ".join(finished.output.split())
    assert "--config" in finished.output or command in ALONE
    assert "--data" in finished.output or command in ALONE


def test_the_help_of_the_program_names_every_command() -> None:
    """`lapor-gateway --help` lists them all, one line each."""
    program = Path(sys.executable).with_name("lapor-gateway")
    finished = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^  ([a-z][\w-]*)  +\S", finished.stdout, re.MULTILINE)

    assert set(listed) == {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize(
    "words", [["dance"], ["send", "pigeon", "kuku"], ["parked", "retry"], ["backup"]]
)
def test_wrong_use_ends_with_code_2(words: list[str]) -> None:
    """A command that does not exist and a missing argument are wrong use."""
    finished = CliRunner().invoke(cli, words)

    assert finished.exit_code == 2
    assert "Usage:" in finished.output


# --- send --------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "mail"])
async def test_send_plays_a_citizen_and_prints_the_reply(gateway: Gateway, channel: str) -> None:
    """The message goes through the real door, and the receipt shows the code of its record."""
    async with gateway:
        said = await ran(gateway, "send", channel, "Jalan berlubang di depan SDN 3 Sukamaju")
        await until_drained(gateway)
    (record,) = central(gateway, "select channel, text, case_code from records")

    assert re.match(rf"{channel}: (200|250) ", said)
    assert "reply (delivered): Laporan Anda sudah kami terima." in said
    assert CODE.findall(said) == [record[2]] * said.count(record[2]) != []
    assert record[:2] == (channel, "Jalan berlubang di depan SDN 3 Sukamaju")


async def test_send_fills_in_the_web_form(gateway: Gateway) -> None:
    """The page a citizen would see shows the code of the record that follows."""
    async with gateway:
        said = await ran(gateway, "send", "web", "Banjir di RT 04 Melati")
        await until_recorded(gateway, 1)
    (record,) = central(gateway, "select channel, text, case_code from records")

    assert record == ("web", "Banjir di RT 04 Melati", CODE.findall(said)[0])


async def test_send_carries_sender_and_files(gateway: Gateway, tmp_path: Path) -> None:
    """`--from` is who can be answered, and each `--attach` is stored with the record."""
    (tmp_path / "foto.txt").write_text("gambar")
    async with gateway:
        await ran(
            gateway,
            *("send", "mail", "Sampah menumpuk", "--from", "warga.lain@example.org"),
            *("--attach", str(tmp_path / "foto.txt")),
        )
        await until_recorded(gateway, 1)
    (attachments,) = central(gateway, "select attachments from records")[0]
    (file,) = json.loads(attachments)
    kept = gateway.data_dir / "attachments" / file["sha256"][:2] / file["sha256"]

    assert (file["name"], kept.read_text()) == ("foto.txt", "gambar")


async def test_send_without_a_gateway_says_so(gateway: Gateway) -> None:
    """Nobody there is one sentence and exit code 1."""
    async with gateway:
        pass
    sentences = {
        "sms": "sms: no answer: ClientConnectorError",
        "mail": "mail: Error connecting to ",
        "web": "Error: no gateway answers at ",
    }
    for channel, sentence in sentences.items():
        finished = await gateway.command("send", channel, "Lampu padam")

        assert finished.returncode == 1
        assert finished.stdout.startswith(sentence) or finished.stderr.startswith(sentence)
        assert (finished.stdout + finished.stderr).count("\n") == 1


# --- looking -----------------------------------------------------------------------------------


async def test_check_finds_what_is_well_and_what_is_not(gateway: Gateway) -> None:
    """Exit code 0 where the gateway could work, running or not; 1 where a port or key is gone."""
    fresh = await ran(gateway_prepared(gateway), "check")
    await gateway.start()
    running = await ran(gateway, "check")
    await gateway.stop()
    stopped = await ran(gateway, "check")
    (gateway.data_dir / "gateway.key").rename(gateway.home / "key")
    keyless = await ran(gateway, "check", code=1)

    assert "will be made at the first start" in fresh
    assert "running and ready" in running
    assert f"{gateway.public} is free" in stopped
    assert "the gateway key is missing" in keyless


async def test_check_misses_the_key_of_an_office_on_a_server(
    gateway: Gateway, postgres_url: str
) -> None:
    """Where messages lie that only the lost key opens, none is to be made at the next start."""
    gateway.database_url = postgres_url
    async with gateway:
        before = await ran(gateway, "check")
        await say(gateway, "1", "Lampu padam di Jl. Kenanga")
    key = gateway.data_dir / "gateway.key"
    key.unlink()
    keyless = await ran(gateway, "check", code=1)

    assert "found" in before
    assert "the gateway key is missing" in keyless


async def test_check_names_a_mistake_in_the_settings(gateway: Gateway) -> None:
    """The table says which key is wrong, and the exit code is 1."""
    gateway.settings = {"outbox": {"cap": "soon"}}
    said = await ran(gateway_prepared(gateway), "check", code=1)

    assert "outbox.cap" in said


async def test_status_tells_what_waits_and_what_needs_a_person(gateway: Gateway) -> None:
    """For people and for programs, beside the daemon and without it."""
    await gateway.start()
    await say(gateway, "1", "Lampu padam")
    await say_nothing(gateway, "2")
    await until_drained(gateway)
    running, stopped = await both(gateway, lambda: ran(gateway, "status", "--json"))
    facts, later = json.loads(running), json.loads(stopped)
    table = await ran(gateway, "status")

    assert (facts["not_ready"], later["not_ready"]) == ([], ["not running"])
    assert facts["journal"] == {"waiting": 0, "oldest": None}
    assert (facts["parked"], later["parked"]) == (1, 1)
    assert facts["channels"] == ["mail", "officer", "sms", "web"]
    assert facts["heads"] == later["heads"]
    assert "parked    1" in table


async def test_verify_knows_the_chain_and_an_earlier_head(gateway: Gateway) -> None:
    """Whole beside the daemon; a changed row and a cut end are named with exit code 1."""
    await gateway.start()
    for number in range(3):
        await say(gateway, str(number), f"Lampu {number} padam")
    anchor = json.loads(await ran(gateway, "status", "--json"))["heads"][0]
    await say(gateway, "3", "Lampu 3 padam")
    await until_drained(gateway)
    whole = await ran(gateway, "verify", "--against", anchor)
    nonsense = await gateway.command("verify", "--against", "kemarin")
    await gateway.stop()
    with closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as database:
        database.execute("pragma foreign_keys = off")
        database.execute("delete from journal where id > 2")
        database.commit()
        cut = await ran(gateway, "verify", "--against", anchor, code=1)
        uncut = await ran(gateway, "verify")
        database.execute("update journal set payload = x'00' where id = 2")
        database.commit()
        changed = await ran(gateway, "verify", code=1)

    assert "whole: 4 rows" in whole
    assert nonsense.returncode == 2
    assert "its end was cut off" in cut
    assert "whole: 2 rows" in uncut
    assert "row 0:2 was changed" in changed


async def test_reconcile_accounts_for_every_row_or_says_no(gateway: Gateway) -> None:
    """The equation holds, with every way a row can end in it; else the exit code is 1."""
    await gateway.start()
    await say(gateway, "1", "Lampu padam di Melati")
    await say(gateway, "2", "BANTUAN")
    await say(gateway, "3", " ")
    await say_nothing(gateway, "4")
    await until_drained(gateway)
    running, stopped = await both(gateway, lambda: ran(gateway, "reconcile", "--json"))
    total = json.loads(running)["total"]
    with closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as database:
        database.execute("delete from outbox where kind = 'record'")
        database.commit()
    undelivered = json.loads(await ran(gateway, "reconcile", "--json", code=1))
    table = await ran(gateway, "reconcile", code=1)

    assert json.loads(stopped) == json.loads(running)
    words = ("received", "forwarded", "linked", "answered", "ignored", "parked", "pending")
    assert [total[word] for word in words] == [4, 1, 0, 1, 1, 1, 0]
    assert (undelivered["balances"], undelivered["total"]["unaccounted"]) == (False, 1)
    assert "DOES NOT BALANCE" in table


# --- parked ------------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [True, False])
async def test_parked_rows_are_listed_shown_tried_again_and_put_aside(
    gateway: Gateway, *, running: bool
) -> None:
    """The same with a daemon, which does it itself, and without one; each act leaves a line."""
    await gateway.start()
    await say_nothing(gateway, "1")
    await say_nothing(gateway, "2")
    await until_drained(gateway)
    if not running:
        await gateway.stop()
    listed = await ran(gateway, "parked", "list")
    shown = await ran(gateway, "parked", "show", "j1")
    raw = await ran(gateway, "parked", "show", "j1", "--raw")
    retried = await ran(gateway, "parked", "retry", "j1")
    if running:
        await until_drained(gateway)
    dropped = await ran(gateway, "parked", "drop", "j2", "--reason", "pesan uji")
    nothing = await ran(gateway, "parked", "drop", "j99", "--reason", "salah", code=1)
    unknown = await ran(gateway, "parked", "show", "j99", code=1)
    if not running:
        await gateway.start()
        await until_drained(gateway)
    after = await ran(gateway, "parked", "list")
    audit = rows(gateway, "select what from audit order by id")
    await gateway.stop()

    assert [line.split("\t")[0] for line in listed.splitlines()] == ["id", "j1", "j2"]
    assert "words=kata" not in shown
    assert "words=kata" in raw
    assert retried == "1 rows are tried again\n"
    assert dropped == "1 rows are put aside\n"
    assert (nothing, unknown) == ("0 rows are put aside\n", "")
    assert [line.split("\t")[0] for line in after.splitlines()] == ["id", "j1"]
    assert [row[0] for row in audit] == [
        "retry 1 rows",
        "drop 1 rows  pesan uji",
        "drop 0 rows  salah",
    ]
    assert (await gateway.command("reconcile")).returncode == 0


async def test_parked_drop_wants_a_reason(gateway: Gateway) -> None:
    """Without a reason nothing is put aside."""
    async with gateway:
        await say_nothing(gateway, "1")
        await until_drained(gateway)
        await ran(gateway, "parked", "drop", "j1", code=2)
        listed = await ran(gateway, "parked", "list")

    assert "j1" in listed


# --- replay ------------------------------------------------------------------------------------


@pytest.mark.parametrize("running", [True, False])
async def test_replay_makes_revisions_of_what_new_rules_read_differently(
    gateway: Gateway, *, running: bool
) -> None:
    """A dry run names the change, a replay makes it once, and a second replay changes nothing."""
    await gateway.start()
    await say(gateway, "1", "Jln rusak")
    await say(gateway, "2", "Lampu padam di Melati")
    await until_drained(gateway)
    untouched = await ran(gateway, "replay", "--dry-run")
    code = central(gateway, "select case_code from records where external_id = '1'")[0][0]
    copy_config(gateway.config_dir, "abbreviations.toml")
    _teach(gateway.config_dir / "abbreviations.toml", "rusak", "amburadul")
    await gateway.stop()
    if running:
        await gateway.start()
    dry = await ran(gateway, "replay", "--dry-run")
    before = central(gateway, "select max(revision) from records")
    for _ in range(2):
        await ran(gateway, "replay")
        if not running:
            await gateway.start()
        await until_drained(gateway)
        if not running:
            await gateway.stop()
    after = central(gateway, "select external_id, revision, clean_text from records order by 1")
    receipts = rows(gateway, "select count(*) from outbox where kind = 'receipt'")

    assert untouched == "0 of 2 records would change\n"
    assert dry.startswith(f"{code}  clean_text")
    assert dry.endswith("1 of 2 records would change\n")
    assert before == [(1,)]
    assert [row[:2] for row in after] == [("1", 2), ("2", 1)]
    assert "amburadul" in after[0][2]
    assert receipts == [(2,)]


def _teach(file: Path, short: str, long: str) -> None:
    """Add an abbreviation to the table of words."""
    table = "[words]\n"
    file.write_text(file.read_text().replace(table, f'{table}"{short}" = "{long}"\n', 1))


# --- export, backup ----------------------------------------------------------------------------


async def test_export_gives_the_records_without_who_complained(gateway: Gateway) -> None:
    """JSON lines for programs and CSV for spreadsheets, in which no cell is a formula."""
    await gateway.start()
    texts = ["=HYPERLINK(1)", "+62 lampu padam", "-rusak", "@warga", 'kata "kutip", koma\nbaris']
    for number, text in enumerate(texts):
        await say(gateway, str(number), text, sender="+6281200007788")
    await until_drained(gateway)
    lines, later = await both(gateway, lambda: ran(gateway, "export", "--format", "jsonl"))
    table = await ran(gateway, "export", "--format", "csv")
    none = await ran(gateway, "export", "--since", "2100-01-01")
    documents = [json.loads(line) for line in lines.splitlines()]
    cells = list(csv.DictReader(io.StringIO(table)))

    assert lines == later
    assert sorted(document["text"] for document in documents) == sorted(texts)
    assert sorted(cell["text"].removeprefix("'") for cell in cells) == sorted(texts)
    assert not [v for cell in cells for v in cell.values() if v.startswith(("=", "+", "-", "@"))]
    assert "81200007788" not in lines + table
    assert none == ""


async def test_a_backup_restored_elsewhere_goes_on_where_it_was_made(
    gateway: Gateway, tmp_path: Path
) -> None:
    """Made under load, unpacked into an empty folder, with the key: nothing is missing."""
    tar = tmp_path / "backup.tar"
    # A reply that was on its way while the copy was made is uncertain in the copy.
    elsewhere = Gateway(tmp_path / "elsewhere", {"outbox": {"uncertain_wait": 1.0}})
    learned = gateway.data_dir / "models" / "topic" / "1.bin"
    learned.parent.mkdir(parents=True)
    learned.write_bytes(b"invented")
    async with gateway:
        for number in range(20):
            await say(gateway, str(number), f"Lampu {number} padam")
        async with asyncio.TaskGroup() as group:
            for number in range(20, 40):
                group.create_task(say(gateway, str(number), f"Lampu {number} padam"))
            said = await ran(gateway, "backup", str(tar))
    elsewhere.data_dir.mkdir(parents=True)
    with tarfile.open(tar) as opened:
        names = opened.getnames()
        opened.extractall(elsewhere.data_dir, filter="data")
    shutil.copy2(gateway.data_dir / "gateway.key", elsewhere.data_dir)
    async with elsewhere:
        await say(elsewhere, "5", "Lampu 5 padam")
        await say(elsewhere, "new", "Lampu baru padam")
        await until_drained(elsewhere)
        verified = await ran(elsewhere, "verify")
        reconciled = await ran(elsewhere, "reconcile")
    held = {row[0] for row in central(elsewhere, "select external_id from records")}
    exported = await ran(elsewhere, "export")
    await asyncio.to_thread(shutil.rmtree, elsewhere.home)

    assert "keep the gateway key somewhere else" in said
    assert tar.stat().st_mode & 0o077 == 0
    assert {"gateway.db", "central.db", "models/topic/1.bin"} <= set(names)
    assert not [name for name in names if "key" in name]
    assert {*map(str, range(20)), "new"} <= held
    assert "whole: " in verified
    assert "balances" in reconciled
    assert len(exported.splitlines()) == len(held)


def gateway_prepared(gateway: Gateway) -> Gateway:
    """A gateway that has its settings and never ran."""
    gateway._write_settings()  # noqa: SLF001 (what `start` does first)
    return gateway
