"""An Open311 client and the real gateway: what it posts it can ask for, and nobody is exposed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from api_gateway import GatewayWith, not_started, running
from ledger import assert_proven, central, until_drained, until_recorded
from open311_site import API_KEY, FORM, PATH

TOML = """
[channels.open311]
enabled = true
type = "TYPE"

[[channels.open311.clients]]
name = "fixmystreet"
keys = ["fms_key"]
"""
PERSON = {
    "email": "warga@example.org",
    "phone": "+6280000000777",
    "first_name": "Wargacontoh",
    "last_name": "Namacontoh",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayWith]:
    """A gateway that knows one client."""
    toml = TOML.replace("TYPE", "realtime")
    with running(tmp_path_factory.mktemp("open311"), toml, fms_key=API_KEY) as gateway:
        yield gateway


async def post(gateway: GatewayWith, **fields: str) -> Any:  # noqa: ANN401 (whatever JSON says)
    """POST one request; its row."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.url}{PATH}/requests.json", data=FORM | PERSON | fields) as response,
    ):
        assert response.status == 201, await response.text()
        return (await response.json())[0]


async def get(gateway: GatewayWith, path: str) -> str:
    """The text of one resource."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{gateway.url}{PATH}{path}") as response,
    ):
        return await response.text()


async def rows(gateway: GatewayWith, path: str) -> Any:  # noqa: ANN401 (whatever JSON says)
    """One resource as JSON."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{gateway.url}{PATH}{path}") as response,
    ):
        return await response.json()


async def test_what_is_posted_can_be_asked_for(served: GatewayWith) -> None:
    """One record in central.db, one request in the list, the same id everywhere."""
    code = (await post(served))["service_request_id"]
    await until_recorded(served, 1)
    await until_drained(served)
    [row] = await rows(served, f"/requests/{code}.json")
    listed = await rows(served, "/requests.json?status=open&service_code=jalan")

    assert central(served, "select channel, case_code, text from records") == [
        ("open311", code, FORM["description"])
    ]
    assert (row["service_request_id"], row["status"]) == (code, "open")
    assert (row["lat"], row["long"]) == (-6.91751, 107.61912)
    assert listed == [row]
    assert [update["service_request_id"] for update in
            await rows(served, "/servicerequestupdates.json")] == [code]  # fmt: skip


async def test_nothing_that_is_asked_for_names_anybody(served: GatewayWith) -> None:
    """Every resource, in both formats: no mail, number, name, word or key."""
    code = (await post(served))["service_request_id"]
    await until_recorded(served, 1)
    await until_drained(served)
    told = ""
    for form in ("json", "xml"):
        for path in ("/requests", f"/requests/{code}", "/servicerequestupdates", "/services"):
            told += await get(served, f"{path}.{form}")
    private = [*PERSON.values(), FORM["description"], API_KEY]

    assert code in told
    assert not [word for word in private if word in told + served.log]


async def test_send_plays_a_client(served: GatewayWith) -> None:
    """`lapor-gateway send open311` prints the answer and what became of it."""
    ended = await served.command("send", "open311", "Lubang di Melati")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "open311: 201 Created" in ended.stdout


async def test_ten_requests_at_once_are_one_record_and_a_token_leads_to_it(tmp_path: Path) -> None:
    """Without any key, and again after the process was killed; the token holds all the while."""
    toml = TOML.replace("TYPE", "batch")
    with not_started(tmp_path, toml, fms_key=API_KEY) as gateway:
        await gateway.start()
        tokens = {row["token"] for row in await asyncio.gather(*(post(gateway) for _ in range(10)))}
        gateway.kill()
        await gateway.start()
        tokens.add((await post(gateway))["token"])
        await until_recorded(gateway, 1)
        await until_drained(gateway)
        [token] = tokens
        [row] = await rows(gateway, f"/tokens/{token}.json")

        assert central(gateway, "select case_code from records") == [(row["service_request_id"],)]
        await assert_proven(gateway)
