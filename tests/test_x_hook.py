"""X calls us: the challenge, the signature on raw bytes, and what becomes of each event."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from doors import Site, door
from hypothesis import given, settings
from hypothesis import strategies as st
from x_server import ACCOUNT, CONSUMER_SECRET
from x_site import KEY, said

from channels.contract import Ignored, InboundMessage, Secret, Unreadable
from channels.x import X
from channels.x_hook import items_of, signatures
from channels.x_options import XOptions

SIGNED = signatures([Secret(CONSUMER_SECRET)])


def opened(*secrets: str) -> X:
    """The channel with its webhook alone."""
    keys = tuple(Secret(secret) for secret in secrets or (CONSUMER_SECRET,))
    return X(XOptions(user_id=ACCOUNT, secrets=keys), KEY)


def tweet(id_: str, text: str = "@lapor rusak", author: str = "7") -> dict[str, Any]:
    """A post as events bring it."""
    mentions = [{"id_str": ACCOUNT}]
    user = {"id_str": author, "name": "Warga", "screen_name": "warga"}
    return {"id_str": id_, "text": text, "user": user, "entities": {"user_mentions": mentions}}


def events(*posts: object) -> bytes:
    """A request of the Account Activity API."""
    return json.dumps({"for_user_id": ACCOUNT, "tweet_create_events": posts}).encode()


async def posted(site: Site, body: bytes) -> int:
    """The status of the answer to a signed request."""
    return (await site.post("/in/x", body, SIGNED.sign(body)))[0]


async def test_the_challenge_is_answered_as_documented(tmp_path: Path) -> None:
    """The vector of the documentation, secret `consumersecret` and token `abc123`."""
    async with door(opened(), tmp_path) as site:
        status, answer = await site.get("/in/x", crc_token="abc123")

        assert status == 200
        assert json.loads(answer) == {
            "response_token": "sha256=M7OqDaQGHSgSpgsqh0sCWLgGuAD6ih6qKoCHRdFr+kk="
        }


@pytest.mark.parametrize(
    "token", ["", '{"tweet_create_events":[]}', "two words", "a" * 257, "aé", "a\n"]
)
async def test_nothing_that_could_be_an_event_is_signed(tmp_path: Path, token: str) -> None:
    """Or anybody could let us sign an event and send it back to us."""
    async with door(opened(), tmp_path) as site:
        status, answer = await site.get("/in/x", crc_token=token)

        assert status == 400
        assert "sha256=" not in answer


async def test_a_signed_challenge_is_no_event(tmp_path: Path) -> None:
    """The other way round: what a challenge signs is not taken in."""
    async with door(opened(), tmp_path) as site:
        _, answer = await site.get("/in/x", crc_token="12345")
        header = {"x-twitter-webhooks-signature": json.loads(answer)["response_token"]}
        status, _ = await site.post("/in/x", b"12345", header)

        assert status == 403
        assert await site.payloads() == []


async def test_only_signed_bytes_come_in(tmp_path: Path) -> None:
    """Wrong, missing, or of another body: 403 without a hint, and nothing is stored."""
    body = events(tweet("19"))
    right = SIGNED.sign(body)
    name, value = next(iter(right.items()))
    async with door(opened(), tmp_path) as site:
        answers = [
            await site.post("/in/x", body),
            await site.post("/in/x", body, {name: ""}),
            await site.post("/in/x", body, {name: value.removeprefix("sha256=")}),
            await site.post("/in/x", body, {name: value[:-2] + "A="}),
            await site.post("/in/x", body + b" ", right),
            await site.post("/in/x", body, signatures([Secret("other")]).sign(body)),
        ]
        stored = await site.payloads()

        assert {status for status, _ in answers} == {403}
        assert len({answer for _, answer in answers}) == 1
        assert "sign" not in answers[0][1].lower()
        assert stored == []
        assert await posted(site, body) == 200


async def test_two_secrets_are_valid_while_one_replaces_the_other(tmp_path: Path) -> None:
    """The new one first; the old one still opens the door."""
    body = events(tweet("19"))
    async with door(opened("new", CONSUMER_SECRET), tmp_path) as site:
        old = await posted(site, body)
        status, _ = await site.post("/in/x", body, signatures([Secret("new")]).sign(body))

        assert (old, status) == (200, 200)
        assert await site.external_ids() == ["19"]


async def test_each_event_of_a_request_stands_alone(tmp_path: Path) -> None:
    """Four posts, one of them bad: four rows, one of them parked."""
    async with door(channel := opened(), tmp_path) as site:
        body = events(tweet("19"), {"text": "x"}, tweet("20"), tweet("21", author=ACCOUNT))

        assert await posted(site, body) == 200
        kinds = [type(one) for one in await said(channel, site)]
        assert kinds == [InboundMessage, Unreadable, InboundMessage, Ignored]


async def test_the_same_event_in_parallel_and_after_a_restart_is_one(tmp_path: Path) -> None:
    """X repeats what it was not told in time; ten at once and one later are one row."""
    body = events(tweet("19"))
    async with door(opened(), tmp_path) as site:
        statuses = await asyncio.gather(*(posted(site, body) for _ in range(10)))
    async with door(opened(), tmp_path) as site:
        later = await posted(site, body)

        assert {*statuses, later} == {200}
        assert await site.external_ids() == ["19"]


async def test_what_cannot_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    """A full disk is a 503 with Retry-After."""
    body = events(tweet("19"))
    async with door(opened(), tmp_path) as site:
        site.full = True
        async with site.session.post(
            f"{site.url}/in/x", data=body, headers=SIGNED.sign(body)
        ) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        site.full = False

        assert await posted(site, body) == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"for_user_id":',
        b'{"data":{"event_type":7}}',
        b"{}",
        b'{"tweet_create_events":[]}',
        b'{"a":' * 5000 + b"}" * 5000,
        b'{"\xff":1}',
    ],
)
async def test_a_request_nobody_understands_is_kept_whole(tmp_path: Path, body: bytes) -> None:
    """Signed by X and unreadable: it is acknowledged, kept as it came, and shown to a person."""
    async with door(channel := opened(), tmp_path) as site:
        assert await posted(site, body) == 200
        assert await site.payloads() == [body]
        assert isinstance((await said(channel, site))[0], Unreadable)


async def test_a_body_larger_than_any_event_is_refused(tmp_path: Path) -> None:
    """Above 4 MiB the answer is 413, before anything is computed."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        for _ in range(65):
            yield b" " * 65_536

    async with (
        door(opened(), tmp_path) as site,
        site.session.post(f"{site.url}/in/x", data=chunks(), headers=SIGNED.sign(b"{")) as answer,
    ):
        assert answer.status == 413


async def test_a_look_with_head_is_no_challenge(tmp_path: Path) -> None:
    """HEAD is not GET here."""
    async with door(opened(), tmp_path) as site, site.session.head(f"{site.url}/in/x") as answer:
        assert answer.status == 405


async def test_a_half_emoji_reaches_the_journal(tmp_path: Path) -> None:
    """A lone surrogate, which JSON can say and databases cannot: kept, and cleaned when read."""
    async with door(channel := opened(), tmp_path) as site:
        body = events(tweet("19")).replace(b"rusak", b"rusak \\ud83d \\u0000")

        assert await posted(site, body) == 200
        [message] = await said(channel, site)
        assert isinstance(message, InboundMessage)
        assert message.text == "@lapor rusak \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}"


async def test_an_edit_by_webhook_names_the_version_we_hold(tmp_path: Path) -> None:
    """The original came by webhook as well; the edit replaces it."""
    edited = tweet("20") | {"edit_history": {"edit_tweet_ids": ["19", "20"]}}
    async with door(channel := opened(), tmp_path) as site:
        await posted(site, events(tweet("19")))
        await posted(site, events(edited))
        _, message = await said(channel, site)

        assert isinstance(message, InboundMessage)
        assert message.edits == "19"


@pytest.mark.parametrize(
    ("kind", "payload", "key"),
    [
        ("post.mention.create", {"id": "19", "text": "@lapor x", "author_id": "7"}, "19"),
        ("post.delete", {"id": "19", "author_id": "7"}, "19.deleted"),
    ],
)
async def test_the_newer_api_is_understood_too(
    tmp_path: Path, kind: str, payload: dict[str, str], key: str
) -> None:
    """The X Activity API wraps one event; a mention has the same key whichever way it came."""
    data = {"event_type": kind, "filter": {"user_id": ACCOUNT}, "payload": payload}
    async with door(channel := opened(), tmp_path) as site:
        assert await posted(site, json.dumps({"data": data}).encode()) == 200
        assert await site.external_ids() == [key]
        assert isinstance((await said(channel, site))[0], InboundMessage)


def replaced(value: object, junk: object, chance: random.Random) -> object:
    """The same with one thing somewhere in it replaced."""
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        return value | {key: replaced(value[key], junk, chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        return [replaced(value[0], junk, chance), *value[1:]]
    return junk


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inside: st.lists(inside) | st.dictionaries(st.text() | st.just("\ud800"), inside),
    max_leaves=5,
)
PAYLOAD = {"id": "19", "text": "x", "entities": {"urls": [{"url": "x"}]}, "geo": {"place_id": "p"}}
INCLUDES = {"users": [{"id": "7"}], "media": [{"media_key": "3"}], "places": [{"id": "p"}]}
DIRECT = {"id": "1", "message_create": {"sender_id": "7", "message_data": {"text": "x"}}}
BODIES = [
    json.loads(events(tweet("19") | {"place": {"full_name": "x"}, "quoted_status": tweet("18")})),
    {"for_user_id": ACCOUNT, "direct_message_events": [DIRECT], "users": {"7": {"name": "x"}}},
    {"data": {"event_type": "post.create", "payload": PAYLOAD, "includes": INCLUDES}},
    {"data": {"event_type": "dm.received", "payload": {"direct_message_events": [DIRECT]}}},
]


@settings(max_examples=400)
@given(st.sampled_from(BODIES), JSON, st.randoms(use_true_random=False))
def test_whatever_stands_in_an_event_becomes_rows(
    body: dict[str, Any], junk: object, chance: random.Random
) -> None:
    """Any value at any place: each event has a key and bytes, and reading them says something."""
    channel = opened()
    for item in items_of(replaced(body, junk, chance)):
        delivery = item.delivery()

        assert delivery.external_id.encode()
        assert channel.parse(delivery.payload)


async def test_send_plays_a_citizen(tmp_path: Path) -> None:
    """`lapor-gateway send x` signs as X does, and knows the id the gateway stored."""
    async with door(channel := opened(), tmp_path) as site:
        simulated = await channel.simulate(
            "lampu mati", sender=channel.example_sender, files=(), at=site.url
        )
        [message] = await said(channel, site)

        assert simulated.accepted
        assert simulated.answer == "200 OK"
        assert await site.external_ids() == [simulated.external_id]
        assert 0 < int(simulated.external_id) < 2**63
        assert isinstance(message, InboundMessage)
        assert (message.matter, message.sender) == ("lampu mati", channel.example_sender)
        assert message.return_address
        assert '"may":"mention"' in message.return_address


async def test_send_without_the_secret_is_refused(tmp_path: Path) -> None:
    """Who does not hold the secret cannot play X."""
    stranger = opened("other")
    async with door(opened(), tmp_path) as site:
        simulated = await stranger.simulate("x", sender="7", files=(), at=site.url)
        nowhere = await stranger.simulate("x", sender="7", files=(), at="http://127.0.0.1:1")

        assert not simulated.accepted
        assert simulated.answer.startswith("403")
        assert nowhere.answer == "no answer: ClientConnectorError"
        assert await site.payloads() == []


def test_who_only_knows_the_channels_loads_no_client() -> None:
    """What talks to X and reads feeds is loaded by who does so: every process has this module."""
    code = "import sys; import channels.registry; print({'tweepy', 'feedparser'} & {*sys.modules})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "set()"


def test_problems_are_told() -> None:
    """`check` says what is missing."""
    found = X(XOptions(), KEY).problems()

    assert "no consumer_secret: the webhook lets nobody in" in found
    assert len(found) == 4
    assert any("twenty times" in one for one in X(XOptions(links=True), KEY).problems())
    assert any("take the old one out" in one for one in opened("a", "b").problems())
