"""The doors of Messenger, Instagram and WhatsApp: handshake, signature, batches, keys, echoes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from doors import Site, door
from meta_server import PAGE, SECRET, VERIFY, Json
from meta_webhooks import chat, signed, whatsapp, words, written

from channels.contract import DeliveryReport, Ignored, InboundMessage, Secret, Unreadable
from channels.instagram import Instagram
from channels.messenger import Messenger
from channels.meta_batch import split
from channels.meta_door import MetaDoor
from channels.meta_options import MetaOptions
from channels.whatsapp import Whatsapp

VECTOR = b'{"object":"page","entry":[]}'

every_door = pytest.mark.parametrize(
    "kind", [Messenger, Instagram, Whatsapp], ids=lambda kind: kind.name
)


def opened(kind: type[MetaDoor], **options: Any) -> MetaDoor:  # noqa: ANN401 (one test, one option)
    """A channel with Meta's secrets and these options."""
    settings: dict[str, Any] = {"secrets": (Secret(SECRET),), "verify_token": Secret(VERIFY)}
    return kind(kind.Options(**(settings | options)), bytes(32))


def said(kind: type[MetaDoor], text: str, key: str = "") -> bytes:
    """One text message for this door."""
    if kind is Whatsapp:
        return whatsapp(words(text, **({"id": key} if key else {})))
    return chat(text, kind="page" if kind is Messenger else "instagram", mid=key)


async def posted(site: Site, kind: type[MetaDoor], body: bytes) -> int:
    """The status Meta hears for a signed body."""
    return (await site.post(f"/in/{kind.name}", body, signed(body)))[0]


async def asked(site: Site, kind: type[MetaDoor], query: dict[str, str]) -> tuple[int, str, str]:
    """Status, media type and body of the answer to a GET."""
    async with site.session.get(f"{site.url}/in/{kind.name}", params=query) as answer:
        return answer.status, answer.content_type, await answer.text()


# --- 2: the handshake ---------------------------------------------------------------------------


@every_door
async def test_the_challenge_comes_back_for_the_right_token(
    kind: type[MetaDoor], tmp_path: Path
) -> None:
    """Exactly the challenge, as plain text."""
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "<b>1158</b>"}
    async with door(opened(kind), tmp_path) as site:
        answer = await asked(site, kind, query)

    assert answer == (200, "text/plain", "<b>1158</b>")


@every_door
@pytest.mark.parametrize(
    "query",
    [
        {"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1158"},
        {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1158"},
        {"hub.mode": "unsubscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158"},
        {"hub.challenge": "1158"},
        {},
    ],
    ids=["wrong token", "empty token", "other mode", "no token", "nothing"],
)
async def test_a_stranger_gets_no_challenge_back(
    kind: type[MetaDoor], tmp_path: Path, query: dict[str, str]
) -> None:
    """403 without a hint, and nothing of what was sent."""
    async with door(opened(kind), tmp_path) as site:
        status, _, answer = await asked(site, kind, query)

    assert status == 403
    assert json.loads(answer) == {"type": "about:blank", "title": "Forbidden", "status": 403}


@every_door
async def test_without_a_verify_token_nobody_passes(kind: type[MetaDoor], tmp_path: Path) -> None:
    """A token that was not configured is not the empty one."""
    async with door(opened(kind, verify_token=None), tmp_path) as site:
        query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
        status, *_ = await asked(site, kind, query)

    assert status == 403


# --- 1: the signature ---------------------------------------------------------------------------


async def test_the_vector_of_the_sheet_is_let_in(tmp_path: Path) -> None:
    """Secret "appsecret", an empty entry, this signature; upper case hex is the same."""
    value = "0e9e0080a310f376450c46d999aa4d49ed772bfe43c13205f38a3a6e6611ed2b"
    async with door(opened(Messenger, secrets=(Secret("appsecret"),)), tmp_path) as site:
        statuses = [
            (await site.post("/in/messenger", VECTOR, {"X-Hub-Signature-256": f"sha256={hexed}"}))[
                0
            ]
            for hexed in (value, value.upper())
        ]

    assert statuses == [200, 200]


@every_door
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": signed(b"another body")["X-Hub-Signature-256"]},
        {"X-Hub-Signature-256": "sha256=nonsense"},
        {"X-Hub-Signature": "sha1=0000000000000000000000000000000000000000"},
    ],
    ids=["none", "empty", "of another body", "nonsense", "the old kind"],
)
async def test_a_wrong_or_missing_signature_is_refused_without_a_hint(
    kind: type[MetaDoor], tmp_path: Path, headers: dict[str, str]
) -> None:
    """A stranger hears 403 and nothing else, and nothing is stored; SHA-1 counts for nothing."""
    async with door(opened(kind), tmp_path) as site:
        status, answer = await site.post(f"/in/{kind.name}", said(kind, "Jalan rusak"), headers)
        stored = await site.payloads()

    assert status == 403
    assert json.loads(answer) == {"type": "about:blank", "title": "Forbidden", "status": 403}
    assert stored == []


@every_door
async def test_a_signature_replayed_with_another_body_is_refused(
    kind: type[MetaDoor], tmp_path: Path
) -> None:
    """Who recorded a webhook cannot change a letter of it."""
    body = said(kind, "Jalan rusak")
    async with door(opened(kind), tmp_path) as site:
        status, _ = await site.post(
            f"/in/{kind.name}", body.replace(b"rusak", b"mulus"), signed(body)
        )

    assert status == 403


@every_door
async def test_two_secrets_are_valid_while_one_is_replaced(
    kind: type[MetaDoor], tmp_path: Path
) -> None:
    """During a rotation webhooks signed with either come in; a reload takes the old one away."""
    channel, body = opened(kind, secrets=(Secret("new"), Secret("old"))), said(kind, "Jalan rusak")
    async with door(channel, tmp_path) as site:
        path = f"/in/{kind.name}"
        both = [(await site.post(path, body, signed(body, key)))[0] for key in ("new", "old", "x")]
        channel.reload(kind.Options(secrets=(Secret("new"),)))
        one = [(await site.post(path, body, signed(body, key)))[0] for key in ("new", "old")]

    assert (both, one) == ([200, 200, 403], [200, 403])


@every_door
@pytest.mark.parametrize("is_escaped", [True, False], ids=["escaped", "raw"])
async def test_a_body_is_signed_as_it_was_sent(
    kind: type[MetaDoor], tmp_path: Path, *, is_escaped: bool
) -> None:
    """Meta escapes everything beyond ASCII and the slash; the bytes are what is signed."""
    text = "Café di Jl. Melati 1/2 😢"
    body = said(kind, text)
    if not is_escaped:
        body = json.dumps(json.loads(body), ensure_ascii=False).encode()
    async with door(opened(kind), tmp_path) as site:
        status = await posted(site, kind, body)
        read = opened(kind).parse((await site.payloads())[0])

    assert (status, b"\\u00e9" in body, b"\\/" in body) == (200, is_escaped, is_escaped)
    assert isinstance(read, InboundMessage)
    assert read.text == text


# --- 3, 4, 5: what is stored --------------------------------------------------------------------


def page_batch() -> bytes:
    """Several entries with several items each; one of them broken, one of no known kind."""
    one, two, three = (json.loads(chat(f"laporan {n}", mid=f"m_{n}"))["entry"][0] for n in "123")
    one["messaging"] += two["messaging"]
    broken = {"sender": {"id": "1"}, "message": {"mid": "m_4", "text": ["not a text"]}}
    three["messaging"] += [broken, {"sender": {"id": "1"}, "teleport": {}}]
    return written({"object": "page", "entry": [one, three, "no entry"]})


async def test_each_item_of_a_batch_stands_alone(tmp_path: Path) -> None:
    """Entries and items of one POST become rows of their own; what is broken parks alone."""
    async with door(opened(Messenger), tmp_path) as site:
        status = await posted(site, Messenger, page_batch())
        read = [opened(Messenger).parse(payload) for payload in await site.payloads()]
        keys = await site.external_ids()

    message = InboundMessage
    assert status == 200
    assert [type(one) for one in read] == [
        message, message, message, Unreadable, Ignored, Unreadable,
    ]  # fmt: skip
    assert keys[:4] == ["m_1", "m_2", "m_3", "m_4"]


async def test_messages_and_statuses_of_one_change_stand_alone(tmp_path: Path) -> None:
    """WhatsApp packs many into one change; each keeps the contacts it needs."""
    other = {"profile": {"name": "Orang lain"}, "wa_id": "6281200000002", "user_id": "ID.2"}
    mine = {"profile": {"name": "Warga"}, "wa_id": "6281200000001", "user_id": "ID.1"}
    statuses: list[Json] = [
        {"id": "wamid.A", "status": state, "biz_opaque_callback_data": "r1"}
        for state in ("read", "delivered", "sent")
    ]
    body = whatsapp(
        words("satu", id="wamid.1"),
        words("dua", id="wamid.2", **{"from": "6281200000002"}),
        {"id": "wamid.3", "type": 7},
        statuses=statuses,
        contacts=[other, mine],
    )
    async with door(opened(Whatsapp), tmp_path) as site:
        status = await posted(site, Whatsapp, body)
        one, two, broken, *news = [opened(Whatsapp).parse(each) for each in await site.payloads()]
        keys = await site.external_ids()

    assert status == 200
    assert keys == [
        "wamid.1", "wamid.2", "wamid.3", "wamid.A:read", "wamid.A:delivered", "wamid.A:sent",
    ]  # fmt: skip
    assert isinstance(one, InboundMessage)
    assert isinstance(two, InboundMessage)
    assert (one.name, one.sender, two.name, two.sender) == ("Warga", "ID.1", "Orang lain", "ID.2")
    assert isinstance(broken, Unreadable)
    assert all(isinstance(report, DeliveryReport) for report in news)


@every_door
@pytest.mark.parametrize("body", [b"", b"halo", b"[]", b'{"entry":7}', b"[" * 50_000, b"\xff"])
async def test_what_is_signed_and_no_webhook_is_kept_for_a_person(
    kind: type[MetaDoor], tmp_path: Path, body: bytes
) -> None:
    """Meta signed it, so it is from Meta: 200, stored once, unreadable."""
    async with door(opened(kind), tmp_path) as site:
        statuses = [await posted(site, kind, body) for _ in range(2)]
        payloads = await site.payloads()

    assert statuses == [200, 200]
    assert len(payloads) == 1
    assert isinstance(opened(kind).parse(payloads[0]), Unreadable)


@every_door
async def test_half_an_emoji_costs_nobody_a_message(kind: type[MetaDoor], tmp_path: Path) -> None:
    """A lone surrogate, which is no valid JSON text, is replaced and the rest is read."""
    body = said(kind, "HALF").replace(b"HALF", b"Banjir \\ud83d")
    async with door(opened(kind), tmp_path) as site:
        status = await posted(site, kind, body)
        read = opened(kind).parse((await site.payloads())[0])

    assert status == 200
    assert isinstance(read, InboundMessage)
    assert read.text == "Banjir \ufffd"


@every_door
async def test_a_notice_of_a_new_kind_is_stored(kind: type[MetaDoor], tmp_path: Path) -> None:
    """Fields and entries that did not exist when this was written are kept, with a 200."""
    shape = json.loads(said(kind, "x"))
    entries = [
        {"id": PAGE, "changes": [{"field": "teleports", "value": {}}]},
        {"id": PAGE, "brand_new": [1, 2]},
    ]
    body = written({"object": shape["object"], "entry": entries})
    async with door(opened(kind), tmp_path) as site:
        status = await posted(site, kind, body)
        read = [opened(kind).parse(payload) for payload in await site.payloads()]

    assert status == 200
    assert read == [
        Ignored(reason="an event: teleports"),
        Ignored(reason="a notice of a kind we do not know"),
    ]


@every_door
async def test_nothing_is_acknowledged_that_is_not_stored(
    kind: type[MetaDoor], tmp_path: Path
) -> None:
    """A full disk is a 503, and what Meta sends again is stored."""
    body = said(kind, "Jalan rusak")
    async with door(opened(kind), tmp_path) as site:
        site.full = True
        refused = await posted(site, kind, body)
        site.full = False
        again = await posted(site, kind, body)
        stored = await site.payloads()

    assert (refused, again, len(stored)) == (503, 200, 1)


@every_door
async def test_ten_deliveries_at_once_and_one_after_a_restart_are_one(
    kind: type[MetaDoor], tmp_path: Path
) -> None:
    """The message's own id folds what Meta sends again, in whatever batch it comes."""
    body = said(kind, "Jalan rusak", "wamid.SAME")
    async with door(opened(kind), tmp_path) as site:
        first = await asyncio.gather(*(posted(site, kind, body) for _ in range(10)))
    later_body = body.replace(b'"entry":[', b'"entry" : [')
    async with door(opened(kind), tmp_path) as site:
        later = await posted(site, kind, later_body)
        stored = await site.external_ids()

    assert {*first, later} == {200}
    assert stored == ["wamid.SAME"]


async def test_entry_times_do_not_make_an_item_new() -> None:
    """A reaction has no id of its own; the same reaction in another POST is the same row."""
    shape = json.loads(chat("x"))
    item = shape["entry"][0]["messaging"][0]
    del item["message"]
    item["reaction"] = {"mid": "m_1", "action": "react"}
    first = split(written(shape))
    shape["entry"][0]["time"] += 1000

    assert [one.external_id for one in first] == [one.external_id for one in split(written(shape))]


# --- 6: echoes, standby, our own side -----------------------------------------------------------


@every_door
async def test_what_our_own_side_said_is_no_message(kind: type[MetaDoor]) -> None:
    """Our own messages come back from Meta in several ways; none is a citizen's, none answered."""
    shape = json.loads(said(kind, "Laporan Anda sudah kami terima."))
    if kind is Whatsapp:
        shape["entry"][0]["changes"][0]["value"]["messages"][0]["from"] = "6280000000000"
        variants = [shape]
        for field in ("smb_message_echoes", "history", "smb_app_state_sync"):
            variant = json.loads(json.dumps(shape))
            variant["entry"][0]["changes"][0]["field"] = field
            variants.append(variant)
    else:
        item = shape["entry"][0]["messaging"][0]
        item["sender"], item["recipient"] = item["recipient"], item["sender"]
        marked = json.loads(json.dumps(shape))
        marked["entry"][0]["messaging"][0]["message"]["is_echo"] = True
        aside = json.loads(said(kind, "untuk aplikasi lain"))
        aside["entry"][0]["standby"] = aside["entry"][0].pop("messaging")
        variants = [shape, marked, aside]
    read = [opened(kind).parse(written(variant)) for variant in variants]

    assert all(isinstance(one, Ignored) for one in read), read


async def test_a_standby_copy_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """The same message, first told to another app and then to us, is stored as ours too."""
    shape = json.loads(chat("Jalan rusak", mid="m_1"))
    aside = json.loads(json.dumps(shape))
    aside["entry"][0]["standby"] = aside["entry"][0].pop("messaging")
    async with door(opened(Messenger), tmp_path) as site:
        await posted(site, Messenger, written(aside))
        await posted(site, Messenger, written(shape))
        read = [opened(Messenger).parse(payload) for payload in await site.payloads()]

    assert [type(one) for one in read] == [Ignored, InboundMessage]


# --- keys that name one another -----------------------------------------------------------------


async def test_a_deletion_and_an_edit_name_the_message_they_mean(tmp_path: Path) -> None:
    """News about one message have keys of their own and `edits` the key it was stored under."""
    deleted = json.loads(chat("x", kind="instagram", mid="m_1"))
    deleted["entry"][0]["messaging"][0]["message"] = {"mid": "m_1", "is_deleted": True}
    async with door(opened(Instagram), tmp_path) as site:
        await posted(site, Instagram, chat("Jalan rusak", kind="instagram", mid="m_1"))
        await posted(site, Instagram, written(deleted))
        keys = await site.external_ids()
    edited = json.loads(chat("x", mid="m_1"))
    item = edited["entry"][0]["messaging"][0]
    del item["message"]
    item["message_edit"] = {"mid": "m_1", "text": "Jalan rusak parah", "num_edit": 2}
    (stored,) = split(written(edited))
    taken_back = opened(Instagram).parse(written(deleted))
    changed = opened(Messenger).parse(stored.payload)

    assert (keys, stored.external_id) == (["m_1", "m_1:deleted"], "m_1:edit:2")
    assert isinstance(taken_back, InboundMessage)
    assert (taken_back.edits, taken_back.withdrawn) == ("m_1", True)
    assert isinstance(changed, InboundMessage)
    assert (changed.edits, changed.text) == ("m_1", "Jalan rusak parah")


def test_a_person_is_known_per_page() -> None:
    """The same id on two pages is two people: the key is page and person."""
    shape = json.loads(chat("Jalan rusak"))
    shape["entry"][0]["id"] = "another page"
    one, two = (opened(Messenger).parse(body) for body in (chat("Jalan rusak"), written(shape)))

    assert isinstance(one, InboundMessage)
    assert isinstance(two, InboundMessage)
    assert one.sender != two.sender


def test_a_change_in_the_entry_itself_is_read() -> None:
    """With Instagram Login a comment stands in its entry and not in a list of changes."""
    value = {"id": "c1", "from": {"id": "7", "username": "warga"}, "text": "jalan rusak"}
    entry = {"id": "1784", "time": 1795300000, "field": "comments", "value": value}
    (delivery,) = split(written({"object": "instagram", "entry": [entry]}))
    read = opened(Instagram).parse(delivery.payload)

    assert delivery.external_id == "comment:c1"
    assert isinstance(read, InboundMessage)
    assert (read.text, read.name) == ("jalan rusak", "warga")


# --- set-up -------------------------------------------------------------------------------------


@every_door
@pytest.mark.parametrize(
    "options",
    [
        {"secrets": (Secret(""),)},
        {"verify_token": Secret("")},
        {"api_url": "graph.facebook.com"},
        {"api_version": "latest"},
    ],
)
def test_settings_that_say_nothing_end_the_start(
    kind: type[MetaDoor], options: dict[str, Any]
) -> None:
    """An empty secret would open the door; it is refused before."""
    with pytest.raises(ValueError, match=r"\w"):
        opened(kind, **options)


@every_door
async def test_send_plays_a_citizen(kind: type[MetaDoor], tmp_path: Path) -> None:
    """The simulated webhook is let in, read, and stored under the id it tells."""
    channel = opened(kind)
    async with door(channel, tmp_path) as site:
        sender = channel.example_sender
        played = await channel.simulate("Jalan rusak", sender=sender, files=(), at=site.url)
        read = channel.parse((await site.payloads())[0])
        keys = await site.external_ids()

    assert (played.accepted, played.answer) == (True, "200 OK")
    assert keys == [played.external_id]
    assert isinstance(read, InboundMessage)
    assert read.text == "Jalan rusak"
    assert read.sender.endswith(sender)


@every_door
def test_what_is_left_undone_is_said(kind: type[MetaDoor]) -> None:
    """`check` names what the settings leave open."""
    told: dict[str, Any] = {"template": "balasan"} if kind is Whatsapp else {}
    bare = kind(kind.Options(), bytes(32))

    assert len(bare.problems()) == 3 + (kind is Whatsapp)
    assert opened(kind, access_token=Secret("t"), **told).problems() == []
    assert bare.keeps()


def test_the_common_settings_are_those_of_all() -> None:
    """Whoever knows one of the sections knows the others."""
    common = set(MetaOptions.__struct_fields__)

    assert all(common <= set(kind.Options.__struct_fields__) for kind in (Messenger, Whatsapp))
