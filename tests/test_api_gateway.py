"""A local app and the real gateway: a report becomes a record, and its answer comes back signed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from api_app import APP_KEY, OLD, OTHER_KEY, PATH, REPORT, shown
from api_gateway import GatewayWith, not_started, running
from fault_server import FaultServer, status
from ledger import assert_proven, central, until_drained, until_recorded
from ports import unused_port

from channels.standard_webhooks import key_of, verify

PATIENCE = 60.0


PORT = unused_port()
TOML = f"""
[channels.api]
enabled = true

[[channels.api.apps]]
name = "ape-kesah"
keys = ["ape_key"]
callback_url = "http://127.0.0.1:{PORT}/"
callback_secrets = ["ape_callback"]
callback_private = true

[[channels.api.apps]]
name = "siap-melayani"
keys = ["siap_key"]
"""
SECRETS = {"ape_key": APP_KEY, "siap_key": OTHER_KEY, "ape_callback": OLD.value}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayWith]:
    """A gateway that knows two apps, one of them with a callback."""
    with running(tmp_path_factory.mktemp("api"), TOML, **SECRETS) as gateway:
        yield gateway


@pytest.fixture
async def endpoint() -> AsyncIterator[FaultServer]:
    """The app's server."""
    async with FaultServer(port=PORT) as server:
        yield server


async def file_report(gateway: GatewayWith, report: dict[str, Any], key: str = APP_KEY) -> Any:  # noqa: ANN401
    """File one report; the JSON of the 201."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(gateway.url + PATH, json=report, headers=shown(key)) as response,
    ):
        assert response.status == 201, await response.text()
        return await response.json()


async def state_of(gateway: GatewayWith, status_url: str) -> Any:  # noqa: ANN401
    """What the app sees of its report."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(gateway.url + status_url, headers=shown()) as response,
    ):
        assert response.status == 200
        return await response.json()


async def recorded(gateway: GatewayWith, case_code: str) -> list[tuple[Any, ...]]:
    """The record of a case in central.db, once it is there and its answers have left."""
    await until_recorded(gateway, 1)
    await until_drained(gateway)
    return central(gateway, "select channel, text from records where case_code = ?", case_code)


async def test_a_report_is_recorded_and_answered_by_a_signed_webhook(
    served: GatewayWith, endpoint: FaultServer
) -> None:
    """From the 201 over central.db to the callback that verifies, sent again after a 503."""
    endpoint.faults.append(status(503))
    report = REPORT | {"reporter": {"id": "u-1"}, "lat": 1.13, "lon": 104.05}
    filed = await file_report(served, report)
    async with asyncio.timeout(PATIENCE):
        await endpoint.until(lambda: len(endpoint.records) == 1)
    failed, *_, sent = endpoint.requests
    event = json.loads(sent.body)
    stamp = float(sent.headers["webhook-timestamp"])

    assert await recorded(served, filed["case_code"]) == [("api", REPORT["text"])]
    assert verify([key_of(OLD)], sent.headers, sent.body, stamp)
    assert failed.body == sent.body
    assert event["data"]["case_code"] == filed["case_code"]
    assert (event["data"]["report_id"], event["data"]["kind"]) == ("ak-1", "receipt")
    assert filed["case_code"] in event["data"]["text"]


async def test_the_state_follows_the_case(served: GatewayWith, endpoint: FaultServer) -> None:
    """`diterima` at once, `diteruskan` once the central store has it, with its times."""
    filed = await file_report(served, REPORT | {"text": "Jalan rusak di Mawar", "id": "ak-2"})
    first = await state_of(served, filed["status_url"])
    await recorded(served, filed["case_code"])
    later = await state_of(served, filed["status_url"])

    assert first["state"] in {"diterima", "diteruskan"}
    assert later["state"] == "diteruskan"
    assert later["received_at"]
    assert endpoint.records


async def test_the_gateway_lists_its_own_topics(served: GatewayWith) -> None:
    """Those of config/taxonomy.toml."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{served.url}/api/v1/topics", headers=shown()) as response,
    ):
        codes = [topic["code"] for topic in (await response.json())["topics"]]

    assert {"jalan", "pju"} <= set(codes)


async def test_send_plays_an_app(served: GatewayWith, endpoint: FaultServer) -> None:
    """`lapor-gateway send api` prints the answer and what became of it."""
    ended = await served.command("send", "api", "Lampu padam di Melati")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "api: 201 Created" in ended.stdout
    assert endpoint.records


async def test_nothing_of_a_report_stands_in_the_log(served: GatewayWith) -> None:
    """Neither words nor people nor keys, whatever was asked."""
    filed = await file_report(
        served,
        {"text": "Sampah di Kenanga", "id": "k-77", "reporter": {"name": "Warga"}},
        OTHER_KEY,
    )
    async with aiohttp.ClientSession() as session:
        await session.post(served.url + PATH, headers=shown("x" * 30))
    await recorded(served, filed["case_code"])
    private = ["Kenanga", "Warga", "k-77", OTHER_KEY, "x" * 30]

    assert not [word for word in private if word in served.log]


async def test_ten_requests_at_once_and_one_after_a_restart_are_one_record(tmp_path: Path) -> None:
    """One key, one record, one code, whatever happens to the process."""
    with not_started(tmp_path, TOML, **SECRETS) as gateway:
        await gateway.start()
        answers = await asyncio.gather(
            *(file_report(gateway, REPORT, OTHER_KEY) for _ in range(10))
        )
        gateway.kill()
        await gateway.start()
        answers.append(await file_report(gateway, REPORT, OTHER_KEY))
        [record] = await recorded(gateway, answers[0]["case_code"])

        assert len({answer["case_code"] for answer in answers}) == 1
        assert central(gateway, "select channel, text from records") == [record]
        await assert_proven(gateway)


@pytest.mark.parametrize(
    ("apps", "why"),
    [
        ('[[channels.api.apps]]\nname = "x"', "channels.api.apps[0].keys"),
        ('[[channels.api.apps]]\nname = "x"\nkeys = ["absent"]', "absent"),
    ],
)
async def test_an_app_without_a_key_ends_the_start(tmp_path: Path, apps: str, why: str) -> None:
    """No key, or a secret that is not there: exit with one sentence."""
    with not_started(tmp_path, f"[channels.api]\nenabled = true\n{apps}") as gateway:
        await gateway.start(wait=False)

        assert await gateway.ended() != 0
        assert why in gateway.log
