"""X end to end: a real gateway process reads the stand-in, records, and answers there."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_process import Gateway
from ledger import central, rows, until_drained, until_recorded
from x_server import (
    ACCESS_SECRET,
    ACCESS_TOKEN,
    BEARER,
    CONSUMER_KEY,
    CONSUMER_SECRET,
    FakeX,
    hang,
    says,
    serving_x,
)

from gateway.naming import kept_id
from gateway.secrets import Secrets, gateway_key
from gateway.vault import Vault

pytestmark = pytest.mark.usefixtures("on_both_engines")

RULE = """
[[channels.x.rules]]
name = "banjir"
query = "banjir"
every = 0.05
"""
SECRETS = {
    "bearer_token": BEARER,
    "consumer_key": CONSUMER_KEY,
    "consumer_secret": CONSUMER_SECRET,
    "access_token": ACCESS_TOKEN,
    "access_token_secret": ACCESS_SECRET,
}


class XGateway(Gateway):
    """A gateway that reads the stand-in, and looks for floods."""

    def _write_settings(self) -> None:
        super()._write_settings()
        with (self.config_dir / "gateway.toml").open("a") as file:
            file.write(RULE)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[XGateway]:
    """The real process, not started yet; whatever still runs when the test ends is killed."""
    process = XGateway(tmp_path / "gateway-home")
    process.home.mkdir()
    yield process
    process.kill()


def reading(x: FakeX, gateway: XGateway) -> XGateway:
    """It has every key; the keys come from the environment."""
    gateway.env = {f"LAPOR_X_{name.upper()}": value for name, value in SECRETS.items()}
    gateway.settings = {
        "channels": {
            "x": {
                "enabled": True,
                "api_url": x.url,
                "media_url": x.url,
                "mentions_every": 0.05,
                "probe": 0.05,
                **{name: f"x_{name}" for name in SECRETS},
            }
        }
    }
    return gateway


async def until_rows(gateway: Gateway, sql: str, count: int) -> list[tuple[object, ...]]:
    """Wait until a query on gateway.db gives so many rows."""
    for _ in range(2_000):
        found = rows(gateway, sql)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{count} rows do not come:\n{gateway.log[-4000:]}")


async def test_a_mention_becomes_a_record_and_is_answered_on_x(gateway: XGateway) -> None:
    """From the post to central.db, and the receipt with the case code below the post."""
    async with serving_x() as x, reading(x, gateway):
        post = x.mention("Lampu jalan di Jl. Contoh mati sejak Senin")
        await until_recorded(gateway, 1)
        await x.until(lambda: bool(x.replies))
        await until_drained(gateway)
        [(code, text, channel, url)] = central(
            gateway, "select case_code, text, channel, source_url from records"
        )
        [reply] = x.replies

    assert (channel, text) == ("x", "@lapor Lampu jalan di Jl. Contoh mati sejak Senin")
    assert url == f"https://x.com/warga7/status/{post}"
    assert reply["to"] == post
    assert code in reply["text"]


async def test_a_hit_of_a_rule_is_a_signal_and_no_record(gateway: XGateway) -> None:
    """The monitor's table holds it; the central store does not."""
    async with serving_x() as x, reading(x, gateway):
        x.post("Banjir di Jl. Contoh")
        found = await until_rows(gateway, "select channel, source from signals", 1)
        await until_drained(gateway)

        assert found == [("x", "banjir")]
        assert rows(gateway, "select count(*) from records") == [(0,)]
        assert x.replies == []


async def test_a_kill_between_two_pages_loses_and_doubles_nothing(
    gateway: XGateway,
) -> None:
    """`kill -9` while the second page is awaited: each mention one record, paid once."""
    async with serving_x() as x:
        posts = [x.mention(f"keluhan nomor {number} di Jl. Contoh") for number in range(110)]
        reading(x, gateway)
        # An answer that was on its way at the kill is not sent again: a person looks at it.
        gateway.settings["outbox"] = {"uncertain_wait": 1.0}
        x.faults.extend([None, hang])
        await gateway.start()
        await until_rows(gateway, "select id from journal", 100)
        gateway.kill()
        async with gateway:
            await until_recorded(gateway, 110)
            await until_drained(gateway)
            unsure = rows(gateway, "select count(*) from outbox where state = 'parked'")[0][0]
            status = await gateway.command("status")
            ids = Counter(rows(gateway, "select external_id from journal where channel = 'x'"))
            texts = Counter(central(gateway, "select text from records"))

    vault = Vault(gateway_key(Secrets({}), gateway.data_dir, may_create=False).value)
    assert {id_ for (id_,) in ids} == {kept_id(vault, "x", post) for post in posts}
    assert ids.total() == texts.total() == len(texts) == 110
    answered = Counter(reply["to"] for reply in x.replies)
    assert max(answered.values()) == 1
    assert 110 - unsure <= len(answered) <= 110
    assert f"x: spent {x.bill / 1e6:.3f} of" in status.stdout


async def test_a_revoked_key_shows_in_status_and_passes(gateway: XGateway) -> None:
    """`status` and the metrics say bad credentials; SMS go on; when the key is good, X goes on."""
    async with serving_x() as x, reading(x, gateway):
        x.faults.extend([says(401)] * 400)
        await until_rows(gateway, "select kind from troubles where channel = 'x'", 1)
        during = await gateway.command("status")
        _, metrics = await gateway.get("/metrics")
        sent = await gateway.command("send", "sms", "lampu mati", "--at", gateway.url)
        x.faults.clear()
        x.mention("setelah kunci diganti")
        await until_recorded(gateway, 2)

        assert re.search(r"\bx( at [\w ]+)?: BAD_CREDENTIALS", during.stdout)
        assert 'gateway_channel_trouble{channel="x",kind="bad_credentials"} 1.0' in metrics
        assert sent.returncode == 0
        assert BEARER not in gateway.log


async def test_send_plays_a_mention(gateway: XGateway) -> None:
    """`lapor-gateway send x` posts a signed event; it becomes a record."""
    async with serving_x() as x, reading(x, gateway):
        sent = await gateway.command("send", "x", "pohon tumbang", "--at", gateway.url)
        await until_recorded(gateway, 1)

        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert central(gateway, "select text from records") == [("@lapor pohon tumbang",)]
