"""The LINE door: who gets in, what reaches the journal, under which key, and what is answered."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from doors import Site, door
from line_server import PERSON, SECRET, LinePlatform, signed, webhook

from channels.contract import Ignored, InboundMessage, Secret, Unreadable
from channels.line import Line
from channels.line_batch import split
from channels.line_options import LineOptions

PATH = "/in/line"
VECTOR = b'{"destination":"U0","events":[]}'


def opened(**options: Any) -> Line:  # noqa: ANN401 (one test, one option)
    """The channel with LINE's secret and these options."""
    return Line(LineOptions(**{"secrets": (Secret(SECRET),), **options}), bytes(32))


@pytest.fixture
def platform() -> LinePlatform:
    """LINE, for its webhooks."""
    return LinePlatform()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The door in front of a real journal."""
    async with door(opened(), tmp_path) as site:
        yield site


async def posted(site: Site, *events: dict[str, Any]) -> int:
    """The status LINE hears for these events."""
    body = webhook(*events)
    return (await site.post(PATH, body, signed(body)))[0]


# --- 1: the signature ---------------------------------------------------------------------------


async def test_the_vector_of_the_sheet_is_let_in(tmp_path: Path) -> None:
    """LINE's own example, checked with its SDK: secret "secret", empty events, this signature."""
    headers = {"X-Line-Signature": "KDbazXazGW43gmHESKGC6IsDxXtKu8HznYZdC60ZZh8="}
    async with door(opened(secrets=(Secret("secret"),)), tmp_path) as site:
        status, _ = await site.post(PATH, VECTOR, headers)

    assert status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Line-Signature": ""},
        {"X-Line-Signature": "KDbazXazGW43gmHESKGC6IsDxXtKu8HznYZdC60ZZh8="},
        {"X-Line-Signature": "not base64 \u20ac"},
        {"X-Line-Signature": signed(b"another body")["X-Line-Signature"]},
    ],
    ids=["none", "empty", "of another secret", "nonsense", "of another body"],
)
async def test_a_wrong_or_missing_signature_is_refused_without_a_hint(
    site: Site, platform: LinePlatform, headers: dict[str, str]
) -> None:
    """A stranger hears 403 and nothing else, and nothing is stored."""
    status, answer = await site.post(PATH, webhook(platform.text("Jalan rusak")), headers)

    assert status == 403
    assert json.loads(answer) == {"type": "about:blank", "title": "Forbidden", "status": 403}
    assert await site.payloads() == []


async def test_a_signature_replayed_with_another_body_is_refused(
    site: Site, platform: LinePlatform
) -> None:
    """Who recorded a webhook cannot change a letter of it."""
    body = webhook(platform.text("Jalan rusak"))
    await site.post(PATH, body, signed(body))
    status, _ = await site.post(PATH, body.replace(b"rusak", b"mulus"), signed(body))

    assert status == 403
    assert len(await site.payloads()) == 1


async def test_two_secrets_are_valid_while_one_is_replaced(
    tmp_path: Path, platform: LinePlatform
) -> None:
    """During a rotation webhooks signed with either come in."""
    async with door(opened(secrets=(Secret("new"), Secret("old"))), tmp_path) as site:
        statuses = []
        for secret in ("new", "old", "older"):
            body = webhook(platform.text("Jalan rusak"))
            statuses.append((await site.post(PATH, body, signed(body, secret)))[0])

    assert statuses == [200, 200, 403]


@pytest.mark.parametrize(
    "text",
    ["Caf\\u00e9 di Jl. Melati 1\\/2 \\ud83d\\ude22", "Café di Jl. Melati 1/2 😢"],
    ids=["escaped", "raw"],
)
async def test_a_body_is_signed_as_it_was_sent(
    site: Site, platform: LinePlatform, text: str
) -> None:
    """Escaped or not, the bytes are what is signed and the words are the same."""
    body = webhook(platform.text("TEKS")).replace(b"TEKS", text.encode())
    status, _ = await site.post(PATH, body, signed(body))
    said = opened().parse((await site.payloads())[0])

    assert status == 200
    assert isinstance(said, InboundMessage)
    assert said.text == "Café di Jl. Melati 1/2 😢"


# --- 3, 4, 5, 11: what is stored ----------------------------------------------------------------


async def test_a_check_of_the_console_is_answered(site: Site) -> None:
    """Empty events, as LINE's console sends them, are a 200 and nothing is stored."""
    assert await posted(site) == 200
    assert await site.payloads() == []


async def test_each_event_of_a_batch_stands_alone(site: Site, platform: LinePlatform) -> None:
    """Events of several people come in one POST; one that cannot be read parks alone."""
    broken = platform.text("x")
    broken["message"]["text"] = {"not": "a text"}
    events = [platform.text("Jalan rusak"), broken, platform.event(None, type="follow")]
    status = await posted(site, *events)
    read = [opened().parse(payload) for payload in await site.payloads()]

    assert status == 200
    assert [type(one) for one in read] == [InboundMessage, Unreadable, Ignored]
    assert await site.external_ids() == [
        events[0]["message"]["id"],
        broken["message"]["id"],
        events[2]["webhookEventId"],
    ]


async def test_half_an_emoji_costs_nobody_a_message(site: Site, platform: LinePlatform) -> None:
    """A lone surrogate, which is no valid JSON text, harms neither its event nor its batch."""
    body = webhook(platform.text("HALF"), platform.text("Lampu mati"))
    body = body.replace(b"HALF", b"Banjir \\ud83d")
    status, _ = await site.post(PATH, body, signed(body))
    read = [opened().parse(payload) for payload in await site.payloads()]

    assert status == 200
    assert [getattr(one, "text", one) for one in read] == ["Banjir \ufffd", "Lampu mati"]


async def test_the_journal_keeps_the_bytes_of_an_event(site: Site, platform: LinePlatform) -> None:
    """An event is kept as it came, blanks and escapes included, as a webhook of its own."""
    body = webhook(platform.text("TEKS")).replace(b'"text":"TEKS"', b'"text" : "Caf\\u00e9"')
    await site.post(PATH, body, signed(body))

    assert b'"text" : "Caf\\u00e9"' in (await site.payloads())[0]


@pytest.mark.parametrize("body", [b"", b"halo", b"[]", b'{"events":7}', b"[" * 50_000])
async def test_what_is_signed_and_no_webhook_is_kept_for_a_person(site: Site, body: bytes) -> None:
    """LINE signed it, so it is from LINE: 200, stored once, unreadable."""
    statuses = [(await site.post(PATH, body, signed(body)))[0] for _ in range(2)]
    payloads = await site.payloads()

    assert statuses == [200, 200]
    assert len(payloads) == 1
    assert isinstance(opened().parse(payloads[0]), Unreadable)


async def test_a_new_kind_of_event_is_stored(site: Site, platform: LinePlatform) -> None:
    """A kind of event or message that did not exist when this was written is kept, with a 200."""
    events = [platform.event(None, type="teleport"), platform.event({"type": "hologram"})]
    status = await posted(site, *events)
    event, message = [opened().parse(payload) for payload in await site.payloads()]

    assert status == 200
    assert event == Ignored(reason="an event: teleport")
    assert isinstance(message, InboundMessage)
    assert message.remarks == ("a message of a kind we do not know: hologram",)


async def test_nothing_is_acknowledged_that_is_not_stored(
    site: Site, platform: LinePlatform
) -> None:
    """A full disk is a 503 for the whole batch, and LINE's redelivery brings it all."""
    events = [platform.text("Jalan rusak"), platform.text("Lampu mati")]
    site.full = True
    refused = await posted(site, *events)
    site.full = False
    for event in events:
        event["deliveryContext"]["isRedelivery"] = True
    again = await posted(site, *reversed(events))

    assert (refused, again) == (503, 200)
    assert len(await site.payloads()) == 2


async def test_ten_deliveries_at_once_and_one_after_a_restart_are_one(
    tmp_path: Path, platform: LinePlatform
) -> None:
    """The message id, and for other events the webhookEventId, fold what LINE repeats."""
    events = [platform.text("Jalan rusak"), platform.event(None, type="follow")]
    async with door(opened(), tmp_path) as site:
        first = await asyncio.gather(*(posted(site, *events) for _ in range(10)))
    events[0]["deliveryContext"]["isRedelivery"] = True
    async with door(opened(), tmp_path) as site:
        later = await posted(site, *events)
        stored = await site.external_ids()

    assert {*first, later} == {200}
    assert sorted(stored) == sorted([events[0]["message"]["id"], events[1]["webhookEventId"]])


async def test_a_body_larger_than_any_webhook_is_refused(site: Site) -> None:
    """Above 8 MiB nobody needs to be listened to."""
    large = io.BytesIO(b" " * ((8 << 20) + 1))
    headers = signed(b"any")
    async with site.session.post(site.url + PATH, data=large, headers=headers) as answer:
        status = answer.status

    assert status == 413


# --- 6: what is nobody's message ----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "standby"},
        {"type": "delivery", "message": None},
        {"type": "follow", "message": None},
        {"type": "memberJoined", "message": None},
    ],
)
def test_what_no_citizen_said_to_us_is_no_message(
    platform: LinePlatform, changes: dict[str, Any]
) -> None:
    """Standby copies, joins and the like become no report and bring no answer."""
    event = platform.text("Jalan rusak") | changes

    assert isinstance(opened().parse(webhook(event)), Ignored)


# --- 11: groups ---------------------------------------------------------------------------------


def group(platform: LinePlatform, *, mentions_us: bool, **source: str) -> bytes:
    """A message in a group."""
    mention = {"mentionees": [{"index": 0, "length": 6, "type": "user", "isSelf": True}]}
    message = {"type": "text", "text": "@lapor Jalan rusak"}
    if mentions_us:
        message["mention"] = mention  # type: ignore[assignment]  # JSON
    return webhook(platform.event(message, source={"type": "group", "groupId": "C1", **source}))


def test_a_group_message_without_user_id_is_accepted(platform: LinePlatform) -> None:
    """Who never agreed to be known is stood for by the group, which also gets the answer."""
    said = opened().parse(group(platform, mentions_us=True))

    assert isinstance(said, InboundMessage)
    assert (said.sender, said.matter) == ("C1", "Jalan rusak")
    assert json.loads(said.return_address or "")["to"] == "C1"


def test_a_known_member_of_a_group_is_the_sender(platform: LinePlatform) -> None:
    """With a user id the person is known, and the answer still goes to the group."""
    said = opened().parse(group(platform, mentions_us=True, userId=PERSON))

    assert isinstance(said, InboundMessage)
    assert said.sender == PERSON
    assert json.loads(said.return_address or "")["to"] == "C1"


def test_group_talk_is_for_us_when_it_says_so(platform: LinePlatform) -> None:
    """What members say to one another is left alone, unless the operator wants all of it."""
    talk = group(platform, mentions_us=False)

    assert isinstance(opened().parse(talk), Ignored)
    assert isinstance(opened(groups="all").parse(talk), InboundMessage)


def test_a_message_without_a_source_can_still_be_answered(platform: LinePlatform) -> None:
    """Whoever it was: the reply token leads back to them for a minute."""
    said = opened().parse(webhook(platform.text("Jalan rusak", source={})))

    assert isinstance(said, InboundMessage)
    assert said.sender == ""
    assert json.loads(said.return_address or "")["token"]


# --- edits --------------------------------------------------------------------------------------


def test_an_unsend_withdraws_the_message_it_names(platform: LinePlatform) -> None:
    """`edits` is the external id the message was stored under."""
    event = platform.text("salah kirim")
    (stored,) = split(webhook(event))
    unsend = platform.event(None, type="unsend", unsend={"messageId": event["message"]["id"]})
    said = opened().parse(webhook(unsend))

    assert isinstance(said, InboundMessage)
    assert (said.edits, said.withdrawn, said.return_address) == (stored.external_id, True, None)


def test_photos_of_one_set_are_one_album(platform: LinePlatform) -> None:
    """Photos sent together carry the same set, and each is fetched by its own message id."""
    photos = [
        platform.event(
            {
                "type": "image",
                "contentProvider": {"type": "line"},
                "imageSet": {"id": "S1", "index": number, "total": 2},
            }
        )
        for number in (1, 2)
    ]
    said = [opened().parse(webhook(photo)) for photo in photos]

    assert all(isinstance(one, InboundMessage) and one.album == "S1" for one in said)
    assert len({one.remote for one in said if isinstance(one, InboundMessage)}) == 2


# --- set-up -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"secrets": (Secret(""),)},
        {"secrets": (Secret("1"), Secret("2"), Secret("3"))},
        {"api_url": "api.line.me"},
        {"content_url": "ftp://api-data.line.me"},
    ],
)
def test_settings_that_say_nothing_end_the_start(options: dict[str, Any]) -> None:
    """An empty secret would open the door; it is refused before."""
    with pytest.raises(ValueError, match=r"\w"):
        opened(**options)


async def test_new_secrets_are_taken_while_running(tmp_path: Path, platform: LinePlatform) -> None:
    """After a reload the new channel secret opens the door and the old one does not."""
    channel = opened()
    async with door(channel, tmp_path) as site:
        before = await posted(site, platform.text("satu"))
        channel.reload(LineOptions(secrets=(Secret("new"),)))
        after = await posted(site, platform.text("dua"))
        body = webhook(platform.text("tiga"))
        new = (await site.post(PATH, body, signed(body, "new")))[0]

    assert (before, after, new) == (200, 403, 200)


async def test_send_plays_a_citizen(site: Site) -> None:
    """The simulated webhook is let in, read, and stored under the id it tells."""
    played = await opened().simulate("Jalan rusak", sender=PERSON, files=(), at=site.url)
    said = opened().parse((await site.payloads())[0])

    assert (played.accepted, played.answer) == (True, "200 OK")
    assert await site.external_ids() == [played.external_id]
    assert isinstance(said, InboundMessage)
    assert (said.text, said.sender) == ("Jalan rusak", PERSON)


async def test_send_says_when_nobody_answers(free_port: int) -> None:
    """A gateway that does not run is told as such."""
    at = f"http://127.0.0.1:{free_port}"
    played = await opened().simulate("halo", sender=PERSON, files=(), at=at)

    assert (played.accepted, played.answer) == (False, "no answer: ClientConnectorError")


def test_what_is_left_undone_is_said() -> None:
    """`check` names what the settings leave open."""
    assert len(Line(LineOptions(), bytes(32)).problems()) == 2
    assert opened(access_token=Secret("t")).problems() == []
    assert len(opened(secrets=(Secret("1"), Secret("2"))).problems()) == 2
