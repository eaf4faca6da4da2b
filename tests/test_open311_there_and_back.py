"""Our own Open311 client against our own Open311 server: one gateway hands a case to another."""

from collections.abc import Iterator

import msgspec
import pytest
from api_gateway import GatewayWith, running
from forwarding import document, record_id
from ledger import central, until_drained, until_recorded
from open311_site import API_KEY, PATH
from test_central_open311 import Book

from channels.contract import Outcome, Receipt, Secret
from forwarder.central.open311 import Open311Central, Open311Options
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Page
from gateway.clock import now_ms
from normalizer.record import Judgement, MapPoint, Record

TOML = """
[channels.open311]
enabled = true
type = "TYPE"

[[channels.open311.clients]]
name = "kota"
keys = ["city_key"]
"""


@pytest.fixture(scope="module", params=["realtime", "batch"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayWith]:
    """A gateway that is somebody's Open311 server."""
    toml = TOML.replace("TYPE", request.param)
    with running(tmp_path_factory.mktemp("open311"), toml, city_key=API_KEY) as gateway:
        yield gateway


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_a_case_arrives_as_it_was_and_its_states_come_back(
    served: GatewayWith, form: str
) -> None:
    """Text, topic and point over there are ours; sent twice it is one case; its state is heard."""
    book = Book()
    number = 1 if form == "json" else 2
    options = Open311Options(
        url=served.url + PATH,
        api_key=Secret(API_KEY),
        format="xml" if form == "xml" else "json",
        fallback="jalan",
        doubt="repeat",
        allow_private=True,
    )
    store = Open311Central("city", options, now_ms, book)
    record = msgspec.structs.replace(
        msgspec.json.decode(document(number), type=Record),
        confidential=False,
        text=f"Jalan {number} berlubang di depan pasar",
        topic=Judgement(value="jalan", confidence=0.9),
        point=MapPoint(lat=-6.9175, lon=107.6191),
    )
    push = Push(
        record_id=record_id(number),
        revision=1,
        document=msgspec.json.encode(record),
        created_at=now_ms(),
    )

    outcomes: list[Outcome] = [*await store.push([push]), *await store.push([push])]
    await until_recorded(served, number)
    await until_drained(served)
    (first, again) = outcomes
    assert isinstance(first, Receipt)
    book.known = [Case(record_id=push.record_id, revision=1, reference=first.reference, at=0)]
    page = await store.poll("")
    held = await store.holds(book.known)
    await store.close()

    text = record.text + f"\n\n[LAPOR {record.case_code}]"
    ((code, point),) = central(served, "select case_code, point from records where text = ?", text)
    assert again == first
    assert msgspec.json.decode(point) == {"lat": -6.9175, "lon": 107.6191}
    assert book.known[0].reference == code
    assert held == [True]
    assert isinstance(page, Page)
    (update,) = page.updates
    assert (update.record_id, update.status) == (push.record_id, "open")
    assert update.text
