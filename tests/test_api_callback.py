"""Answers to local apps: signed, sent again under the same id, and never into our own network."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import fault_server as faults
import pytest
from api_app import NEW, OLD, app, opened, other_app
from fault_server import Fault, FaultServer, status

from channels.api_callback import Callbacks, outcome_of
from channels.contract import Outcome, Receipt, Refused, Reply, Secret, TryLater
from channels.provider_http import Answer
from channels.standard_webhooks import key_of, signed, verify
from channels.windows import pack_address

NOW = datetime(2026, 1, 3, 1, 30, tzinfo=UTC)
REPLY = Reply(
    id="abcdefgh234567",
    to=pack_address("ape-kesah", id="ak-1"),
    text="Laporan Anda kami terima. Kode: 7K3M9QW2X",
    subject="Laporan 7K3M9QW2X",
    case_code="7K3M9QW2X",
    kind="receipt",
    now=NOW,
)


@pytest.fixture
async def endpoint() -> AsyncIterator[FaultServer]:
    """The app's server, which keeps what it is sent once per key."""
    async with FaultServer() as server:
        yield server


def settings(endpoint: FaultServer, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 (any setting)
    """An app whose callback is on this machine."""
    usual = {
        "callback_url": endpoint.url,
        "callback_secrets": (OLD,),
        "callback_private": True,
    }
    return usual | changed


async def answered(endpoint: FaultServer, reply: Reply = REPLY, **changed: Any) -> Outcome:  # noqa: ANN401
    """The outcome of one answer to the app."""
    return await opened(app(**settings(endpoint, **changed))).reply(reply)


# --- what is sent ------------------------------------------------------------------------------


async def test_an_answer_is_a_signed_cloud_event(endpoint: FaultServer) -> None:
    """Event id, webhook id and idempotency key are one; the app's own id comes back."""
    outcome = await answered(endpoint)
    [request] = endpoint.requests
    event = json.loads(request.body)

    assert outcome == Receipt(reference="HTTP 201")
    assert (event["specversion"], event["type"]) == ("1.0", "lapor.reply.v1")
    assert event["id"] == request.headers["webhook-id"] == REPLY.id
    assert request.headers["idempotency-key"] == f'"{REPLY.id}"'
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert event["subject"] == "7K3M9QW2X"
    assert event["data"] == {
        "reply_id": REPLY.id,
        "case_code": "7K3M9QW2X",
        "report_id": "ak-1",
        "kind": "receipt",
        "subject": "Laporan 7K3M9QW2X",
        "text": REPLY.text,
        "state": "diterima",
    }


async def test_the_receiver_can_verify_it(endpoint: FaultServer) -> None:
    """The bytes signed are the bytes sent, at the time of this attempt."""
    await answered(endpoint)
    [request] = endpoint.requests

    assert verify([key_of(OLD)], request.headers, request.body, NOW.timestamp())
    assert not verify([key_of(NEW)], request.headers, request.body, NOW.timestamp())
    assert not verify([key_of(OLD)], request.headers, request.body + b" ", NOW.timestamp())


async def test_during_a_rotation_either_secret_verifies(endpoint: FaultServer) -> None:
    """We sign with both, so the app may change at any time."""
    await answered(endpoint, callback_secrets=(NEW, OLD))
    [request] = endpoint.requests

    for secret in (OLD, NEW):
        assert verify([key_of(secret)], request.headers, request.body, NOW.timestamp())


def test_the_signature_is_that_of_the_standard() -> None:
    """The vector of the Standard Webhooks library."""
    fields = signed([key_of(OLD)], "msg_1", 1700000000, b'{"type":"message.received"}')

    assert fields["webhook-signature"] == "v1,eITGSlQsIt9lcSycZ74vHeeyNMy3ge+1ySYrz6Orea0="


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!", "whsec_AAAA", "plain words"])
def test_a_secret_that_is_none_ends_the_start(secret: str) -> None:
    """24 to 64 bytes in base64, or nothing."""
    with pytest.raises(ValueError, match="signing secret"):
        key_of(Secret(secret))


def test_an_id_with_a_dot_is_never_signed() -> None:
    """It would move the timestamp."""
    with pytest.raises(ValueError, match="dot"):
        signed([key_of(OLD)], "a.b", 1, b"")


async def test_a_retry_keeps_id_and_body_and_renews_the_signature(endpoint: FaultServer) -> None:
    """The receiver sees one event, whenever it is sent; its clock check passes each time."""
    endpoint.faults.append(status(503))
    channel = opened(app(**settings(endpoint)))
    later = NOW + timedelta(hours=6)
    outcomes = [
        await channel.reply(REPLY),
        await channel.reply(Reply(**{**_fields(REPLY), "now": later})),
    ]
    first, second = endpoint.requests

    assert [type(outcome) for outcome in outcomes] == [TryLater, Receipt]
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert verify([key_of(OLD)], second.headers, second.body, later.timestamp())


def _fields(reply: Reply) -> dict[str, Any]:
    return {name: getattr(reply, name) for name in Reply.__dataclass_fields__}


async def test_an_app_without_a_callback_asks_for_itself(endpoint: FaultServer) -> None:
    """Nothing is sent and nothing fails; so it is for an app that is gone from the settings."""
    kept = Receipt(reference="kept: the app asks for itself")

    assert await opened(app()).reply(REPLY) == kept
    assert await opened(other_app()).reply(REPLY) == kept
    assert endpoint.requests == []


# --- what comes back ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (200, Receipt), (201, Receipt), (202, Receipt), (204, Receipt), (301, Refused),
        (302, Refused), (307, Refused), (400, Refused), (401, TryLater), (403, TryLater),
        (404, TryLater), (405, Refused), (408, TryLater), (409, TryLater), (410, Refused),
        (413, Refused), (415, Refused), (422, Refused), (425, TryLater), (429, TryLater),
        (500, TryLater), (501, Refused), (502, TryLater), (503, TryLater), (504, TryLater),
        (505, Refused),
    ],
)  # fmt: skip
async def test_each_status_has_its_meaning(
    endpoint: FaultServer, code: int, kind: type[Outcome]
) -> None:
    """2xx is done, weather is tried again, 410 and what cannot change is not."""
    endpoint.faults.append(status(code, b"" if code == 204 else b"secret words"))
    outcome = await answered(endpoint)

    assert type(outcome) is kind
    assert "secret" not in str(outcome)


@pytest.mark.parametrize(
    ("told", "wait"),
    [("120", 120.0), ("-5", None), ("soon", None), ("99999999999", 86400.0), ("0", 0.0),
     ("Sat, 03 Jan 2026 01:40:00 GMT", 600.0), ("Sat, 03 Jan 2026 01:00:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms(told: str, wait: float | None) -> None:
    """Seconds or a date, in the past, huge, negative or garbage."""
    headers = {"Retry-After": told, "Date": "Sat, 03 Jan 2026 01:30:00 GMT"}
    outcome = outcome_of(Answer(status=503, headers=headers, body=b""))

    assert isinstance(outcome, TryLater)
    assert outcome.wait == wait


async def test_a_redirect_is_not_followed(endpoint: FaultServer) -> None:
    """What was signed for one address goes to no other."""
    endpoint.faults.append(status(307, Location="http://127.0.0.1:9/"))

    assert isinstance(await answered(endpoint), Refused)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("fault", [faults.reset, faults.garbage, faults.lost])
async def test_an_answer_that_does_not_come_means_again(
    endpoint: FaultServer, fault: Fault
) -> None:
    """The app knows our id, so whether it got the first one does not matter."""
    endpoint.faults.append(fault)

    assert type(await answered(endpoint)) is TryLater


async def test_no_answer_in_time_means_again(endpoint: FaultServer) -> None:
    """One total bound for connecting, sending and hearing."""
    endpoint.health = faults.silent
    callbacks = Callbacks(lambda: 0.0, timeout=0.3)
    async with asyncio.timeout(30):
        outcome = await callbacks.post(app(**settings(endpoint)), REPLY, "ak-1")

    assert outcome == TryLater(reason="no answer: TimeoutError")


@pytest.mark.parametrize("fault", [faults.drip, faults.huge, faults.cut])
async def test_what_stands_below_the_status_is_not_waited_for(
    endpoint: FaultServer, fault: Fault
) -> None:
    """A 200 is done, however slowly, endlessly or brokenly its body comes."""
    endpoint.health = fault
    async with asyncio.timeout(30):
        assert await answered(endpoint) == Receipt(reference="HTTP 200")


async def test_nobody_there_means_again(endpoint: FaultServer) -> None:
    """A server that is down for a night gets its answers in the morning."""
    await endpoint.down()

    assert await answered(endpoint) == TryLater(reason="no answer: ClientConnectorError")


# --- where it may go ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:7f00:1]"]
)
async def test_a_callback_into_our_own_network_is_not_called(
    endpoint: FaultServer, host: str
) -> None:
    """Checked at the socket, so neither a name nor a literal address leads there."""
    url = f"https://{host}:{endpoint.port}/"
    outcome = await answered(endpoint, callback_url=url, callback_private=False)

    assert outcome == TryLater(reason="the callback leads into a private network")
    assert endpoint.requests == []


async def test_no_cookie_and_no_connection_is_kept(endpoint: FaultServer) -> None:
    """One app's server learns nothing of another's by us."""
    endpoint.faults.append(status(200, Set_Cookie="a=b"))
    await answered(endpoint)
    await answered(endpoint, Reply(**{**_fields(REPLY), "id": "zyxwvu765432"}))

    assert "cookie" not in endpoint.requests[1].headers
    assert aiohttp.hdrs.CONNECTION.lower() in endpoint.requests[1].headers
