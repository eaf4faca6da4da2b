"""The SMS door: what is acknowledged and how, who is let in, what reaches the journal."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sms_gateway import RecordingInbox, opened, receiving

from channels.contract import DeliveryReport, InboundMessage, Reply, Secret
from channels.secrets import Guard
from channels.sms import Sms
from channels.sms_presets import Names
from channels.sms_reports import Reports

FORM = {"from": "081200001234", "text": "lampu mati", "id": "sms-1"}
UUID = "3f2717e3-0000-4000-8000-000000000001"


async def asked(
    channel: Sms,
    inbox: RecordingInbox,
    path: str,
    method: str = "POST",
    **request: Any,  # noqa: ANN401 (as aiohttp)
) -> tuple[int, str, str]:
    """Status, media type and body of the answer to one request."""
    async with (
        receiving(channel, inbox) as url,
        aiohttp.ClientSession() as session,
        session.request(method, url + path, **request) as response,
    ):
        return response.status, response.content_type, await response.text()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/in/sms", "ok"),
        ("/in/sms/generic", "ok"),
        ("/in/sms/kannel", ""),
        ("/in/sms/jasmin", "ACK/Jasmin"),
        ("/in/sms/gammu", "ok"),
    ],
)
async def test_each_preset_hears_the_word_it_waits_for(path: str, answer: str) -> None:
    """After the commit a 200 in text/plain: empty for Kannel, ACK/Jasmin for Jasmin, else ok."""
    inbox = RecordingInbox()

    assert await asked(opened(), inbox, path, data=FORM) == (200, "text/plain", answer)
    assert len(inbox.accepted) == 1


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("POST", {"data": FORM}),
        ("POST", {"json": FORM}),
        ("GET", {"params": FORM}),
        ("POST", {"params": FORM}),
        ("POST", {"params": {"id": "sms-1"}, "data": {"from": "081200001234", "text": "x"}}),
    ],
)
async def test_generic_takes_form_json_and_query(method: str, request_: dict[str, Any]) -> None:
    """The id that the client posted is the key, in whichever way it was posted."""
    channel, inbox = opened(), RecordingInbox()
    await asked(channel, inbox, "/in/sms", method, **request_)
    said = channel.parse(inbox.accepted[0].payload)

    assert inbox.accepted[0].external_id == "sms-1"
    assert isinstance(said, InboundMessage)
    assert said.sender == "+6281200001234"


async def test_field_names_can_be_mapped() -> None:
    """A provider that calls the fields otherwise needs settings, no code."""
    names = Names(sender="msisdn", text="message", id="trx_id")
    channel = opened(fields=names)
    inbox = RecordingInbox()
    await asked(channel, inbox, "/in/sms", data={"msisdn": "0812000012", "message": "PJU padam",
                                                 "trx_id": "77"})  # fmt: skip
    said = channel.parse(inbox.accepted[0].payload)

    assert inbox.accepted[0].external_id == "77"
    assert isinstance(said, InboundMessage)
    assert said.text == "PJU padam"


async def test_a_repeated_kannel_message_has_the_same_key() -> None:
    """Kannel's %I is the key as it is, so its retries are one message."""
    inbox, channel = RecordingInbox(), opened()
    for _ in range(2):
        await asked(channel, inbox, f"/in/sms/kannel?id={UUID}&ts=1795301902", data=b"halo",
                    headers={"X-Kannel-From": "6281200001234"})  # fmt: skip

    assert [delivery.external_id for delivery in inbox.accepted] == [UUID, UUID]


async def test_gammu_row_ids_that_start_again_are_other_messages() -> None:
    """A new SMSD database counts from 1 again; what it brings is no repetition."""
    inbox, channel = RecordingInbox(), opened()
    for text in ("lampu mati", "jalan rusak", "lampu mati"):
        await asked(channel, inbox, "/in/sms/gammu", data={"number": "0812", "text": text, "id": 1})
    first, second, again = [delivery.external_id for delivery in inbox.accepted]

    assert first == again != second


async def test_what_cannot_be_stored_is_not_acknowledged() -> None:
    """A full disk is a 503 with Retry-After, and never an ok."""
    channel, inbox = opened(), RecordingInbox(is_full=True)
    async with (
        receiving(channel, inbox) as url,
        aiohttp.ClientSession() as session,
        session.post(f"{url}/in/sms", data=FORM) as response,
    ):
        document = await response.json(content_type="application/problem+json")

        assert (response.status, response.headers["Retry-After"]) == (503, "5")
        assert document["status"] == 503


async def test_only_an_empty_request_is_the_callers_mistake() -> None:
    """Nothing at all is a 400; anything else is kept and acknowledged, readable or not."""
    channel, inbox = opened(), RecordingInbox()
    status, media_type, _ = await asked(channel, inbox, "/in/sms")

    assert (status, media_type, inbox.accepted) == (400, "application/problem+json", [])

    for body in (b"\xff\xfe", b"[1,2", b"a=b"):
        assert (await asked(channel, inbox, "/in/sms", data=body))[0] == 200

    assert len(inbox.accepted) == 3


async def test_a_look_with_head_leaves_no_message() -> None:
    """HEAD is not GET here: a monitoring probe is no complaint."""
    inbox = RecordingInbox()

    assert (await asked(opened(), inbox, "/in/sms?from=1&text=x", "HEAD"))[0] == 405
    assert inbox.accepted == []


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_larger_than_any_sms_is_refused(*, is_chunked: bool) -> None:
    """Above 64 KiB the answer is 413, whether the length was announced or not."""
    large = b"from=1&text=" + b"x" * 70_000
    inbox = RecordingInbox()

    async def chunks() -> Any:  # noqa: ANN401 (an async generator)
        yield large

    body = chunks() if is_chunked else large
    assert (await asked(opened(), inbox, "/in/sms", data=body))[0] == 413
    assert inbox.accepted == []


async def test_an_unknown_preset_is_no_door() -> None:
    """A mistyped address is a 404, not a message for the wrong preset."""
    assert (await asked(opened(), RecordingInbox(), "/in/sms/kanel", data=FORM))[0] == 404


# --- who is let in ------------------------------------------------------------------------------


def by_header(value: str) -> Callable[[bytes], dict[str, Any]]:
    """A request with the secret in a header."""
    return lambda _: {"headers": {"X-Secret": value}}


def by_query(value: str) -> Callable[[bytes], dict[str, Any]]:
    """A request with the secret in the query."""
    return lambda _: {"params": {"secret": value}}


def by_hmac(value: str) -> Callable[[bytes], dict[str, Any]]:
    """A request whose body is signed with the secret."""
    return lambda body: {
        "headers": {"X-Signature": hmac.new(value.encode(), body, hashlib.sha256).hexdigest()}
    }


@pytest.mark.parametrize(
    ("place", "shown"),
    [("header:X-Secret", by_header), ("query:secret", by_query), ("hmac:X-Signature", by_hmac)],
)
async def test_both_secrets_open_the_door_and_others_do_not(
    place: str, shown: Callable[[str], Callable[[bytes], dict[str, Any]]]
) -> None:
    """While a secret is replaced old and new are valid; wrong or missing is 403, nothing stored."""
    channel = opened(secrets=(Secret("new"), Secret("old")), secret_in=place)
    inbox = RecordingInbox()
    body = b"from=081200001234&text=lampu+mati&id=sms-1"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    statuses = []
    for request in (
        shown("new")(body),
        shown("old")(body),
        shown("other")(body),
        shown("")(body),
        {},
    ):
        request["headers"] = kind | request.get("headers", {})
        statuses.append((await asked(channel, inbox, "/in/sms", data=body, **request))[0])

    assert statuses == [200, 200, 403, 403, 403]
    assert [delivery.external_id for delivery in inbox.accepted] == ["sms-1", "sms-1"]
    assert not any(b"new" in delivery.payload for delivery in inbox.accepted)


async def test_a_refusal_says_nothing_about_what_was_expected() -> None:
    """A stranger learns neither where the secret belongs nor that there is one."""
    channel = opened(secrets=(Secret("s3cret"),))
    _, _, body = await asked(channel, RecordingInbox(), "/in/sms", data=FORM)

    assert json.loads(body) == {"type": "about:blank", "title": "Forbidden", "status": 403}


@pytest.mark.parametrize(
    ("allow", "status"),
    [(("127.0.0.0/8",), 200), (("192.0.2.0/24", "127.0.0.1"), 200), (("192.0.2.0/24",), 403)],
)
async def test_networks_limit_who_may_post(allow: tuple[str, ...], status: int) -> None:
    """With an allow-list only its networks come in, for messages and for reports."""
    inbox = RecordingInbox()

    assert (await asked(opened(allow=allow), inbox, "/in/sms", data=FORM))[0] == status
    assert len(inbox.accepted) == (status == 200)


async def test_a_signature_covers_query_and_body() -> None:
    """A signed request with another query is another request."""
    guard = Guard((Secret("s"),), "hmac:X-Signature")
    channel = opened(secrets=(Secret("s"),), secret_in="hmac:X-Signature")
    _, signature = guard.sign("id=1", b"text=x")
    inbox = RecordingInbox()
    right = await asked(channel, inbox, "/in/sms?id=1", data=b"text=x", headers=signature)
    wrong = await asked(channel, inbox, "/in/sms?id=2", data=b"text=x", headers=signature)

    assert (right[0], wrong[0]) == (200, 403)


@pytest.mark.parametrize(
    "options",
    [
        {"secret_in": "X-Secret"},
        {"secret_in": "header:"},
        {"secrets": (Secret(""),)},
        {"secrets": (Secret("1"), Secret("2"), Secret("3"))},
        {"allow": ("localnet",)},
        {"default_country": "Indonesia"},
        {"max_segments": 0},
        {"send_url": "127.0.0.1:13013"},
    ],
)
def test_settings_that_say_nothing_end_the_start(options: dict[str, object]) -> None:
    """An empty secret or an unknown network would open the door; it is refused before."""
    with pytest.raises(ValueError, match=r"\w"):
        opened(**options)


# --- delivery reports ---------------------------------------------------------------------------


async def test_a_report_needs_the_address_we_made() -> None:
    """Only who was told of the reply by us can report on it; no shared secret is needed."""
    channel = opened(secrets=(Secret("s"),), dlr_url="http://127.0.0.1:8080/in/sms")
    address = channel._reports.address("r1", for_kannel=False)  # noqa: SLF001 (as a provider gets it)
    path = address.removeprefix("http://127.0.0.1:8080")
    inbox = RecordingInbox()
    right = await asked(channel, inbox, f"{path}&type=1", "GET")
    wrong = await asked(channel, inbox, f"{path.replace('r1', 'r2')}&type=1", "GET")

    assert (right[0], wrong[0]) == (200, 403)
    assert [delivery.external_id for delivery in inbox.accepted] == ["dlr:r1:1"]
    assert channel.parse(inbox.accepted[0].payload) == DeliveryReport(
        reply_id="r1", delivered=True, final=True, detail="1"
    )


@pytest.mark.parametrize(
    ("kind", "delivered", "final"),
    [
        ("1", True, True), ("2", False, True), ("4", False, False), ("8", False, False),
        ("16", False, True), ("34", False, True), ("66", False, True), ("DELIVRD", True, True),
        ("UNDELIV", False, True), ("ESME_ROK", False, False), ("ESME_RINVDSTADR", False, True),
    ],
)  # fmt: skip
def test_states_are_read_by_their_bits(kind: str, *, delivered: bool, final: bool) -> None:
    """Kannel's expired (34) and unknown (66) count as failed, buffered and accepted as steps."""
    report = opened().parse(f"dlr?reply=r1&type={kind}\r\n\r\n".encode())

    assert isinstance(report, DeliveryReport)
    assert (report.delivered, report.final) == (delivered, final)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
def test_any_reply_id_survives_its_address(reply_id: str) -> None:
    """Whatever our reply ids look like, a report on one is known again."""
    from urllib.parse import urlsplit  # noqa: PLC0415 (only here)

    from channels.sms_form import query_fields  # noqa: PLC0415 (only here)

    reports = Reports("http://127.0.0.1/in/sms/", bytes(32))
    encodable = reply_id.encode("utf-8", "replace").decode()
    fields = query_fields(urlsplit(reports.address(encodable, for_kannel=False)).query)

    assert "\x00" in encodable or reports.is_ours(fields)


# --- the simulator ------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["generic", "kannel", "jasmin", "gammu"])
@pytest.mark.parametrize("place", ["header:X-Secret", "query:secret", "hmac:X-Signature"])
async def test_the_simulator_is_let_in_and_read(preset: str, place: str) -> None:
    """`send` plays each provider with each way to show the secret, and its text arrives."""
    channel = opened(preset=preset, secrets=(Secret("s 1&"),), secret_in=place, sender="1708")
    inbox = RecordingInbox()
    async with receiving(channel, inbox) as url:
        played = await channel.simulate("banjir 😢", sender="081200001234", files=(), at=url)
    said = channel.parse(inbox.accepted[0].payload)

    assert (played.accepted, played.answer) == (True, "200 OK")
    assert played.external_id == inbox.accepted[0].external_id
    assert isinstance(said, InboundMessage)
    assert (said.text, said.return_address) == ("banjir 😢", "+6281200001234 1708")


async def test_the_simulator_says_when_nobody_answers(free_port: int) -> None:
    """A gateway that does not run is told as such."""
    at = f"http://127.0.0.1:{free_port}"
    played = await opened().simulate("halo", sender="0812", files=(), at=at)

    assert (played.accepted, played.answer) == (False, "no answer: ClientConnectorError")


def test_our_own_number_is_never_answered() -> None:
    """A message that seems to come from our own number gets no reply: two machines would talk."""
    channel = opened(sender="081200001234")
    said = channel.parse(b"generic?from=6281200001234&text=x\r\n\r\n")

    assert isinstance(said, InboundMessage)
    assert said.return_address is None


def test_what_is_left_undone_is_said() -> None:
    """`check` names what the settings leave open."""
    assert len(opened().problems()) == 2
    assert (
        opened(allow=("127.0.0.1",), send_url="http://127.0.0.1/", dlr_url="http://h/").problems()
        == []
    )


async def test_without_a_send_api_the_answer_is_kept() -> None:
    """Nothing is sent and nothing fails: the text stays readable in the outbox."""
    outcome = await opened().reply(Reply(id="1", to="+6281200001234", text="halo"))

    assert "kept" in getattr(outcome, "reference", "")
