"""Open311 clients that post: what they must get right, and that a repetition is no second case."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from doors import Site, door
from open311_site import (
    API_KEY,
    FORM,
    KEY,
    NEXT_KEY,
    OTHER_KEY,
    PATH,
    Cases,
    Time,
    as_json,
    as_text,
    client,
    get,
    opened,
    post,
    posted,
    rows,
)
from sms_gateway import serving

from channels.contract import (
    InboundMessage,
    Point,
    PublicStatus,
    Receipt,
    Refused,
    RemoteFile,
    Reply,
    Secret,
)
from channels.open311 import Open311
from channels.open311_filed import read_filed
from channels.open311_options import Client, Open311Options
from gateway.decode import Decoder
from gateway.secrets import Secrets

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)
FORMATS = ["xml", "json"]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The server with two clients."""
    async with door(opened(), tmp_path) as served:
        yield served


async def said(site: Site, number: int = 0) -> InboundMessage:
    """What the journal will be read as."""
    message = opened().parse((await site.payloads())[number])
    assert isinstance(message, InboundMessage)
    return message


def errors(text: str) -> list[tuple[int, str]]:
    """The entries of an error answer in JSON."""
    return [(entry["code"], entry["description"]) for entry in json.loads(text)]


# --- a request ---------------------------------------------------------------------------------


async def test_a_request_is_answered_with_its_id(site: Site) -> None:
    """201 after the commit with the case code as service_request_id, at once (realtime)."""
    response, text = await post(site)
    [row] = json.loads(text)

    assert response.status == 201
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert row == {
        "service_request_id": row["service_request_id"],
        "service_notice": None,
        "account_id": None,
    }
    assert len(row["service_request_id"]) == 9
    assert len(await site.payloads()) == 1


async def test_the_answer_in_xml_says_the_same(site: Site) -> None:
    """XML is the format the specification requires."""
    _, plain = await post(site)
    response, text = await post(site, form="xml")

    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    assert as_json(text) == as_text(json.loads(plain))


async def test_an_old_client_may_want_200(tmp_path: Path) -> None:
    """The specification says 200; a setting makes it so."""
    async with door(opened(post_status=200), tmp_path) as site:
        assert (await post(site))[0].status == 200


async def test_everything_a_client_says_reaches_the_message(site: Site) -> None:
    """Service, place, words and person have their places; an unknown field stays in the journal."""
    await post(site, FORM | {
        "email": "warga@example.org", "phone": "+6280000000001", "account_id": "a-7",
        "first_name": "Warga", "last_name": "Contoh", "address_string": "Jl. Melati 3",
        "address_id": "A-17", "device_id": "d-1", "colour": "merah",
        "media_url": "https://media.example.org/a.jpg",
    })  # fmt: skip
    message = await said(site)
    kept = read_filed((await site.payloads())[0])

    assert (message.topic, message.place) == ("jalan", "Jl. Melati 3")
    assert message.text == "Jalan berlubang di depan pasar"
    assert message.point == Point(lat=-6.91751, lon=107.61912)
    assert (message.name, message.contact) == ("Warga Contoh", "warga@example.org")
    assert message.sender == "fixmystreet:a-7"
    assert message.remote == (RemoteFile(key="https://media.example.org/a.jpg", name="a.jpg"),)
    assert message.remarks == ("open311: fixmystreet", "address_id: A-17")
    assert kept is not None
    assert ("colour", "merah") in kept.fields


async def test_a_key_is_kept_nowhere(site: Site) -> None:
    """The api_key is taken out of form and address before anything is stored."""
    await post(site)
    await post(site, {k: v for k, v in FORM.items() if k != "api_key"} | {"description": "Lain"},
               query=f"?api_key={NEXT_KEY}")  # fmt: skip
    payloads = await site.payloads()

    assert len(payloads) == 2
    assert not any(b"kunci" in payload for payload in payloads)


@pytest.mark.parametrize(
    "fields",
    [
        {"attribute[SIZE]": "besar", "attribute[LANE]": "kiri"},
        {"attribute[SIZE][]": "besar", "attribute[LANE][0]": "kiri"},
    ],
)
async def test_attributes_are_kept_in_every_spelling(site: Site, fields: dict[str, str]) -> None:
    """`attribute[x]` and `attribute[x][]` are the same; nobody has to know the attribute."""
    await post(site, FORM | fields)

    assert (await said(site)).remarks[1:] == ("SIZE: besar", "LANE: kiri")


@pytest.mark.parametrize("name", ["attribute[LANE]", "attribute[LANE][]"])
async def test_several_values_of_an_attribute_are_all_kept(site: Site, name: str) -> None:
    """A repeated key is a list, with brackets or without."""
    await post(site, [*FORM.items(), (name, "kiri"), (name, "kanan")])

    assert (await said(site)).remarks[1:] == ("LANE: kiri, kanan",)


async def test_a_place_may_be_an_address_alone(site: Site) -> None:
    """Nothing is refused for lacking a point."""
    fields = {k: v for k, v in FORM.items() if k not in {"lat", "long"}}
    response, _ = await post(site, fields | {"address_string": "Pasar Contoh"})

    assert response.status == 201
    assert ((await said(site)).point, (await said(site)).place) == (None, "Pasar Contoh")


async def test_a_request_without_words_is_a_report_about_its_service(site: Site) -> None:
    """The description is optional; the officer still reads what it is about."""
    await post(site, FORM | {"description": "  "})

    assert (await said(site)).text == "Laporan tanpa keterangan: Jalan"


async def test_a_description_longer_than_the_specification_is_kept(site: Site) -> None:
    """4000 characters are the clients' limit, not ours."""
    await post(site, FORM | {"description": "a" * 9000})

    assert len((await said(site)).text) == 9000


async def test_pictures_come_with_a_multipart_form(site: Site) -> None:
    """Newer clients upload; several files are several attachments."""
    form = aiohttp.FormData(FORM, default_to_multipart=True)
    for name in ("media", "uploads[]"):
        form.add_field(name, PICTURE, filename=f"{name[:5]}.png", content_type="image/png")
    async with site.session.post(f"{site.url}{PATH}/requests.json", data=form) as response:
        assert response.status == 201

    assert [file.name for file in (await said(site)).attachments] == ["media.png", "uploa.png"]


async def test_only_addresses_are_fetched_and_the_rest_is_told(site: Site) -> None:
    """A `media_url` that is none costs nothing but a remark."""
    links = [("media_url", url) for url in ("foto.jpg", "ftp://a.example/x", "https:///x")]
    await post(site, [*FORM.items(), *links, ("media_url[]", "https://a.example/b.jpg")])
    message = await said(site)

    assert [file.key for file in message.remote] == ["https://a.example/b.jpg"]
    assert message.remarks[1:] == ("media_url is no address",) * 3


class NoSink:
    """Takes nothing."""

    async def write(self, chunk: bytes, /) -> None:
        """Never reached."""
        raise AssertionError(chunk)


@pytest.mark.parametrize(
    ("hosts", "url", "why"),
    [
        ((), "https://127.0.0.1:9/a.jpg", "the address leads into a private network"),
        ((), "https://169.254.169.254/latest", "the address leads into a private network"),
        ((), "http://media.example.org/a.jpg", "the address is not https"),
        (("media.example.org",), "https://evil.example/a.jpg",
         "the address is of a host this provider does not use"),
    ],
)  # fmt: skip
async def test_a_media_url_leads_nowhere_it_must_not(
    hosts: tuple[str, ...], url: str, why: str
) -> None:
    """Not into our network, not without https, and only to hosts the operator allows."""
    channel = opened(media_hosts=hosts)

    assert await channel.fetch(RemoteFile(key=url), NoSink()) == Refused(reason=why)


# --- what a client must get right --------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"api_key": ""}, [403]),
        ({"api_key": "wrong"}, [403]),
        ({"api_key": f"{API_KEY} x"}, [403]),
        ({"api_key": "", "service_code": "", "lat": ""}, [403]),
        ({"service_code": ""}, [400]),
        ({"service_code": "unknown"}, [404]),
        ({"lat": "", "long": ""}, [400]),
        ({"lat": ""}, [400]),
        ({"lat": "0", "long": "0.0"}, [400]),
        ({"lat": "-6,9175"}, [400]),
        ({"lat": "-6,9175", "long": "107,6191"}, [400, 400]),
        ({"lat": "107.6191", "long": "-6.9175"}, [400]),
        ({"lat": "90.1"}, [400]),
        ({"long": "180.1"}, [400]),
        ({"lat": "nan", "long": "inf"}, [400, 400]),
        ({"lat": "1e1"}, [400]),
        ({"service_code": "unknown", "lat": "", "long": ""}, [404, 400]),
        ({"service_code": "", "lat": "x", "long": "y"}, [400, 400, 400]),
    ],
)
async def test_every_fault_is_told_at_once_in_the_format_asked_for(
    site: Site, form: str, changed: dict[str, str], codes: list[int]
) -> None:
    """403 for the key, 404 for what is unknown, 400 for the rest; nothing is kept."""
    response, text = await post(site, FORM | changed, form=form)
    entries = as_text(json.loads(text)) if form == "json" else as_json(text)
    kind = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}[form]

    assert response.status == codes[0]
    assert response.headers["Content-Type"] == kind
    assert [entry["code"] for entry in entries] == [str(code) for code in codes]
    assert all(entry["description"] for entry in entries)
    assert await site.payloads() == []


async def test_a_stranger_learns_nothing(site: Site) -> None:
    """A missing and a wrong key are answered alike, whatever else is wrong."""
    answers = [
        await post(site, FORM | {"api_key": key, "service_code": code})
        for key in ("", "wrong")
        for code in ("jalan", "unknown")
    ]

    assert len({text for _, text in answers}) == 1
    assert errors(answers[0][1]) == [(403, "Missing or invalid api_key")]


async def test_swapped_coordinates_are_recognised(site: Site) -> None:
    """The commonest mistake of a client has its own words."""
    _, text = await post(site, FORM | {"lat": "107.6191", "long": "-6.9175"})

    assert errors(text) == [(400, "lat is out of range: lat and long seem to be swapped")]


@pytest.mark.parametrize("key", [API_KEY, NEXT_KEY])
async def test_both_keys_of_a_rotation_are_valid(site: Site, key: str) -> None:
    """Old and new, in the form or in the address."""
    inside, _ = await post(site, FORM | {"api_key": key})
    outside, _ = await post(site, FORM | {"api_key": ""}, query=f"?api_key={key}")

    assert (inside.status, outside.status) == (201, 201)


async def test_another_jurisdiction_is_somebody_elses(tmp_path: Path) -> None:
    """The one we serve may be left out; another one is 404, for reading as for posting."""
    async with door(opened(jurisdiction_id="batam.go.id"), tmp_path) as site:
        statuses = [
            (await post(site, FORM | {"jurisdiction_id": given}))[0].status
            for given in ("", "batam.go.id", "jakarta.go.id")
        ]
        reading = [
            (await get(site, f"/services.json?jurisdiction_id={given}"))[0]
            for given in ("", "batam.go.id", "jakarta.go.id")
        ]

        assert statuses == [201, 201, 404]
        assert reading == [200, 200, 404]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("application/x-www-form-urlencoded", b"a=1&" * 2000, 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 300_000, 413),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&&=&%", 403),
        ("multipart/form-data; boundary=b", b"--b\r\n", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n"
         + b"x" * 300_000 + b"\r\n--b--", 413),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_refused(
    site: Site, kind: str, body: bytes, status: int
) -> None:
    """Another format, too much, half a form: in the format asked for as well."""
    async with site.session.post(
        f"{site.url}{PATH}/requests.json", data=body, headers={"Content-Type": kind}
    ) as response:
        assert (response.status, (await response.json())[0]["code"]) == (status, status)
    assert await site.payloads() == []


async def test_a_client_that_posts_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    """429 with Retry-After; another client does not notice."""
    lone = Client(name="kota-lain", keys=(Secret(OTHER_KEY),))
    async with door(opened(client(rate_per_minute=1), lone), tmp_path) as site:
        first, _ = await post(site)
        second, text = await post(site)
        other, _ = await post(site, FORM | {"api_key": OTHER_KEY})

        assert (first.status, second.status, other.status) == (201, 429, 201)
        assert second.headers["Retry-After"] == "60"
        assert errors(text)[0][0] == 429


async def test_a_full_disk_is_503_and_no_id(site: Site) -> None:
    """The client hears that nothing was kept, and its retry is the first request."""
    site.full = True
    response, text = await post(site)
    site.full = False

    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert errors(text)[0][0] == 503
    assert await posted(site)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/requests", "GET, HEAD, POST"),
        ("POST", "/services", "GET, HEAD"),
        ("POST", "/requests/7K3M9QW2X", "GET, HEAD"),
        ("POST", "/servicerequestupdates", "GET, HEAD"),
        ("DELETE", "/tokens/x", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_hears_the_right_one(  # noqa: PLR0917 (a table)
    site: Site, form: str, method: str, path: str, allowed: str
) -> None:
    """405 with Allow, in the format asked for."""
    async with site.session.request(method, f"{site.url}{PATH}{path}.{form}") as response:
        assert (response.status, response.headers["Allow"]) == (405, allowed)
        assert response.content_type == {"json": "application/json", "xml": "text/xml"}[form]


# --- once only ---------------------------------------------------------------------------------


async def test_a_request_repeated_within_ten_minutes_is_one(tmp_path: Path) -> None:
    """Also across the edge of a window, also with a point that differs in the sixth decimal."""
    clock = Time()
    clock.now = 1_767_403_800.0 - 1  # the last second of a window
    async with door(opened(clock=clock), tmp_path) as site:
        first = await posted(site)
        clock.now += 599
        again = await posted(site, {"lat": "-6.917513", "long": "107.619118"})
        clock.now += 2
        later = await posted(site)

        assert first == again != later
        assert len(await site.external_ids()) == 2


async def test_the_window_survives_a_restart(tmp_path: Path) -> None:
    """What was posted is known from the journal."""
    ids = []
    for _ in range(2):
        async with door(opened(), tmp_path) as site:
            ids.append(await posted(site))

    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "changed",
    [
        {"description": "Jalan berlubang di depan sekolah"},
        {"lat": "-6.91760"},
        {"service_code": "sampah"},
        {"email": "lain@example.org"},
        {"attribute[SIZE]": "besar"},
        {"media_url": "https://a.example/b.jpg"},
        {"api_key": OTHER_KEY},
    ],
)
async def test_what_says_something_else_is_another_request(
    site: Site, changed: dict[str, str]
) -> None:
    """Other words, place, service, person, answer, picture or client: another case."""
    assert await posted(site) != await posted(site, changed)


async def test_a_key_decides_where_one_is_sent(tmp_path: Path) -> None:
    """The same key is the same request a day later; another key is another, said twice or not."""
    clock = Time()
    async with door(opened(clock=clock), tmp_path) as site:
        first = await posted(site, Idempotency_Key='"k-1"')
        other = await posted(site, Idempotency_Key='"k-2"')
        clock.now += 86_400
        again = await posted(site, Idempotency_Key="k-1")

        assert first == again != other


async def test_a_key_of_another_request_is_422(site: Site) -> None:
    """In the format asked for; the first request stays as it is."""
    await posted(site, Idempotency_Key="k-1")
    response, text = await post(site, FORM | {"description": "Lain"}, Idempotency_Key="k-1")

    assert response.status == 422
    assert errors(text)[0][0] == 422
    assert len(await site.payloads()) == 1


async def test_a_key_that_is_none_is_400(site: Site) -> None:
    """A client that tried to be safe must hear that it was not."""
    response, _ = await post(site, Idempotency_Key='""')

    assert response.status == 400


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k-1"}])
async def test_ten_requests_at_once_are_one(site: Site, headers: dict[str, str]) -> None:
    """With a key or without, every one of them gets the same id."""
    ids = await asyncio.gather(*(posted(site, None, **headers) for _ in range(10)))

    assert len(set(ids)) == 1
    assert len(await site.external_ids()) == 1


# --- tokens ------------------------------------------------------------------------------------


async def test_in_batch_mode_a_token_leads_to_the_id(tmp_path: Path) -> None:
    """The services say batch, a POST is answered with a token, and it holds over a restart."""
    async with door(opened(type="batch"), tmp_path) as site:
        services = await rows(site, "/services.json")
        [row] = json.loads((await post(site))[1])
        again = json.loads((await post(site))[1])
        before = await rows(site, f"/tokens/{row['token']}.json")
    async with door(opened(type="batch"), tmp_path) as site:
        after = await rows(site, f"/tokens/{row['token']}.json")

    assert {service["type"] for service in services} == {"batch"}
    assert set(row) == {"token", "service_notice", "account_id"}
    assert again == [row]
    # The gateway behind this door has not read the request yet: the token alone.
    assert before == after == [{"service_request_id": None, "token": row["token"]}]


async def test_a_token_that_is_none_is_not_found(site: Site) -> None:
    """404 in the format asked for, for nonsense and for what was never given out."""
    for token in ("0" * 32, "x", "%00%ff"):
        status, kind, text = await get(site, f"/tokens/{token}.xml")

        assert (status, kind) == (404, "text/xml; charset=utf-8")
        assert as_json(text) == [{"code": "404", "description": "token was not found"}]


class Holding(Cases):
    """An inbox that holds one request and knows its case."""

    def __init__(self, payload: bytes) -> None:
        super().__init__()
        self.payload = payload

    async def stored(self, external_id: str) -> bytes | None:
        """Under the name `t-1`."""
        return self.payload if external_id == "t-1" else None

    async def accept(self, deliveries: Any, cursor: Any = None) -> list[Any]:  # noqa: ANN401 (as Inbox)
        """It is there already."""
        del cursor
        return [None for _ in deliveries]

    def case_code(self, accepted: Any) -> str:  # noqa: ANN401 (as Inbox)
        """Its code."""
        del accepted
        return "7K3M9QW2X"

    async def status(self, case_code: str) -> PublicStatus | None:
        """Known by now."""
        now = datetime(2026, 1, 3, tzinfo=UTC)
        return PublicStatus(
            case_code=case_code, state="diteruskan", received_at=now, updated_at=now
        )


async def test_a_token_tells_the_id_once_there_is_a_case() -> None:
    """The pair of both, as the specification has it."""
    async with (
        serving(opened().routes(Holding(b"any"))) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}{PATH}/tokens/t-1.json") as response,
    ):
        assert await response.json() == [{"service_request_id": "7K3M9QW2X", "token": "t-1"}]


# --- settings and the rest ---------------------------------------------------------------------


def test_secrets_inside_the_list_of_clients_are_resolved() -> None:
    """gateway.toml names secrets, also two levels down."""
    decoder = Decoder(Path("gateway.toml"), Secrets({"LAPOR_FMS_KEY": "k" * 24}))
    section = {"clients": [{"name": "fixmystreet", "keys": ["fms_key"]}]}
    options = decoder.section(section, Open311Options, "channels.open311")

    assert [key.value for key in options.clients[0].keys] == ["k" * 24]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"clients": (client(), client())}, "clients: .* same name"),
        ({"clients": (client(), client(name="b"))}, "clients: .* same key"),
        ({"public_url": "lapor.example"}, "public_url: "),
    ],
)
def test_settings_that_say_nothing_end_the_start(settings: dict[str, Any], why: str) -> None:
    """Whose request it is must be told by the key."""
    with pytest.raises(ValueError, match=why):
        Open311Options(**settings)
    with pytest.raises(ValueError, match="keys: "):
        client(keys=())


async def test_a_reload_changes_who_may_post(tmp_path: Path) -> None:
    """A key taken out of the settings is worth nothing from then on."""
    channel = opened()
    async with door(channel, tmp_path) as site:
        channel.reload(Open311Options(clients=(client(keys=(Secret(NEXT_KEY),)),)))

        assert (await post(site))[0].status == 403
        assert (await post(site, FORM | {"api_key": NEXT_KEY}))[0].status == 201


async def test_answers_are_kept_for_a_client_that_asks() -> None:
    """There is no way back in GeoReport."""
    outcome = await opened().reply(Reply(id="1", to='{"to":"fixmystreet"}', text="halo"))

    assert outcome == Receipt(reference="kept: the client asks for itself")


def test_what_is_left_undone_is_said() -> None:
    """`check` names a server nobody can post to."""
    assert len(Open311(Open311Options(), KEY).problems()) == 3
    assert len(opened(public_url="https://lapor.example", contact="x").problems()) == 1


@pytest.mark.parametrize("files", [False, True])
async def test_the_simulator_posts_a_request(tmp_path: Path, *, files: bool) -> None:
    """`send open311` is let in, is read, and knows under which id the journal has it."""
    from channels.contract import Attachment  # noqa: PLC0415 (only here)

    pictures = (Attachment(name="a.png", media_type="image/png", content=PICTURE),) * files
    channel = opened()
    async with door(channel, tmp_path) as site:
        played = await channel.simulate("Lubang 😢", sender="0800", files=pictures, at=site.url)
        message = await said(site)

        assert (played.accepted, played.answer) == (True, "201 Created")
        assert await site.external_ids() == [played.external_id]
        assert (message.text, message.sender) == ("Lubang 😢", "fixmystreet:0800")
        assert len(message.attachments) == files


async def test_the_simulator_says_why_it_cannot(free_port: int) -> None:
    """Without a client there is no key; without a gateway no answer."""
    at = f"http://127.0.0.1:{free_port}"
    nobody = await Open311(Open311Options(), KEY).simulate("x", sender="1", files=(), at=at)
    nowhere = await opened().simulate("x", sender="1", files=(), at=at)

    assert (nobody.accepted, nobody.answer) == (False, "not sent: no client has a key")
    assert (nowhere.accepted, nowhere.answer) == (False, "no answer: ClientConnectorError")
