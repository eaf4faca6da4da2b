"""Open311 clients that ask: the same in XML and JSON, and nothing about anybody."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from open311_site import NOW, PATH, Cases, as_json, as_text, case, opened
from sms_gateway import serving

from channels.contract import PublicCase, PublicStatus, Topic
from channels.open311_answer import Row, answer, clean
from channels.open311_search import search_of

HIDDEN = PublicStatus(case_code="0H1DDEN00", state="selesai", received_at=NOW, updated_at=NOW)
CASES = (
    case("AAAAAAAA1", days=1),
    case("BBBBBBBB2", days=2, state="diteruskan", topic="sampah"),
    case("CCCCCCCC3", days=40, state="ditindaklanjuti", place="", point=None, agency=None),
    case("DDDDDDDD4", days=80, state="selesai", topic=None),
    case("EEEEEEEE5", days=100),
)


class Client:
    """Asks one server."""

    def __init__(self, url: str, session: aiohttp.ClientSession, inbox: Cases) -> None:
        self._url = url
        self._session = session
        self.inbox = inbox

    async def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        """Status, Content-Type and text."""
        async with self._session.get(self._url + PATH + path, headers=headers) as response:
            return response.status, response.headers["Content-Type"], await response.text()

    async def json(self, path: str) -> Any:  # noqa: ANN401 (whatever JSON says)
        """What a resource says."""
        return json.loads((await self.get(path))[2])

    async def ids(self, query: str) -> list[str]:
        """The requests a search finds."""
        found = await self.json(f"/requests.json?{query}")
        return [row["service_request_id"] for row in found]


@asynccontextmanager
async def asking(
    cases: Sequence[PublicCase] = CASES,
    **options: Any,  # noqa: ANN401 (any setting)
) -> AsyncIterator[Client]:
    """A server that knows these cases."""
    inbox = Cases(cases, HIDDEN)
    async with (
        serving(opened(**options).routes(inbox)) as url,
        aiohttp.ClientSession() as session,
    ):
        yield Client(url, session, inbox)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Asks a server with five cases and a hidden one."""
    async with asking() as one:
        yield one


# --- what each resource looks like -------------------------------------------------------------

Stamp = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """Every field is there, and no other."""


class Service(Strict):
    """One entry of GET services."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: Literal["realtime", "batch", "blackbox"]
    keywords: str
    group: str


class Request(Strict):
    """One entry of GET requests, as open311/schema-validation has it."""

    service_request_id: str
    status: Literal["open", "closed"]
    status_notes: str | None
    service_name: str | None
    service_code: str
    description: str | None
    agency_responsible: str | None
    service_notice: str | None
    requested_datetime: Stamp
    updated_datetime: Stamp | None
    expected_datetime: Stamp | None
    address: str | None
    address_id: str | None
    zipcode: str | None
    lat: float | None
    long: float | None
    media_url: str | None


class Update(Strict):
    """One entry of GET servicerequestupdates."""

    update_id: str
    service_request_id: str
    status: Literal["open", "investigating", "in_progress", "closed"]
    updated_datetime: Stamp
    description: str
    media_url: str | None


class Definition(Strict):
    """GET services/{code}."""

    service_code: str
    attributes: list[Any]


class Endpoint(Strict):
    """One endpoint of the discovery."""

    specification: str
    url: str
    changeset: str
    type: Literal["production", "test"]
    formats: list[str]


class Discovery(Strict):
    """GET discovery."""

    changeset: str
    contact: str
    key_service: str
    endpoints: list[Endpoint]


class Error(Strict):
    """One entry of an error answer."""

    code: int
    description: str


SHAPES: list[tuple[str, Any]] = [
    ("/discovery", Discovery),
    ("/services", list[Service]),
    ("/services/jalan", Definition),
    ("/requests", list[Request]),
    ("/requests/AAAAAAAA1", list[Request]),
    ("/requests/0H1DDEN00", list[Request]),
    ("/servicerequestupdates", list[Update]),
    ("/requests/ZZZZZZZZZ", list[Error]),
    ("/services/unknown", list[Error]),
    ("/tokens/unknown", list[Error]),
    ("/nothing", list[Error]),
    ("/requests?status=broken&page=0", list[Error]),
]


def with_format(path: str, form: str) -> str:
    """The path with its extension before the query."""
    resource, mark, query = path.partition("?")
    return f"{resource}.{form}{mark}{query}"


@pytest.mark.parametrize(("path", "shape"), SHAPES)
async def test_json_has_the_shape_of_the_specification(
    client: Client,
    path: str,
    shape: Any,  # noqa: ANN401 (a type)
) -> None:
    """Every field with its type, arrays of one included, and no field beside them."""
    _, kind, text = await client.get(with_format(path, "json"))

    assert kind == "application/json; charset=utf-8"
    assert msgspec.json.decode(text, type=shape) is not None


@pytest.mark.parametrize("path", [path for path, _ in SHAPES])
async def test_xml_and_json_say_the_same(client: Client, path: str) -> None:
    """Same status, same names, same values, in the element structure of the specification."""
    status, kind, text = await client.get(with_format(path, "xml"))
    same_status, _, plain = await client.get(with_format(path, "json"))

    assert kind == "text/xml; charset=utf-8"
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    assert status == same_status
    assert as_json(text) == as_text(json.loads(plain))


@pytest.mark.parametrize(
    ("path", "nested"),
    [
        ("/services", "services/service"),
        ("/requests", "service_requests/request"),
        ("/servicerequestupdates", "service_request_updates/request_update"),
        ("/discovery", "discovery/endpoints/endpoint/formats/format"),
        ("/nothing", "errors/error"),
    ],
)
async def test_xml_elements_nest_as_documented(client: Client, path: str, nested: str) -> None:
    """Clients look for these very elements."""
    _, _, text = await client.get(f"{path}.xml")
    tags = re.findall(r"<(\w+)", text)

    assert tags[0] == nested.split("/", maxsplit=1)[0]
    assert set(nested.split("/")) <= set(tags)


@given(st.text())
def test_any_text_is_the_same_in_both_formats(text: str) -> None:
    """What XML cannot hold is left out of both; quotes, angles and emoji stay."""
    row: Row = {"description": text}
    written = answer("service_requests", [row], "xml").body
    plain = answer("service_requests", [row], "json").body
    assert isinstance(written, bytes)
    assert isinstance(plain, bytes)
    (from_xml,), (from_json,) = as_json(written.decode()), json.loads(plain)

    assert (from_xml["description"] or "") == from_json["description"] == clean(text)


def test_control_characters_do_not_break_xml() -> None:
    """A bell in a place's name would make the whole answer unreadable."""
    assert clean("a\x07b\x00c\ud800\ufffe\r\nd\te") == "abc\nd\te"


# --- services ----------------------------------------------------------------------------------


async def test_services_are_the_taxonomy(client: Client) -> None:
    """Each topic is a service with its group; keywords are a comma list."""
    first, second = await client.json("/services.json")

    assert (first["service_code"], first["service_name"]) == ("jalan", "Jalan")
    assert first["group"] == "Pekerjaan umum"
    assert first["keywords"] == "jalan rusak,jalan berlubang"
    assert (first["metadata"], first["type"]) == (False, "realtime")
    assert second["service_code"] == "sampah"


async def test_guessing_ids_is_slow() -> None:
    """Ids that exist cost nothing; who asks for others waits, also where one of them is right."""
    async with asking(guesses_per_hour=2) as client:
        for _ in range(3):
            assert (await client.get("/requests/0H1DDEN00.json"))[0] == 200
        guessed = "/requests.json?service_request_id=ZZZZZZZZ0,ZZZZZZZZ1"
        seen = [
            (await client.get(path))[0]
            for path in (guessed, guessed, "/requests/0H1DDEN00.json", "/requests.json")
        ]

    assert seen == [404, 429, 429, 200]


async def test_discovery_names_the_public_address() -> None:
    """Behind a proxy the settings know it; otherwise it is the one the client used."""
    async with asking(public_url="https://lapor.example/", contact="Diskominfo") as client:
        told = await client.json("/discovery.json")

        assert told["endpoints"][0]["url"] == f"https://lapor.example{PATH}"
        assert told["contact"] == "Diskominfo"


@pytest.mark.parametrize("host", ["a:99999", "a:x", "a:-1", ""])
async def test_a_host_that_is_none_is_the_clients_mistake(client: Client, host: str) -> None:
    """Discovery without a public address would have to show it; nothing else needs it."""
    status, _, text = await client.get("/discovery.json", Host=host)
    services, _, _ = await client.get("/services.json", Host=host)

    assert (status, services) == (400, 200)
    assert "Host" in text


@pytest.mark.parametrize(
    "path",
    ["/services", "/services.yaml", "/services.json.", "/requests/.json", "/tokens/.xml", "/.json",
     "/services/jalan", "/requests.html"],
)  # fmt: skip
async def test_an_unknown_format_or_resource_is_404(client: Client, path: str) -> None:
    """In XML where no format was understood: that is the one every client reads."""
    status, kind, text = await client.get(path)

    assert status == 404
    assert ("json" in kind) == path.endswith(".json")
    assert "404" in text


# --- requests ----------------------------------------------------------------------------------


async def test_a_case_shows_topic_state_times_and_place(client: Client) -> None:
    """And nothing else: no description, no picture, nobody's name, mail or number."""
    [row] = await client.json("/requests/AAAAAAAA1.json")

    assert {name: value for name, value in row.items() if value is not None} == {
        "service_request_id": "AAAAAAAA1",
        "status": "open",
        "status_notes": "Laporan diterima",
        "service_name": "Jalan",
        "service_code": "jalan",
        "agency_responsible": "Dinas Contoh",
        "requested_datetime": "2026-01-02T01:30:00Z",
        "updated_datetime": "2026-01-02T02:30:00Z",
        "address": "Kelurahan Melati",
        "lat": -6.9175,
        "long": 107.6191,
    }


async def test_of_a_case_that_is_not_public_only_the_state_is_told(client: Client) -> None:
    """Who knows the code sees the state, as on the web; no list ever shows the case."""
    [row] = await client.json("/requests/0H1DDEN00.json")

    assert {name for name, value in row.items() if value} == {
        "service_request_id", "status", "status_notes", "requested_datetime", "updated_datetime"
    }  # fmt: skip
    assert (row["status"], row["service_code"]) == ("closed", "")
    assert "0H1DDEN00" not in await client.ids("")


@pytest.mark.parametrize(
    ("state", "status", "update"),
    [
        ("diterima", "open", "open"),
        ("diteruskan", "open", "investigating"),
        ("ditindaklanjuti", "open", "in_progress"),
        ("selesai", "closed", "closed"),
    ],
)
async def test_our_states_are_theirs(state: str, status: str, update: str) -> None:
    """A case is open until it is `selesai`; updates use FixMyStreet's finer words."""
    async with asking([case("AAAAAAAA1", state=state)]) as client:
        assert (await client.json("/requests/AAAAAAAA1.json"))[0]["status"] == status
        assert (await client.json("/servicerequestupdates.json"))[0]["status"] == update


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "ABCD"),
        ("status=open", "ABC"),
        ("status=closed", "D"),
        ("status=open,closed", "ABCD"),
        ("status=OPEN, CLOSED", "ABCD"),
        ("service_code=sampah", "B"),
        ("service_code=sampah,jalan", "ABC"),
        ("service_code=unknown", ""),
        ("page_size=2", "AB"),
        ("page_size=2&page=2", "CD"),
        ("page_size=2&page=3", ""),
        ("start_date=2025-12-31T00:00:00Z", "AB"),
        ("end_date=2025-12-31T00:00:00Z", "CD"),
        ("start_date=2025-09-20T00:00:00Z&end_date=2025-10-20T00:00:00Z", "DE"),
        ("start_date=2026-01-02T08:30:00%2B07:00", "A"),
        ("start_date=2026-01-02T08:30:00+07:00", "A"),
        ("start_date=2026-01-02T01:30:00.000Z", "A"),
        ("start_date=2026-01-02T01:30:00.001Z", ""),
        ("start_date=2026-01-02", "A"),
        ("start_date=&status=&page=", "ABCD"),
        ("service_request_id=EEEEEEEE5", "E"),
        ("service_request_id=AAAAAAAA1,DDDDDDDD4,unknown&status=open", "AD"),
        ("colour=red&extensions=true", "ABCD"),
    ],
)
async def test_a_search_finds_what_it_asks_for(client: Client, query: str, ids: str) -> None:
    """Newest first; 90 days unless told; comma lists; ids override the rest; empty is not sent."""
    assert [code[0] for code in await client.ids(query)] == list(ids)


async def test_a_search_gives_a_thousand_at_most() -> None:
    """1000 or 90 days, whichever is less, also where more are asked for."""
    many = [case(f"{number:09d}", days=number / 100) for number in range(1100)]
    async with asking(many) as client:
        assert len(await client.ids("")) == 1000
        assert len(await client.ids("page_size=5000")) == 1000
        assert len(await client.ids("page=2")) == 100
        wanted = client.inbox.asked[0]

        assert wanted.received_until - wanted.received_from == timedelta(days=90)


@pytest.mark.parametrize(
    "query",
    [
        "start_date=kemarin",
        "start_date=2026-01-02T08:30:00",
        "start_date=2026-13-02T08:30:00Z",
        "start_date=2026-01-02T08:30:00%2B99:99",
        "start_date=0001-01-01T00:00:00%2B07:00",
        "end_date=9999-12-31T23:59:59-07:00",
        "start_date=2025-01-01T00:00:00Z&end_date=2026-01-01T00:00:00Z",
        "start_date=2026-01-02T00:00:00Z&end_date=2026-01-01T00:00:00Z",
        "status=half",
        "page=0",
        "page=-1",
        "page=1.5",
        "page_size=many",
        "page_size=0",
    ],
)
async def test_a_question_that_makes_no_sense_is_400(client: Client, query: str) -> None:
    """Each with its reason, and a time needs its zone."""
    status, _, text = await client.get(f"/requests.json?{query}")

    assert (status, json.loads(text)[0]["code"]) == (400, 400)
    assert client.inbox.asked == []


async def test_every_mistake_of_a_question_is_told_at_once(client: Client) -> None:
    """A client is put right in one go."""
    _, _, text = await client.get("/requests.json?status=half&page=0&start_date=x")

    assert [entry["code"] for entry in json.loads(text)] == [400, 400, 400]


@given(st.text())
def test_any_date_is_read_or_refused(written: str) -> None:
    """No date, however written, breaks a search."""
    assert search_of((("start_date", written),), NOW) is not None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001 (the zone is drawn)
def test_every_time_with_a_zone_is_read(moment: datetime, hours: int) -> None:
    """Offsets and fractions mean what they say."""
    sign = "+" if hours >= 0 else "-"
    written = f"{moment.isoformat()}{sign}{abs(hours):02d}:00"
    wanted = search_of((("start_date", written),), NOW)

    assert not isinstance(wanted, list)
    assert wanted.received_from == moment.replace(tzinfo=UTC) - timedelta(hours=hours)


# --- updates -----------------------------------------------------------------------------------


async def test_updates_are_the_newest_change_of_each_case(client: Client) -> None:
    """Oldest first, with an id that is equal whenever it is asked for."""
    found = await client.json("/servicerequestupdates.json")

    assert [row["update_id"] for row in found] == [
        "DDDDDDDD4-selesai",
        "CCCCCCCC3-ditindaklanjuti",
        "BBBBBBBB2-diteruskan",
        "AAAAAAAA1-diterima",
    ]
    assert found[-1]["updated_datetime"] == "2026-01-02T02:30:00Z"


async def test_updates_are_asked_for_by_their_time(client: Client) -> None:
    """A client asks for what changed since it last asked."""
    since = quote("2026-01-01T09:30:00+07:00")
    found = await client.json(f"/servicerequestupdates.json?start_date={since}")

    assert [row["service_request_id"] for row in found] == ["BBBBBBBB2", "AAAAAAAA1"]
    assert (await client.get("/servicerequestupdates.xml?start_date=x"))[0] == 400


def test_a_topic_is_called_as_people_call_it() -> None:
    """Codes are for machines; three letters are an abbreviation."""
    from channels.open311_rows import service_name  # noqa: PLC0415 (only here)

    names = [service_name(Topic(code=code, name="")) for code in ("pju", "lalu_lintas")]

    assert names == ["PJU", "Lalu lintas"]
