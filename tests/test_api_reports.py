"""Local apps: who may file what, and that a report repeated in any way is one report."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from api_app import (
    APP_KEY,
    KEY,
    NEXT_KEY,
    OTHER_KEY,
    PATH,
    REPORT,
    app,
    ask,
    file_report,
    opened,
    other_app,
    shown,
)
from doors import LeanInbox, Site, door
from hypothesis import given
from hypothesis import strategies as st
from sms_gateway import serving

from channels.api import Api
from channels.api_desk import Desk
from channels.api_keys import Names
from channels.api_options import ApiOptions
from channels.contract import Accepted, Attachment, Cursor, Delivery, InboundMessage, Secret
from channels.idempotency import Turns, idempotency_key
from gateway.decode import Decoder
from gateway.errors import SettingsError
from gateway.secrets import Secrets

TEXT = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The API with two apps."""
    async with door(opened(), tmp_path) as served:
        yield served


def kept(channel: Api, payload: bytes) -> InboundMessage:
    """What the journal will be read as."""
    said = channel.parse(payload)
    assert isinstance(said, InboundMessage)
    return said


# --- a report ----------------------------------------------------------------------------------


async def test_a_report_is_answered_with_its_case_code(site: Site) -> None:
    """201 after the commit: the code, the state, and where to ask, also as Location."""
    response, said = await file_report(site)

    assert response.status == 201
    assert said["state"] == "diterima"
    assert said["status_url"].startswith(f"{PATH}/{said['case_code']}-")
    assert response.headers["Location"] == said["status_url"]
    assert len(await site.payloads()) == 1


async def test_everything_an_app_says_reaches_the_message(site: Site) -> None:
    """Each field has its place; who complained is named apart from what was said."""
    report = {
        "text": "Air PDAM keruh\r\nsejak Senin",
        "title": "Air keruh",
        "topic": "air",
        "place": "Kelurahan Melati RT 02",
        "lat": 1.1301,
        "lon": 104.0529,
        "reporter": {"id": "u-7", "name": "Warga Contoh", "contact": "+62 800-0000-0001"},
        "anonymous": True,
        "confidential": True,
        "sent_at": "2026-01-03T08:30:00+07:00",
        "id": "ak-7",
    }
    await file_report(site, report)
    said = kept(opened(), (await site.payloads())[0])

    assert said.sender == "ape-kesah:u-7"
    assert (said.text, said.title) == ("Air PDAM keruh\r\nsejak Senin", "Air keruh")
    assert (said.topic, said.place) == ("air", "Kelurahan Melati RT 02")
    assert said.point is not None
    assert (said.point.lat, said.point.lon) == (1.1301, 104.0529)
    assert (said.name, said.contact) == ("Warga Contoh", "+62 800-0000-0001")
    assert (said.anonymous, said.confidential) == (True, True)
    assert said.sent_at is not None
    assert said.sent_at.isoformat() == "2026-01-03T01:30:00+00:00"
    assert said.return_address == '{"to":"ape-kesah","id":"ak-7"}'
    assert said.remarks == ("app: ape-kesah",)


async def test_two_apps_may_number_their_users_alike(site: Site) -> None:
    """User 7 of one app is nobody user 7 of another app knows."""
    for key in (APP_KEY, OTHER_KEY):
        await file_report(site, REPORT | {"reporter": {"id": "7"}}, key=key)
    senders = [kept(opened(), payload).sender for payload in await site.payloads()]

    assert senders == ["ape-kesah:7", "siap-melayani:7"]


@pytest.mark.parametrize(
    ("fields", "remark"),
    [
        ({"lat": 0, "lon": 0}, "map point 0, 0 left out: the telephone did not know where it was"),
        ({"lat": 1.1}, "half a map point: one of lat and lon is missing"),
    ],
)
async def test_a_useless_point_costs_no_report(
    site: Site, fields: dict[str, float], remark: str
) -> None:
    """A phone without a fix says 0, 0: the words count, and the officer is told."""
    response, _ = await file_report(site, REPORT | fields)
    said = kept(opened(), (await site.payloads())[0])

    assert response.status == 201
    assert (said.point, said.remarks[1:]) == (None, (remark,))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+03:04", "9999-12-31T23:59:59-07:00"])
async def test_a_time_outside_of_all_calendars_is_left_out(site: Site, at: str) -> None:
    """A date no computer can turn into UTC takes no report with it."""
    response, _ = await file_report(site, REPORT | {"sent_at": at})

    assert response.status == 201
    assert kept(opened(), (await site.payloads())[0]).sent_at is None


# --- with files --------------------------------------------------------------------------------


def form(fields: dict[str, str], *files: tuple[str, bytes]) -> aiohttp.FormData:
    """A multipart form as an app's HTTP library makes it."""
    made = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for name, value in fields.items():
        made.add_field(name, value)
    for name, content in files:
        made.add_field("files", content, filename=name, content_type="image/png")
    return made


async def test_files_come_with_a_form(site: Site) -> None:
    """multipart/form-data holds the same fields as strings, and the files."""
    fields = {"text": "Lampu", "lat": "1.13", "lon": "104.05", "anonymous": "true",
              "reporter_id": "u-7", "sent_at": "2026-01-03T01:30:00Z", "id": "ak-9"}  # fmt: skip
    made = form(fields, ("lampu.png", PICTURE), ("lampu2.png", b"<script>"))
    response, _ = await ask(site, "POST", PATH, data=made, headers=shown())
    said = kept(opened(), (await site.payloads())[0])

    assert response.status == 201
    assert said.attachments == (
        Attachment(name="lampu.png", media_type="image/png", content=PICTURE),
        Attachment(name="lampu2.png", media_type="application/octet-stream", content=b"<script>"),
    )
    assert (said.text, said.sender, said.anonymous) == ("Lampu", "ape-kesah:u-7", True)
    assert said.point is not None
    assert said.sent_at is not None


async def test_a_picture_alone_is_a_report(site: Site) -> None:
    """Nothing is refused for having no words."""
    made = form({"id": "ak-9"}, ("lampu.png", PICTURE))
    response, _ = await ask(site, "POST", PATH, data=made, headers=shown())

    assert response.status == 201


async def test_the_same_form_with_another_boundary_is_the_same_report(site: Site) -> None:
    """A multipart retry differs in its bytes, and is still answered as the first."""
    answers = []
    for _ in range(2):
        made = form({"text": "Lampu"}, ("lampu.png", PICTURE))
        headers = shown(Idempotency_Key="k-1")
        answers.append((await ask(site, "POST", PATH, data=made, headers=headers))[1])

    assert answers[0] == answers[1]
    assert len(await site.payloads()) == 1


@pytest.mark.parametrize(
    ("fields", "files", "status", "pointer"),
    [
        ({}, [], 400, "#/text"),
        ({"text": " \u200b\u00a0"}, [], 400, "#/text"),
        ({"text": "x", "lat": "1,5"}, [], 400, "#/lat"),
        ({"text": "x", "lat": "nan"}, [], 400, "#/lat"),
        ({"text": "x", "lat": "1_0"}, [], 400, "#/lat"),
        ({"text": "x", "anonymous": "ya"}, [], 400, "#/anonymous"),
        ({"text": "x", "anonymus": "true"}, [], 400, "#"),
        ({"text": "x", "files": "not a file"}, [], 400, "#"),
        ({"text": "x"}, [("a", b"1")] * 6, 400, "#/files"),
        ({"text": "x"}, [("a", bytes(2049))], 413, None),
        ({"text": "x"}, [("a", bytes(2000))] * 5, 413, None),
        ({"text": "x" * 200_000}, [], 413, None),
    ],
)
async def test_a_form_that_does_not_fit_is_refused_with_its_place(  # noqa: PLR0917 (a table)
    tmp_path: Path,
    fields: dict[str, str],
    files: list[tuple[str, bytes]],
    status: int,
    pointer: str | None,
) -> None:
    """What is wrong is named by a pointer; nothing reaches the journal."""
    channel = opened(max_file_bytes=2048, max_body_bytes=8192 if files else 1 << 20)
    async with door(channel, tmp_path) as site:
        made = form({"id": "ak-9"} | fields, *files)
        response, said = await ask(site, "POST", PATH, data=made, headers=shown())

        assert response.status == status
        assert [error["pointer"] for error in said.get("errors", ())] == (
            [pointer] if pointer else []
        )
        assert await site.payloads() == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=", 400),
        ("multipart/form-data", b"", 400),
        ("multipart/form-data; boundary=b", TEXT + b"\xff\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", TEXT + b"1\r\n" + TEXT + b"2\r\n--b--", 400),
        ("application/json", b"{", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"text": "' + b"x" * 300_000 + b'"}', 413),
        ("text/plain", b"Lampu padam", 415),
        ("application/x-www-form-urlencoded", b"text=Lampu", 415),
    ],
)  # fmt: skip
async def test_a_broken_body_is_refused(site: Site, kind: str, body: bytes, status: int) -> None:
    """Half a form, no UTF-8, a field twice, no JSON, too deep, too long, another format."""
    headers = shown(Content_Type=kind, Idempotency_Key="k-1")
    response, said = await ask(site, "POST", PATH, data=body, headers=headers)

    assert (response.status, said["status"]) == (status, status)
    assert response.content_type == "application/problem+json"
    assert await site.payloads() == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"text": ""}, "#/text"),
        ({"text": None}, "#/text"),
        ({"lat": 91}, "#/lat"),
        ({"lon": "104"}, "#/lon"),
        ({"anonymous": "true"}, "#/anonymous"),
        ({"sent_at": "2026-01-03T08:30:00"}, "#/sent_at"),
        ({"reporter": {"id": 7}}, "#/reporter/id"),
        ({"reporter": {"mail": "x"}}, "#/reporter"),
        ({"anonymus": True}, "#"),
    ],
)
async def test_a_mistake_is_told_by_its_place(
    site: Site, fields: dict[str, Any], pointer: str
) -> None:
    """A mistyped `anonymous` must not expose anybody; the answer repeats no value."""
    response, said = await file_report(site, REPORT | fields)

    assert response.status == 400
    assert said["type"] == "urn:lapor:problem:invalid-report"
    assert [error["pointer"] for error in said["errors"]] == [pointer]
    assert "anonymus" not in json.dumps(said)


# --- once only ---------------------------------------------------------------------------------


async def test_the_same_key_gives_the_same_answer_again(site: Site) -> None:
    """Quoted or bare, now or after a restart: status, body and Location are equal."""
    answers = []
    for key in ('"0b7f6f0c"', "0b7f6f0c", ' "0b7f6f0c";x=1'):
        response, said = await file_report(site, {"text": "Lampu"}, Idempotency_Key=key)
        answers.append((response.status, said, response.headers["Location"]))

    assert answers[0] == answers[1] == answers[2]
    assert len(await site.payloads()) == 1


async def test_the_answer_survives_a_restart(tmp_path: Path) -> None:
    """The key is remembered by the journal, not by the process."""
    answers = []
    for _ in range(2):
        async with door(opened(), tmp_path) as site:
            answers.append((await file_report(site))[1])

    assert answers[0] == answers[1]


async def test_the_same_key_with_another_report_is_422(site: Site) -> None:
    """The second report is not taken for the first, and the first stays as it is."""
    await file_report(site, {"text": "Lampu"}, Idempotency_Key="k-1")
    response, said = await file_report(site, {"text": "Jalan"}, Idempotency_Key="k-1")

    assert response.status == 422
    assert said["type"] == "urn:lapor:problem:idempotency-key-reused"
    assert [kept(opened(), payload).text for payload in await site.payloads()] == ["Lampu"]


async def test_without_a_key_the_own_id_is_the_key(site: Site) -> None:
    """An app repeats its own id with every retry anyway."""
    first = (await file_report(site))[1]

    assert (await file_report(site))[1] == first
    assert (await file_report(site, REPORT | {"text": "Jalan"}))[0].status == 422
    assert len(await site.payloads()) == 1


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": '""'}, {"Idempotency_Key": "a b"}])
async def test_neither_key_nor_id_is_400(site: Site, headers: dict[str, str]) -> None:
    """What could not be told from its own retry is not taken."""
    response, said = await file_report(site, {"text": "Lampu"}, **headers)

    assert response.status == 400
    assert said["type"] == "urn:lapor:problem:idempotency-key-missing"
    assert await site.payloads() == []


async def test_two_keys_in_one_request_are_none(site: Site) -> None:
    """A proxy that doubled the header must not decide which report this is."""
    headers = [*shown().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    response, _ = await ask(site, "POST", PATH, json={"text": "Lampu"}, headers=headers)

    assert response.status == 400


async def test_ten_requests_at_once_are_one_report(site: Site) -> None:
    """All of them hear the same answer, whichever came first."""
    answers = await asyncio.gather(*(file_report(site) for _ in range(10)))

    assert {response.status for response, _ in answers} == {201}
    assert len({said["case_code"] for _, said in answers}) == 1
    assert len(await site.external_ids()) == 1


async def test_ten_reports_under_one_key_are_one_report(site: Site) -> None:
    """One is taken, every other one hears 422, whichever came first."""
    answers = await asyncio.gather(
        *(file_report(site, {"text": f"Lampu {n}", "id": "ak-1"}) for n in range(10))
    )

    assert sorted(response.status for response, _ in answers) == [201] + [422] * 9
    assert len(await site.external_ids()) == 1


async def test_a_key_counts_for_its_app_alone(site: Site) -> None:
    """Two apps may use the same key for different reports."""
    codes = {(await file_report(site, key=key))[1]["case_code"] for key in (APP_KEY, OTHER_KEY)}

    assert len(codes) == 2


async def test_what_an_app_uses_as_a_key_stands_nowhere_in_plain(site: Site) -> None:
    """External ids are not encrypted, and apps make keys of telephone numbers."""
    await file_report(site, {"text": "Lampu", "id": "+6280000000001"})
    [external_id] = await site.external_ids()

    assert external_id.startswith("ape-kesah.")
    assert "6280000000001" not in external_id


class SlowInbox(LeanInbox):
    """An inbox whose disk does not answer until it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.disk = asyncio.Event()

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Wait for the disk."""
        del cursor
        self.asked.set()
        await self.disk.wait()
        return [Accepted(id=1, new=True) for _ in deliveries]

    def case_code(self, accepted: Accepted) -> str:
        """Always the same."""
        del accepted
        return "7K3M9QW2X"


async def test_while_the_first_is_being_answered_a_second_hears_409() -> None:
    """It waits for a while, then is told to come again; the first is answered as ever."""
    inbox = SlowInbox()
    desk = Desk(ApiOptions(apps=(app(),)), Names(KEY), inbox, clock=lambda: 0.0)
    desk.turns = Turns(0.05)
    async with serving(desk.routes()) as url, aiohttp.ClientSession() as session:

        async def post() -> tuple[int, str | None, Any]:
            async with session.post(url + PATH, json=REPORT, headers=shown()) as response:
                said = await response.json(content_type=None)
                return response.status, response.headers.get("Retry-After"), said

        first = asyncio.create_task(post())
        await inbox.asked.wait()
        status, wait, said = await post()
        inbox.disk.set()

        assert (status, wait) == (409, "5")
        assert said["type"] == "urn:lapor:problem:idempotency-key-in-use"
        assert (await first)[0] == 201
        assert (await post())[0] == 201


async def test_a_full_disk_is_503_and_no_201(site: Site) -> None:
    """The app hears that nothing was kept, and its retry is the first report."""
    site.full = True
    refused, said = await file_report(site)
    site.full = False
    taken, _ = await file_report(site)

    assert (refused.status, refused.headers["Retry-After"], said["status"]) == (503, "5", 503)
    assert taken.status == 201


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_a_key_reads_the_same_with_and_without_quotes(key: str) -> None:
    """Quotes and their escapes are those of RFC 8941."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    bare = idempotency_key([key]) if '"' not in key else key

    assert idempotency_key([f'"{escaped}"']) == bare == key


# --- who asks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [APP_KEY, NEXT_KEY])
async def test_both_keys_of_a_rotation_are_valid(site: Site, key: str) -> None:
    """Old and new open the same door to the same reports."""
    mine = (await file_report(site))[1]

    assert (await file_report(site, key=key))[1] == mine


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {APP_KEY}"},
        {"Authorization": f"Bearer {APP_KEY}x"},
        {"Authorization": f"Bearer {APP_KEY[:-1]}"},
        {"Authorization": "Bearer kunci\u00e9"},
        {"X-Api-Key": APP_KEY},
    ],
)
async def test_a_stranger_learns_nothing(site: Site, headers: dict[str, str]) -> None:
    """No key, a wrong key, a key elsewhere: byte for byte the same 401, and nothing is kept."""
    response, said = await ask(site, "POST", PATH, json=REPORT, headers=headers)

    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert said == {"type": "about:blank", "title": "Unauthorized", "status": 401}
    assert await site.payloads() == []


async def test_a_scope_limits_what_a_key_opens(tmp_path: Path) -> None:
    """An app that may only read cannot file, and the other way round."""
    async with door(opened(app(scopes=("read",)), other_app(scopes=("report",))), tmp_path) as site:
        reader = [
            (await file_report(site))[0].status,
            (await ask(site, "GET", "/api/v1/topics", headers=shown()))[0].status,
        ]
        writer = [
            (await file_report(site, key=OTHER_KEY))[0].status,
            (await ask(site, "GET", "/api/v1/topics", headers=shown(OTHER_KEY)))[0].status,
        ]

        assert (reader, writer) == ([403, 200], [201, 403])


async def test_an_app_that_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    """429 with Retry-After and a problem of the registered type; other apps do not notice."""
    channel = opened(app(rate_per_minute=2), other_app(), stopwatch=45.0)
    async with door(channel, tmp_path) as site:
        first, *_, (last, said) = [await file_report(site) for _ in range(3)]
        other, _ = await file_report(site, key=OTHER_KEY)

        assert first[0].headers["RateLimit-Policy"] == '"app";q=2;w=60'
        assert first[0].headers["RateLimit"] == '"app";r=1;t=15'
        assert (last.status, last.headers["Retry-After"]) == (429, "15")
        assert last.headers["RateLimit"] == '"app";r=0;t=15'
        assert said["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
        assert said["violated-policies"] == ["app"]
        assert other.status == 201


async def test_the_next_minute_is_a_new_one(tmp_path: Path) -> None:
    """A quota is whole again with its window."""
    now = 45.0
    options = ApiOptions(apps=(app(rate_per_minute=1),))
    async with door(Api(options, KEY, stopwatch=lambda: now), tmp_path) as site:
        statuses = [(await file_report(site))[0].status for _ in range(2)]
        now = 61.0
        statuses.append((await file_report(site))[0].status)

        assert statuses == [201, 429, 201]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PATH, "POST"),
        ("DELETE", f"{PATH}/7K3M9QW2X", "GET, HEAD"),
        ("POST", "/api/v1/topics", "GET, HEAD"),
        ("PUT", "/api/v1/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_hears_the_right_one(
    site: Site, method: str, path: str, allowed: str
) -> None:
    """405 with Allow, as RFC 9110 wants it."""
    response, _ = await ask(site, method, path, headers=shown())

    assert (response.status, response.headers["Allow"]) == (405, allowed)


async def test_a_reload_changes_who_may_come_in(tmp_path: Path) -> None:
    """A key taken out of the settings is worth nothing from then on."""
    channel = opened()
    async with door(channel, tmp_path) as site:
        before = (await file_report(site))[0].status
        channel.reload(ApiOptions(apps=(app(keys=(Secret(NEXT_KEY),)),)))
        after = (await file_report(site))[0].status
        renewed = (await file_report(site, key=NEXT_KEY))[0].status

        assert (before, after, renewed) == (201, 401, 201)


# --- looking -----------------------------------------------------------------------------------


async def test_a_report_can_be_looked_up_at_once(site: Site) -> None:
    """`diterima` from the moment of the 201, before the gateway has read it."""
    filed = (await file_report(site))[1]
    response, said = await ask(site, "GET", filed["status_url"], headers=shown())

    assert response.status == 200
    assert said == {
        "case_code": filed["case_code"],
        "state": "diterima",
        "received_at": None,
        "updated_at": None,
    }


async def test_nobody_sees_another_apps_report(site: Site) -> None:
    """Another app's report, a bare code, a made-up mark and nonsense are all the same 404."""
    filed = (await file_report(site))[1]
    asked = [
        (filed["status_url"], OTHER_KEY),
        (f"{PATH}/{filed['case_code']}", APP_KEY),
        (f"{PATH}/{filed['case_code']}-aaaaaaaaaaaaaaaa", APP_KEY),
        (f"{PATH}/%00%ff", APP_KEY),
    ]
    answers = [await ask(site, "GET", path, headers=shown(key)) for path, key in asked]

    assert {response.status for response, _ in answers} == {404}
    assert all(said == answers[0][1] for _, said in answers)


async def test_topics_are_listed(site: Site) -> None:
    """An app can offer the gateway's own kinds of complaint."""
    _, said = await ask(site, "GET", "/api/v1/topics", headers=shown())

    assert [topic["code"] for topic in said["topics"]] == ["jalan", "sampah"]
    assert said["topics"][0]["keywords"] == ["jalan rusak", "jalan berlubang"]


# --- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"keys": ()}, "keys"),
        ({"keys": (Secret("x" * 20),) * 3}, "keys"),
        ({"keys": (Secret("short"),)}, "keys"),
        ({"callback_url": "https://app.example/"}, "callback_secrets"),
        ({"callback_url": "http://app.example/"}, "callback_url"),
        ({"callback_url": "ftp://app.example/"}, "callback_url"),
        ({"callback_url": "https://u:p@app.example/"}, "callback_url"),
        ({"callback_url": "https://app.example/", "callback_secrets": (Secret("x"),)},
         "callback_secrets"),
    ],
)  # fmt: skip
def test_settings_that_would_leave_a_door_open_end_the_start(
    settings: dict[str, Any], key: str
) -> None:
    """No key, a key one can guess, a callback nobody could verify."""
    with pytest.raises(ValueError, match=rf"^{key}: "):
        app(**settings)


def test_two_apps_share_neither_name_nor_key() -> None:
    """Whose report it is must be told by the key."""
    with pytest.raises(ValueError, match=r"apps: .* same name"):
        ApiOptions(apps=(app(), app(keys=(Secret("y" * 20),))))
    with pytest.raises(ValueError, match=r"apps: .* same key"):
        ApiOptions(apps=(app(), other_app(), app(name="x")))


def test_secrets_inside_the_list_of_apps_are_resolved_and_errors_name_their_place() -> None:
    """gateway.toml names secrets; a missing one ends the start with one sentence."""
    decoder = Decoder(Path("gateway.toml"), Secrets({"LAPOR_APE_KEY": "k" * 24}))
    section = {"apps": [{"name": "ape-kesah", "keys": ["ape_key"]}]}
    options = decoder.section(section, ApiOptions, "channels.api")

    assert [key.value for key in options.apps[0].keys] == ["k" * 24]
    with pytest.raises(SettingsError, match=r"channels\.api\.apps\[0\]"):
        decoder.section({"apps": [{"name": "A"}]}, ApiOptions, "channels.api")


def test_what_is_left_undone_is_said() -> None:
    """`check` names an API nobody can use, a rotation without end, an app that must poll."""
    assert opened().problems()
    assert Api(ApiOptions(), KEY).problems() == ["no app has a key: nobody can file a report"]


# --- the simulator -----------------------------------------------------------------------------


@pytest.mark.parametrize("files", [(), (Attachment(name="a.png", media_type="", content=PICTURE),)])
async def test_the_simulator_files_a_report(tmp_path: Path, files: tuple[Attachment, ...]) -> None:
    """`send api` is let in, is read, and knows under which id the journal has it."""
    channel = opened()
    async with door(channel, tmp_path) as site:
        played = await channel.simulate("Lampu 😢", sender="warga-1", files=files, at=site.url)
        said = kept(channel, (await site.payloads())[0])

        assert (played.accepted, played.answer) == (True, "201 Created")
        assert await site.external_ids() == [played.external_id]
        assert (said.text, said.sender) == ("Lampu 😢", "ape-kesah:warga-1")
        assert len(said.attachments) == len(files)


async def test_the_simulator_says_why_it_cannot(free_port: int) -> None:
    """Without an app there is no key; without a gateway no answer."""
    at = f"http://127.0.0.1:{free_port}"
    nobody = await Api(ApiOptions(), KEY).simulate("x", sender="1", files=(), at=at)
    nowhere = await opened().simulate("x", sender="1", files=(), at=at)

    assert (nobody.accepted, nobody.answer) == (False, "not sent: no app has a key")
    assert (nowhere.accepted, nowhere.answer) == (False, "no answer: ClientConnectorError")
