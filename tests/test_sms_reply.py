"""An SMS out: what each send API is asked, and what its answers mean."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from sms_gateway import SendApiPeer, opened, serving

from channels.contract import Outcome, Receipt, Refused, Reply, Secret, TryLater, Uncertain
from channels.sms_apis import Account, Outgoing, SendNames
from channels.sms_send import SendApi

TO = "+6281200001234 1708"


@pytest.fixture
def peer() -> SendApiPeer:
    """The operator's side."""
    return SendApiPeer()


@pytest.fixture
async def send_url(peer: SendApiPeer) -> AsyncIterator[str]:
    """Where it listens."""
    async with serving(peer.routes()) as url:
        yield f"{url}/send"


async def replied(send_url: str, text: str = "Terima kasih", **options: Any) -> Outcome:  # noqa: ANN401 (options)
    """The outcome of one reply with these options."""
    account = {"username": "gateway", "password": Secret("invented")}
    channel = opened(send_url=send_url, **(account | options))
    try:
        return await channel.reply(Reply(id="r1", to=TO, text=text))
    finally:
        await channel.close()


async def test_kannel_is_asked_by_get(peer: SendApiPeer, send_url: str) -> None:
    """The API gets the account, one receiver, the text as UTF-8 and coding 0 for GSM-7."""
    outcome = await replied(send_url, "Laporan {A&B} + 100% €", preset="kannel")

    assert outcome == Receipt(reference="0: Accepted for delivery")
    assert peer.asked == [
        (
            "GET",
            {
                "username": "gateway", "password": "invented", "from": "1708",
                "to": "+6281200001234", "text": "Laporan {A&B} + 100% €",
                "charset": "utf-8", "coding": "0",
            },
            {},
            "",
        )
    ]  # fmt: skip


async def test_kannel_gets_coding_2_only_where_it_must(peer: SendApiPeer, send_url: str) -> None:
    """One character outside GSM 03.38 makes it UCS-2; a curly quote is none, it is made plain."""
    await replied(send_url, "\u201cSelesai\u201d", preset="kannel")
    await replied(send_url, "Selesai ✅", preset="kannel")

    assert [(query["coding"], query["text"]) for _, query, _, _ in peer.asked] == [
        ("0", '"Selesai"'),
        ("2", "Selesai ✅"),
    ]


async def test_kannel_is_told_where_to_report(peer: SendApiPeer, send_url: str) -> None:
    """With dlr_url every report is asked for, at an address with the reply's own id."""
    await replied(send_url, preset="kannel", dlr_url="http://127.0.0.1:8080/in/sms/")
    _, query, _, _ = peer.asked[0]

    assert query["dlr-mask"] == "31"
    assert query["dlr-url"].startswith("http://127.0.0.1:8080/in/sms/dlr?reply=r1&proof=")
    assert query["dlr-url"].endswith("&type=%d&answer=%A")


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (202, "3: Queued for later delivery", Receipt(reference="3: Queued for later delivery")),
        (200, "<html>welcome</html>", Uncertain(reason="answered 200, which Kannel does not")),
        (202, "5: what", Uncertain(reason="answered 202, which Kannel does not")),
        (400, "Missing receiver number, rejected",
         Refused(reason="answered 400 Missing receiver number, rejected")),
        (403, "Authorization failed for sendsms",
         Refused(reason="answered 403 Authorization failed for sendsms")),
        (500, "Sending failed.", TryLater(reason="answered 500 Sending failed.")),
        (503, "Temporal failure", TryLater(reason="answered 503 Temporal failure")),
        (400, "bad +6281200001234", Refused(reason="answered 400 bad #")),
    ],
)  # fmt: skip
async def test_kannels_answers(
    peer: SendApiPeer, send_url: str, *, status: int, body: str, outcome: Outcome
) -> None:
    """202 with 0: or 3: is done, 400 and 403 are final, 5xx passes; no number gets into reasons."""
    peer.status, peer.body = status, body

    assert await replied(send_url, preset="kannel") == outcome


@pytest.mark.parametrize(("told", "wait"), [("120", 120.0), ("soon", None), ("-1", None)])
async def test_retry_after_is_honoured(
    peer: SendApiPeer, send_url: str, told: str, wait: float | None
) -> None:
    """Who asks us to wait is not asked again before."""
    peer.status, peer.headers = 503, {"Retry-After": told}
    outcome = await replied(send_url)

    assert isinstance(outcome, TryLater)
    assert outcome.wait == wait


async def test_a_long_answer_is_shortened_before_it_is_sent(
    peer: SendApiPeer, send_url: str
) -> None:
    """At most max_segments SMS, and dots where something is missing."""
    await replied(send_url, "x" * 400, preset="kannel", max_segments=2)
    _, query, _, _ = peer.asked[0]

    assert query["text"] == "x" * 303 + "..."


async def test_jasmin_is_asked_by_post(peer: SendApiPeer, send_url: str) -> None:
    """GSM-7 goes as content, all else as UTF-16BE in hex; Success and its id are a receipt."""
    peer.status, peer.body = 200, 'Success "0f3e9d1c-0000-4000-8000-000000000001"'
    outcome = await replied(send_url, preset="jasmin")
    await replied(send_url, "ok ✅", preset="jasmin", dlr_url="http://127.0.0.1/in/sms")
    (_, _, plain, _), (_, _, ucs2, _) = peer.asked

    assert outcome == Receipt(reference="0f3e9d1c-0000-4000-8000-000000000001")
    assert plain == {
        "username": "gateway", "password": "invented", "to": "+6281200001234",
        "from": "1708", "coding": "0", "content": "Terima kasih",
    }  # fmt: skip
    assert (ucs2["coding"], bytes.fromhex(ucs2["hex-content"]).decode("utf-16-be")) == (
        "8",
        "ok ✅",
    )
    assert ucs2["dlr-level"] == "3"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, 'Error "Authentication failure for username:x"', Refused),
        (403, 'Error "User throughput exceeded"', TryLater),
        (412, 'Error "No route found"', Refused),
        (500, 'Error "Cannot send submit_sm"', TryLater),
        (200, "hello", Uncertain),
    ],
)
async def test_jasmins_answers(
    peer: SendApiPeer, send_url: str, *, status: int, body: str, kind: type[Outcome]
) -> None:
    """Throughput passes though it is a 403; what is not Jasmin's word is uncertain."""
    peer.status, peer.body = status, body

    assert type(await replied(send_url, preset="jasmin")) is kind


async def test_a_generic_form_has_mapped_names(peer: SendApiPeer, send_url: str) -> None:
    """Field names are settings, the account goes as Basic, any 2xx is a receipt."""
    peer.status, peer.body = 201, "msg-77"
    names = SendNames(to="destination", text="body")
    outcome = await replied(send_url, send_fields=names)

    assert outcome == Receipt(reference="msg-77")
    assert peer.asked == [
        (
            "POST",
            {},
            {"destination": "+6281200001234", "body": "Terima kasih", "id": "r1", "from": "1708"},
            "Basic Z2F0ZXdheTppbnZlbnRlZA==",
        )
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Receipt),
        (302, Refused),
        (401, Refused),
        (404, Refused),
        (429, TryLater),
        (502, TryLater),
    ],
)
async def test_generic_answers(
    peer: SendApiPeer, send_url: str, status: int, kind: type[Outcome]
) -> None:
    """Nothing of what an unknown gateway echoes is kept, and no redirect is followed."""
    peer.status, peer.body = status, "to +6281200001234: Terima kasih"
    peer.headers = {"Location": "http://127.0.0.1:9/"}
    outcome = await replied(send_url)

    assert type(outcome) is kind
    assert "Terima" not in repr(outcome)
    assert len(peer.asked) == 1


async def test_a_gateway_that_is_down_is_tried_later(free_port: int) -> None:
    """No connection means nothing has happened."""
    outcome = await replied(f"http://127.0.0.1:{free_port}/send", preset="kannel")

    assert outcome == TryLater(reason="no connection: ClientConnectorError")


async def test_a_connection_that_breaks_is_uncertain_and_not_repeated() -> None:
    """The request left: it may have been sent, and no library repeats it behind our back."""
    connections = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await replied(f"http://127.0.0.1:{port}/send", preset="kannel")

    assert isinstance(outcome, Uncertain)
    assert connections == 1


async def test_an_answer_that_never_comes_is_uncertain() -> None:
    """Kannel with max-messages = 0 takes the request and is silent; we do not wait for ever."""
    asked, released = asyncio.Event(), asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        del request
        asked.set()
        await released.wait()
        return web.Response()

    async with serving([web.get("/send", silent)]) as url:
        account = Account(
            preset="kannel", url=f"{url}/send", username="", password=None, names=SendNames()
        )
        api = SendApi(account, timeout=0.2)
        outcome = await api.send(
            Outgoing(id="1", to="+6281200001234", sender="", text="halo", report_url="")
        )
        await api.close()
        released.set()

    assert asked.is_set()
    assert isinstance(outcome, Uncertain)


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """64 KiB of an answer are enough to know it."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 16384)
        except ConnectionError:
            return response

    async with serving([web.post("/send", endless)]) as url:
        outcome = await replied(f"{url}/send")

    assert outcome == TryLater(reason="answered 500")
