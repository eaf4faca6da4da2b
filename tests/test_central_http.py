"""A central store behind HTTP, against a server that fails in every way it can."""

import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from email.utils import format_datetime
from pathlib import Path

import fault_server as faults
import pytest
from clock import Clock
from fault_server import FaultServer, status
from forwarding import document, push, record_id
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Outcome, Receipt, Refused, Secret, TryLater, Uncertain
from channels.standard_webhooks import key_of, verify
from forwarder.central.addresses import PublicResolver, is_private_literal, is_public
from forwarder.central.answers import Answer, outcome_of
from forwarder.central.http import HttpCentral, HttpOptions
from forwarder.push import Push

OLD = Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
NEW = Secret("whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


class Stores:
    """Makes connectors and closes them."""

    def __init__(self, server: FaultServer, clock: Clock) -> None:
        self.server = server
        self.clock = clock
        self.made: list[HttpCentral] = []

    def make(self, **options: object) -> HttpCentral:
        """A connector to the server, with other options than usual."""
        chosen = {"url": self.server.url, "secrets": (OLD,), "allow_private": True} | options
        store = HttpCentral(
            "store",
            HttpOptions(**chosen),  # type: ignore[arg-type]
            lambda: self.clock.milliseconds,
        )
        self.made.append(store)
        return store


@pytest.fixture
async def stores(server: FaultServer, clock: Clock) -> AsyncIterator[Stores]:
    made = Stores(server, clock)
    yield made
    for store in made.made:
        await store.close()


async def push_one(store: HttpCentral, one: Push | None = None) -> Outcome:
    (outcome,) = await store.push([one or push(1)])
    return outcome


async def test_a_push_is_a_signed_cloud_event(stores: Stores) -> None:
    """Event id, webhook id and idempotency key are one; the body is signed as it is sent."""
    outcome = await push_one(stores.make())
    (request,) = stores.server.requests
    sent = json.loads(request.body)

    assert outcome == Receipt(reference="ref-00000000")
    assert sent["specversion"] == "1.0"
    assert (sent["type"], sent["source"]) == ("lapor.record.v1", "/lapor-gateway")
    assert (sent["subject"], sent["revision"]) == (record_id(1), 1)
    assert sent["data"] == json.loads(document(1))
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["idempotency-key"] == f'"{sent["id"]}"'
    assert request.headers["webhook-id"] == sent["id"]
    assert "." not in sent["id"]
    now = stores.clock.now.timestamp()
    assert verify([key_of(OLD)], request.headers, request.body, now)


async def test_a_retry_differs_in_time_and_signature_alone(stores: Stores) -> None:
    """Id, key and body of a retry are the first ones; timestamp and signature are its own."""
    store = stores.make()
    stores.server.faults.append(status(500))
    await push_one(store)
    stores.clock.advance(3600)
    await push_one(store)

    first, second = stores.server.requests

    assert first.body == second.body
    assert first.key == second.key
    for name in ("webhook-timestamp", "webhook-signature"):
        assert first.headers[name] != second.headers[name]
    assert verify([key_of(OLD)], second.headers, second.body, stores.clock.now.timestamp())


async def test_rotation_signs_with_both_secrets(stores: Stores) -> None:
    """A store that knows only the old secret and one that knows only the new one both accept."""
    await push_one(stores.make(secrets=(OLD, NEW)))
    (request,) = stores.server.requests
    now = stores.clock.now.timestamp()

    for secret in (OLD, NEW):
        assert verify([key_of(secret)], request.headers, request.body, now)


async def test_non_ascii_and_quotes_arrive_unchanged(stores: Stores) -> None:
    """A record with quotes, percent signs and any script arrives byte for byte."""
    text = '100% „rusak“ "parah" \\ ꦭꦩ꧀ꦥꦸ 🚧 \u2028'
    one = Push(record_id=record_id(1), revision=1, document=document(1, 1, text), created_at=0)

    await push_one(stores.make(source="/lapor%20gateway/kota"), one)

    assert document(1, 1, text) in stores.server.requests[0].body
    assert json.loads(stores.server.requests[0].body)["data"]["text"] == text


async def test_already_there_is_done(stores: Stores) -> None:
    """409 means the store has this key, unless it asks to wait for the first push to end."""
    stores.server.faults.extend([status(409), status(409, Retry_After="2")])
    store = stores.make()

    assert await push_one(store) == Receipt(reference="already there")
    assert await push_one(store) == TryLater(
        reason="the store is still at the first push of this record", wait=2.0
    )


@pytest.mark.parametrize("code", [200, 201, 202, 204])
async def test_success(stores: Stores, code: int) -> None:
    """Any 2xx is a receipt, with or without a body."""
    stores.server.faults.append(status(code))

    assert await push_one(stores.make()) == Receipt()


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        (b'{"id": 17}', "17"),
        (b'{"reference":"SP4N-1","id":2}', "SP4N-1"),
        (b"OK\n", ""),
        (b"[]", ""),
        (b'{"id": null}', ""),
    ],
)
async def test_what_a_store_says_of_itself(stores: Stores, body: bytes, reference: str) -> None:
    """The store's own number is kept where it gives one; a plain OK is enough."""
    stores.server.faults.append(status(200, body, Content_Type="text/html"))

    assert await push_one(stores.make()) == Receipt(reference=reference)


@pytest.mark.parametrize("code", [400, 402, 406, 413, 415, 422, 451, 501, 505])
async def test_about_the_record(stores: Stores, code: int) -> None:
    """Answers about the record itself are for a person."""
    stores.server.faults.append(status(code))

    assert await push_one(stores.make()) == Refused(reason=f"HTTP {code}")


@pytest.mark.parametrize(
    "code", [301, 302, 304, 307, 308, 401, 403, 404, 405, 408, 425, 429, 500, 502, 503, 504, 599]
)
async def test_about_the_endpoint(stores: Stores, code: int) -> None:
    """Answers about the endpoint or the moment say nothing against the record."""
    stores.server.faults.append(status(code))

    outcome = await push_one(stores.make())

    assert isinstance(outcome, TryLater)
    assert outcome.reason.endswith(f"HTTP {code}")
    assert outcome.wait is None


async def test_an_endpoint_that_is_gone_is_left_alone(stores: Stores) -> None:
    """410 turns the endpoint off for an hour at a time, and parks nothing."""
    stores.server.faults.append(status(410, Retry_After="1"))

    assert await push_one(stores.make()) == TryLater(
        reason="the store says its address is gone: HTTP 410", wait=3600.0
    )


async def test_no_redirect_is_followed(stores: Stores) -> None:
    """A redirect, even to the same server, is told to the operator and not followed."""
    stores.server.faults.append(status(307, Location=stores.server.url))

    outcome = await push_one(stores.make())

    assert isinstance(outcome, TryLater)
    assert len(stores.server.requests) == 1
    assert stores.server.records == {}


async def test_retry_after_in_every_form(stores: Stores) -> None:
    """Seconds, a date, the past, and garbage, as the header says or not at all."""
    date = format_datetime(stores.clock.now.replace(hour=2, minute=30), usegmt=True)
    past = format_datetime(stores.clock.now.replace(year=2020), usegmt=True)
    headers = ["30", date, past, "999999999999999999999999", "-1", "later"]
    stores.server.faults.extend(status(503, Retry_After=value) for value in headers)
    store = stores.make()

    outcomes = [await push_one(store) for _ in headers]

    waits = [outcome.wait for outcome in outcomes if isinstance(outcome, TryLater)]
    assert waits == [30.0, 3600.0, 0.0, 1e24, None, None]


@pytest.mark.parametrize(
    "fault", [faults.reset, faults.cut, faults.garbage, faults.lost, faults.silent, faults.drip]
)
async def test_no_answer_is_uncertain(stores: Stores, fault: faults.Fault) -> None:
    """Once the request has left, anything but a whole answer leaves it open what happened."""
    stores.server.faults.append(fault)

    assert isinstance(await push_one(stores.make(timeout=0.5)), Uncertain)


@pytest.mark.parametrize(
    "fault",
    [
        status(200, b"<html>Selamat datang", Content_Type="text/html"),
        status(200, b'{"reference": "half', Content_Type="application/json"),
        status(200, bytes(range(256)), Content_Type="application/octet-stream"),
        status(200, b"\x1f\x8b\x08" + b"x" * 30, Content_Encoding="gzip"),
        faults.huge,
    ],
)
async def test_a_200_that_is_no_stores(stores: Stores, fault: faults.Fault) -> None:
    """A portal's page, half a JSON text or a gibibyte of anything is no receipt."""
    stores.server.faults.append(fault)

    assert isinstance(await push_one(stores.make()), Uncertain)


async def test_an_answer_that_was_lost_is_found_again(stores: Stores) -> None:
    """The store kept the record and hung up: sent again under the same key it is there once."""
    stores.server.faults.append(faults.lost)
    store = stores.make()

    outcomes = [await push_one(store), await push_one(store, push(1, doubtful=True))]

    assert isinstance(outcomes[0], Uncertain)
    assert outcomes[1] == Receipt(reference="already there")
    assert len(stores.server.records) == 1


async def test_in_doubt_a_store_is_asked_first(stores: Stores) -> None:
    """With find_url, a record that may be there is looked up; only what is not there is sent."""
    store = stores.make(find_url=f"{stores.server.url}/{{id}}")
    stores.server.faults.append(faults.lost)
    await push_one(store)

    outcomes = [
        await push_one(store, push(1, doubtful=True)),
        await push_one(store, push(2, doubtful=True)),
    ]

    assert outcomes == [Receipt(reference="found there"), Receipt(reference="ref-00000000")]
    assert [request.method for request in stores.server.requests] == ["POST", "GET", "GET", "POST"]


async def test_a_store_that_will_not_say_leaves_the_doubt(stores: Stores) -> None:
    """While the look-up fails nothing is sent, and the push stays uncertain."""
    stores.server.faults.extend([status(500), status(302), faults.garbage])
    store = stores.make(find_url=f"{stores.server.url}/{{record_id}}/{{revision}}")

    outcomes = [await push_one(store, push(1, doubtful=True)) for _ in range(3)]

    assert all(isinstance(outcome, Uncertain) for outcome in outcomes)
    assert [request.method for request in stores.server.requests] == ["GET"] * 3
    assert stores.server.requests[0].path == f"/records/{record_id(1)}/1"


async def test_a_store_that_is_down(stores: Stores) -> None:
    """A refused connection means nothing was sent."""
    await stores.server.down()

    outcome = await push_one(stores.make())

    assert outcome == TryLater(reason="cannot connect: Connection refused")


async def test_bad_tls(clock: Clock, tmp_path: Path) -> None:
    """An untrusted certificate ends it before anything is sent; ca_file makes it trusted."""
    certificate = make_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    async with FaultServer(tls=tls) as server:
        stores = Stores(server, clock)

        outcomes = [
            await push_one(stores.make()),
            await push_one(stores.make(ca_file=str(certificate))),
            await push_one(stores.make(ca_file=str(tmp_path / "absent.pem"))),
        ]
        for store in stores.made:
            await store.close()

    assert isinstance(outcomes[0], TryLater)
    assert isinstance(outcomes[1], Receipt)
    assert isinstance(outcomes[2], TryLater)
    assert server.sent.total() == 1


def make_certificate(folder: Path) -> Path:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=store"
    command += " -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    certificate.write_bytes(key.read_bytes() + certificate.read_bytes())
    return certificate


async def test_private_addresses_need_a_word_from_the_operator(stores: Stores) -> None:
    """Nothing is sent to loopback and private networks, by number or by name, unless allowed."""
    port = stores.server.port
    hosts = ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "localhost"]
    # Other digits and stops than ours, which become ours on the way to the connection.
    hosts += ["\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021"]

    outcomes = [
        await push_one(stores.make(url=f"http://{host}:{port}/", allow_private=False))
        for host in hosts
    ]

    assert all(isinstance(outcome, TryLater) for outcome in outcomes)
    assert stores.server.requests == []


def test_which_addresses_are_public() -> None:
    """Loopback, private, link-local, shared, mapped and multicast addresses are not public."""
    private = "0.0.0.0 127.0.0.1 10.1.1.1 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1 ::1 ::"
    private += " 192.0.0.192 168.63.129.16 64:ff9b::7f00:1 ::127.0.0.1 2001:0:7f00:1::1"
    private += " fd00::1 fe80::1%eth0 ::ffff:10.0.0.1 2002:7f00:1:: 224.0.0.1 ff0e::1"
    public = "1.1.1.1 2606:4700:4700::1111"

    assert [one for one in private.split() if is_public(one)] == []
    assert [one for one in public.split() if not is_public(one)] == []
    assert is_private_literal("[::1]")
    assert not is_private_literal("store.example.id")


async def test_a_name_of_a_private_address_is_not_resolved() -> None:
    """A name with none but private addresses counts as unresolvable."""
    with pytest.raises(OSError, match="private"):
        await PublicResolver().resolve("localhost", 80)


async def test_odd_urls_are_weather() -> None:
    """A url that is no address delivers nothing, parks nothing and is told by `check`."""
    for url in ("", "store", "ftp://127.0.0.1/", "http://", "http://[/"):
        store = HttpCentral("store", HttpOptions(url=url, allow_private=True), lambda: 0)
        outcome = await push_one(store)
        await store.close()
        assert isinstance(outcome, TryLater)
        assert store.problems() == ["central store store: url is no http address"]


def test_what_check_says() -> None:
    """Missing encryption, signature or permission is told in sentences, a good setting is not."""
    risky = HttpCentral(
        "kota", HttpOptions(url="http://10.0.0.1/", ca_file="/nonexistent"), lambda: 0
    )
    good = HttpCentral(
        "kota", HttpOptions(url="https://store.example.id/in", secrets=(OLD,)), lambda: 0
    )

    assert len(risky.problems()) == 4
    assert good.problems() == []
    with pytest.raises(ValueError, match="signing secret"):
        HttpCentral("kota", HttpOptions(secrets=(Secret("abc"),)), lambda: 0)


async def test_a_problem_document_is_told_without_the_complaint() -> None:
    """The reason a store gives is kept; words of the record in it are not."""
    body = json.dumps({"title": "Invalid", "detail": "text 'Lampu jalan padam' is too short"})
    answer = Answer(
        status=422,
        headers={"content-type": "application/problem+json"},
        body=body.encode(),
    )

    outcome = outcome_of(answer, document(1), 0.0)

    assert outcome == Refused(reason="HTTP 422: Invalid … 'Lampu … padam' is too short")


@given(
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["retry-after", "content-type", "location"]), st.text()),
    st.binary(),
    st.booleans(),
)
def test_any_answer_has_a_meaning(
    code: int,
    headers: dict[str, str],
    body: bytes,
    complete: bool,  # noqa: FBT001 (hypothesis passes it)
) -> None:
    """Whatever a server answers, it is one of the four outcomes."""
    answer = Answer(status=code, headers=headers, body=body, complete=complete)

    outcome = outcome_of(answer, b"{}", 0.0)

    assert isinstance(outcome, Receipt | TryLater | Refused | Uncertain)


async def test_several_pushes_run_side_by_side(stores: Stores) -> None:
    """One answer that never comes does not hold up the others."""
    stores.server.faults.append(faults.silent)

    outcomes = await stores.make(timeout=0.5).push([push(1), push(2), push(3)])

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Receipt",
        "Receipt",
        "Uncertain",
    ]
    assert stores.server.busiest >= 2
