"""`lapor-gateway notices` and the figures in `status`, beside no daemon."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
from cases import reported
from click.testing import CliRunner
from forwarding import NOW, record_id

from forwarder.ports import Transaction
from gateway.back import money, notices
from gateway.cli import cli
from gateway.clock import now_ms
from gateway.store import Store
from gateway.vault import Vault

BUDGET = '[notices.budget]\nsms = 500\n[channels.sms]\nsend_url = "http://127.0.0.1:9/send"\n'


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """A gateway that has told somebody something, and is to tell somebody else."""
    config, data = tmp_path / "config", tmp_path / "data"
    config.mkdir()
    data.mkdir(mode=0o700)
    (config / "gateway.toml").write_text(BUDGET)
    key = Vault(bytes(range(32)))

    async def fill() -> None:
        store = await Store.open(f"sqlite://{data}/gateway.db")
        for number in (1, 2):
            await reported(store, key, number)
        await store.write(_put)
        await store.close()

    asyncio.run(fill())
    (data / "gateway.key").write_bytes(base64.b64encode(bytes(range(32))))
    (data / "gateway.key").chmod(0o600)
    return ["--config", str(config), "--data", str(data)]


def _put(tx: Transaction) -> None:
    notices.add(tx, {record_id(1): "a" * 32}, [1], due=NOW, now=NOW)
    notices.add(tx, {record_id(2): "b" * 32}, [1], due=NOW + 1, now=NOW)
    [_, second] = notices.due(tx, NOW + 1, 9)
    notices.put_off(tx, second, NOW + 2, held_for="the month's budget is used up")
    money.spend(tx, "sms", money.month_of(now_ms(), 7), 420)


def test_what_is_still_to_be_told_is_listed_with_the_month_s_figure(folders: list[str]) -> None:
    """By case code and channel, never by who it is."""
    listed = CliRunner().invoke(cli, ["notices", "list", *folders])

    assert listed.exit_code == 0, listed.output
    assert "C0000001X" in listed.output
    assert "the month's budget is used up" in listed.output
    assert "sms: 420 of 500 units" in listed.output
    assert "+62" not in listed.output


def test_status_tells_what_waits_and_what_was_spent(folders: list[str]) -> None:
    """For people and for programs."""
    told = CliRunner().invoke(cli, ["status", *folders])
    assert told.exit_code == 0, told.output
    facts = json.loads(CliRunner().invoke(cli, ["status", "--json", *folders]).output)

    assert "notices   1 waiting, 1 held" in told.output
    assert "spent     sms 420 of 500 units" in told.output
    assert facts["notices"] == {"waiting": 1, "held": 1}
    assert [(bill["channel"], bill["units"], bill["budget"]) for bill in facts["spent"]] == [
        ("sms", 420, 500)
    ]


def test_a_preview_shows_the_words_and_what_they_cost(folders: list[str]) -> None:
    """In every language, before an office writes something longer than it thinks."""
    shown = CliRunner().invoke(
        cli, ["notices", "preview", "Lampu sudah diganti. " * 9, "--status", "selesai", *folders]
    )

    assert shown.exit_code == 0, shown.output
    assert "[id] 3 units by sms" in shown.output
    assert "[en] 3 units by sms" in shown.output
    assert "SELESAI 0000000AA" in shown.output


def test_a_preview_says_that_a_word_is_unknown(folders: list[str]) -> None:
    """Citizens would read it as it is."""
    shown = CliRunner().invoke(cli, ["notices", "preview", "--status", "ilham", *folders])

    assert "'ilham' is not in statuses.toml" in shown.output
