"""The whole gateway with `[store] url = "postgresql://…"`, which is all that changes."""

import json
from collections.abc import Iterator

import aiohttp
import pytest
from gateway_process import Gateway
from ledger import until_recorded
from postgres import Postgres

MESSAGES = 20


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """An empty, migrated database."""
    url = postgres.copy()
    yield url
    postgres.drop(url)


async def test_messages_become_records_and_everything_adds_up(gateway: Gateway, url: str) -> None:
    """Accepted, recorded once each, chained and accounted for, on a PostgreSQL server."""
    gateway.settings = {"store": {"url": url}}
    await gateway.start()
    async with aiohttp.ClientSession() as session:
        for number in [*range(MESSAGES), *range(MESSAGES)]:
            form = {"from": "+6280000000001", "text": f"Jalan {number} rusak", "id": f"p{number}"}
            async with session.post(f"{gateway.url}/in/sms", data=form) as response:
                assert response.status == 200
    await until_recorded(gateway, MESSAGES)
    await gateway.stop()
    verified = await gateway.command("verify")
    accounts = json.loads((await gateway.command("reconcile", "--json")).stdout)

    assert f"whole: {MESSAGES} rows" in verified.stdout
    assert accounts["balances"]
    assert accounts["total"]["received"] == MESSAGES


async def test_a_running_gateway_is_found_by_check(gateway: Gateway, url: str) -> None:
    """The doctor asks the daemon instead of complaining about its ports."""
    gateway.settings = {"store": {"url": url}}
    await gateway.start()
    checked = await gateway.command("check")

    assert "running and ready" in checked.stdout
    assert checked.returncode == 0
