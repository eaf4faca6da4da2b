"""`train` and `correct` beside a running gateway: taught, tried, in force, taken back."""

import asyncio
import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

from gateway_process import Gateway
from ledger import central, until_recorded
from lessons import past_reports

LAMP = "Lampu penerangan di Gang Kenari padam, mohon dicek"


async def topic_of(gateway: Gateway, number: int) -> dict[str, object]:
    """The topic in the record of the message sent as number so and so."""
    await until_recorded(gateway, number)
    found = central(gateway, "select topic from records order by received_at, record_id")
    topics: list[dict[str, object]] = [json.loads(row[0]) for row in found]
    return topics[-1]


async def reloaded(gateway: Gateway, times: int) -> None:
    gateway.signal(signal.SIGHUP)
    while gateway.log.count('"event":"reloaded"') < times:
        assert gateway.running, gateway.log
        await asyncio.sleep(0.02)


async def test_a_gateway_learns_while_it_runs(gateway: Gateway, tmp_path: Path) -> None:
    """From a table to a model that decides, and back to the rules with one command."""
    with (tmp_path / "lama.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(("isi", "bidang"))
        rows.writerows((past.text, past.label) for past in past_reports())
    table = ("--csv", str(tmp_path / "lama.csv"), "--text", "isi", "--label", "bidang")
    await gateway.start()

    trained = await gateway.command("train", "--task", "topic", *table, "--activate")
    await reloaded(gateway, 1)
    await gateway.command("send", "sms", LAMP)
    learned = await topic_of(gateway, 1)
    back = await gateway.command("train", "--task", "topic", "--rollback")
    await reloaded(gateway, 2)
    await gateway.command("send", "sms", LAMP + " lagi", "--from", "+6281200000009")
    ruled = await topic_of(gateway, 2)
    await gateway.stop()

    assert trained.returncode == 0, trained.stderr
    assert "90 old reports are kept, sealed" in trained.stdout
    assert "version 1 decides now" in trained.stdout
    assert (learned["value"], learned["by"], learned["version"]) == ("lampu", "model", "1")
    assert learned["why"]
    assert "the rules decide alone again" in back.stdout
    assert ruled["by"] == "rules"


async def test_an_office_teaches_its_gateway_before_it_runs(
    gateway: Gateway, tmp_path: Path
) -> None:
    """`train` makes folder and key; the first message is read by the model."""
    gateway.config_dir.mkdir()
    with (tmp_path / "lama.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("isi", "bidang"))
        rows.writerows((past.text, past.label) for past in past_reports())
    table = ("--csv", str(tmp_path / "lama.csv"), "--text", "isi", "--label", "bidang")

    trained = await gateway.command("train", "--task", "topic", *table, "--activate")
    await gateway.start()
    await gateway.command("send", "sms", LAMP)
    learned = await topic_of(gateway, 1)
    await gateway.stop()

    assert trained.returncode == 0, trained.stderr
    assert (learned["value"], learned["by"]) == ("lampu", "model")


async def test_an_officer_corrects_a_case(gateway: Gateway) -> None:
    """With and without a daemon; a wrong type and an unknown case are refused in a sentence."""
    await gateway.start()
    await gateway.command("send", "sms", LAMP)
    await until_recorded(gateway, 1)
    [(code,)] = central(gateway, "select case_code from records")

    running = await gateway.command("correct", code.lower(), "topic", "taman")
    wrong = await gateway.command("correct", code, "type", "laporan")
    slip = await gateway.command("correct", code, "topic", "tamann")
    unknown = await gateway.command("correct", "123", "topic", "taman")
    await gateway.stop()
    stopped = await gateway.command("correct", code, "type", "aspirasi")
    few = await gateway.command("train")

    assert running.stdout == f"the topic of {code} is taman\n", running.stderr
    assert (wrong.returncode, unknown.returncode) == (2, 1)
    assert "laporan is none of pengaduan_pengawasan, pengaduan" in wrong.stderr
    assert slip.returncode == 2
    assert "tamann is no topic; taman" in slip.stderr
    assert "the gateway does not know it" in unknown.stderr
    assert stopped.returncode == 0, stopped.stderr
    assert few.returncode == 1
    told = "topic: 0 reports with 0 values (1 left out: a value takes 2 reports); it takes 40"
    assert told in few.stdout


async def test_what_cannot_be_trained_is_told(gateway: Gateway, tmp_path: Path) -> None:
    """Which task, which column, which version."""
    (tmp_path / "lama.csv").write_text("isi;bidang\nLampu mati;pju\n", encoding="utf-8")
    await gateway.start()
    await gateway.stop()
    table = ("--csv", str(tmp_path / "lama.csv"))

    no_task = await gateway.command("train", *table, "--text", "isi", "--label", "bidang")
    no_column = await gateway.command("train", "--task", "topic", *table)
    wrong = ("--text", "aduan", "--label", "bidang")
    wrong_column = await gateway.command("train", "--task", "topic", *table, *wrong)
    no_version = await gateway.command("train", "--task", "topic", "--rollback")

    assert "say which with --task" in no_task.stderr
    assert "name the columns with --text and --label" in no_column.stderr
    assert "there is no column aduan; it has isi, bidang" in wrong_column.stderr
    assert "the rules decide alone already" in no_version.stderr


def test_a_running_gateway_does_without_numpy() -> None:
    """It is for whoever trains; at a start it would cost a quarter of a second and its memory."""
    script = "import sys, gateway.app; assert 'numpy' not in sys.modules"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[1], timeout=60, check=False
    )

    assert ended.returncode == 0
