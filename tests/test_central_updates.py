"""Updates of a store behind HTTP, sent by it or fetched; and comments on the way there."""

import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from clock import Clock
from fault_server import Fault, FaultServer, status
from forwarding import record_id

from channels.contract import Receipt, Secret, TryLater
from channels.standard_webhooks import TOLERANCE, key_of, signed, verify
from forwarder.central.http import HttpCentral, HttpOptions
from forwarder.push import Push
from forwarder.update import Comment, Page, Update

OURS = Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
OLD = Secret("whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")
NEW = Secret("whsec_YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=")
EVENT: Mapping[str, Any] = {
    "specversion": "1.0",
    "id": "17",
    "source": "https://pusat.example/laporan",
    "type": "lapor.update.v1",
    "subject": record_id(1),
    "time": "2026-01-04T08:00:00+07:00",
    "data": {"status": "Selesai", "text": "Lampu sudah diganti", "agency": "Dinas PUPR"},
}
UPDATE = Update(
    update_id="https://pusat.example/laporan#17",
    record_id=record_id(1),
    at=1_767_488_400_000,
    status="Selesai",
    text="Lampu sudah diganti",
    agency="Dinas PUPR",
)


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
async def store(server: FaultServer, clock: Clock) -> AsyncIterator[HttpCentral]:
    store = HttpCentral(
        "ministry",
        HttpOptions(
            url=server.url,
            secrets=(OURS,),
            update_secrets=(OLD, NEW),
            poll_url=f"{server.url}/updates?after={{cursor}}",
            allow_private=True,
        ),
        lambda: clock.milliseconds,
    )
    yield store
    await store.close()


def hear(
    store: HttpCentral, content: object, clock: Clock, *, secret: Secret = NEW, kind: str = ""
) -> list[Update]:
    """A request as the store's developers send it."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    stamp = int(clock.now.timestamp())
    sent = {"content-type": "application/cloudevents+json"}
    sent |= signed([key_of(secret)], "msg_1", stamp, body)
    if kind:
        sent["content-type"] = kind
    return list(store.heard(sent, body, clock.milliseconds))


def changed(**data: object) -> dict[str, Any]:
    return {**EVENT, "data": data}


async def test_a_signed_event_is_an_update(store: HttpCentral, clock: Clock) -> None:
    """Under either of two secrets; its id is that of the event with its source."""
    assert hear(store, EVENT, clock) == [UPDATE]
    assert hear(store, EVENT, clock, secret=OLD) == [UPDATE]


async def test_a_batch_is_heard_whole(store: HttpCentral, clock: Clock) -> None:
    """Several events in one signed request, whether the type says so or only the bracket."""
    batch = [EVENT, {**EVENT, "id": "18"}]

    for kind in ("application/cloudevents-batch+json; charset=utf-8", "application/json"):
        heard = hear(store, batch, clock, kind=kind)
        assert [update.update_id[-3:] for update in heard] == ["#17", "#18"]


async def test_the_stores_own_number_will_do(store: HttpCentral, clock: Clock) -> None:
    """A store that keeps only its own number names that; without a time it is now."""
    event = {name: EVENT[name] for name in ("specversion", "id", "source", "type")}
    (update,) = hear(store, event | {"data": {"reference": "70001", "kind": "closed"}}, clock)

    assert (update.record_id, update.reference, update.kind) == ("", "70001", "closed")
    assert update.at == clock.milliseconds


async def test_who_did_not_sign_is_not_heard(store: HttpCentral, clock: Clock) -> None:
    """The key for our pushes, a changed byte, an old or future time, no signature at all."""
    body = json.dumps(EVENT).encode()
    now = int(clock.now.timestamp())
    good = signed([key_of(NEW)], "msg_1", now, body)
    for stamp in (now - TOLERANCE - 1, now + TOLERANCE + 1):
        with pytest.raises(PermissionError):
            store.heard(signed([key_of(NEW)], "msg_1", stamp, body), body, clock.milliseconds)
    for headers, content in (
        (signed([key_of(OURS)], "msg_1", now, body), body),
        (good, body + b" "),
        (good | {"webhook-id": "msg_2"}, body),
        ({}, body),
    ):
        with pytest.raises(PermissionError):
            store.heard(headers, content, clock.milliseconds)


async def test_a_store_without_a_secret_sends_nothing(clock: Clock) -> None:
    """Else anybody could close anybody's case."""
    silent = HttpCentral("x", HttpOptions(url="https://x.example"), lambda: clock.milliseconds)

    with pytest.raises(PermissionError):
        hear(silent, EVENT, clock)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[" * 5000,
        b'{"specversion":"1.0"}',
        {**EVENT, "type": "lapor.updates.v1"},
        {**EVENT, "specversion": "0.3"},
        {**EVENT, "id": ""},
        {**EVENT, "subject": ""},
        {**EVENT, "time": "kemarin"},
        changed(),
        changed(kind="gossip"),
        [EVENT, {**EVENT, "data": None}],
    ],
)
async def test_what_is_signed_and_no_update_is_told_so(
    store: HttpCentral, clock: Clock, content: object
) -> None:
    """The store's developer sees at once that nothing was taken, of a batch nothing either."""
    with pytest.raises(ValueError, match=r".+"):
        hear(store, content, clock)


async def test_updates_are_fetched_where_they_are_not_sent(
    store: HttpCentral, server: FaultServer, clock: Clock
) -> None:
    """Signed questions, each with the cursor of the page before."""
    page = json.dumps({"events": [EVENT], "cursor": "a b&c", "more": True}).encode()
    server.faults.extend([status(200, page), status(200, b'{"events":[],"cursor":"z"}')])

    first = await store.poll("")
    assert isinstance(first, Page)
    second = await store.poll(first.cursor)

    assert first == Page(updates=(UPDATE,), cursor="a b&c", more=True)
    assert second == Page(cursor="z")
    assert [request.path for request in server.requests] == [
        "/records/updates?after=",
        "/records/updates?after=a%20b%26c",
    ]
    for request in server.requests:
        assert verify([key_of(OURS)], request.headers, b"", clock.now.timestamp())
    assert store.poll_every == 60.0


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (status(503, Retry_After="90"), TryLater(reason="HTTP 503", wait=90.0)),
        (status(200, b"<html>"), TryLater(reason="the answer is no page of updates: DecodeError")),
        (
            status(200, b'{"events":[]}'),
            TryLater(
                reason="the answer is no page of updates: Object missing required field `cursor`"
            ),
        ),
    ],
)
async def test_fetching_in_vain_is_weather(
    store: HttpCentral,
    server: FaultServer,
    fault: Fault,
    outcome: TryLater,
) -> None:
    """The next look begins where this one did."""
    server.faults.append(fault)

    assert await store.poll("x") == outcome


async def test_a_comment_is_an_event_of_its_own(store: HttpCentral, server: FaultServer) -> None:
    """Type lapor.comment.v1 under a key that no record has, on the record it is about."""
    said = Comment(record_id=record_id(1), comment_id="c1", at=0, text="Masih", solved=False)
    push = Push(
        record_id=record_id(1),
        revision=2,
        kind="comment",
        document=msgspec.json.encode(said),
        created_at=0,
        reference="A-7",
    )

    (outcome,) = await store.push([push])
    (request,) = server.requests
    event = json.loads(request.body)

    assert isinstance(outcome, Receipt)
    assert request.key == event["id"] == f"{record_id(1)}-comment-2"
    assert (event["type"], event["subject"]) == ("lapor.comment.v1", record_id(1))
    assert event["data"] == {
        "record_id": record_id(1),
        "comment_id": "c1",
        "at": 0,
        "text": "Masih",
        "solved": False,
    }
    assert store.takes_comments


async def test_a_comment_in_doubt_is_not_taken_for_its_record(
    server: FaultServer, clock: Clock
) -> None:
    """An address that knows only the record tells nothing about a comment: it is sent again."""
    options = HttpOptions(
        url=server.url, find_url=f"{server.url}/{{record_id}}", allow_private=True
    )
    store = HttpCentral("ministry", options, lambda: clock.milliseconds)
    server.records[record_id(1)] = b""
    said = Comment(record_id=record_id(1), comment_id="c1", at=0, text="Masih")
    push = Push(
        record_id=record_id(1),
        revision=1,
        kind="comment",
        document=msgspec.json.encode(said),
        created_at=0,
        doubtful=True,
    )

    await store.push([push])
    await store.close()

    assert [request.method for request in server.requests] == ["POST"]


async def test_the_example_in_the_docs_is_heard(store: HttpCentral) -> None:
    """What a developer copies from docs/central-http.md works as it stands there."""
    text = (Path(__file__).parents[1] / "docs" / "central-http.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (example,) = re.findall(
        r"^(\{\"specversion\":\"1.0\",\"id\":\"17\".*?)\n```", text, re.MULTILINE | re.DOTALL
    )
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 (our own docs)
    sent = {
        name.lower(): value
        for name, value in names["headers"](NEW.value, "msg_17", example.encode()).items()
    }

    (update,) = store.heard(sent, example.encode(), int(time.time() * 1000))

    assert update == msgspec.structs.replace(UPDATE, record_id="2f0c…")
