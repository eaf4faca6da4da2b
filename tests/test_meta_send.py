"""Answers by Messenger and Instagram: the window is known before anything is sent."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from meta_server import ACCOUNT, DAY, PAGE, PERSON, MetaPlatform, Weather
from meta_webhooks import chat, echo

from channels.contract import (
    Button,
    DeliveryReport,
    InboundMessage,
    Outcome,
    Receipt,
    Refused,
    Reply,
    Secret,
    TryLater,
    Uncertain,
)
from channels.instagram import Instagram
from channels.messenger import Messenger
from channels.meta_chats import MetaChats
from channels.windows import pack_address

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

both = pytest.mark.parametrize("kind", [Messenger, Instagram], ids=lambda kind: kind.name)


class Hands:
    """Channels that answer at this Meta, by a clock that stands still."""

    def __init__(self, platform: MetaPlatform) -> None:
        self.platform = platform
        self.channels: list[MetaChats] = []

    def opened(self, kind: type[MetaChats], **options: Any) -> MetaChats:  # noqa: ANN401 (one option)
        """A channel; it is closed with the test."""
        channel = kind(kind.Options(**(self.platform.account | options)), bytes(32))
        self.channels.append(channel)
        return channel

    async def answer(
        self,
        channel: MetaChats,
        *,
        hours: float | None = 0.0,
        **reply: Any,  # noqa: ANN401 (a Reply's fields)
    ) -> Outcome:
        """One answer, so many hours after the person last wrote; None: nobody knows."""
        page = PAGE if isinstance(channel, Messenger) else ACCOUNT
        words: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "to": pack_address(PERSON, page=page),
            "text": "Laporan Anda sudah kami terima.",
        }
        heard_at = None if hours is None else NOW - timedelta(hours=hours)
        if hours:
            self.platform.heard[PERSON] = self.platform.clock() - hours * 3600
        return await channel.reply(Reply(**(words | reply), heard_at=heard_at, now=NOW))


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    """Meta and whoever answers there."""
    async with MetaPlatform().serving() as platform:
        hands = Hands(platform)
        yield hands
        for channel in hands.channels:
            await channel.close()


# --- 9: the window ------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("hours", [0.0, 23.9, None])
async def test_within_a_day_anything_may_be_said(
    hands: Hands, kind: type[MetaChats], hours: float | None
) -> None:
    """The answer goes out as a response; where nobody knows when the person wrote, Meta decides."""
    outcome = await hands.answer(hands.opened(kind), hours=hours)
    (sent,) = hands.platform.sent

    assert outcome == Receipt(reference=sent.id)
    assert sent.body["messaging_type"] == "RESPONSE"
    assert (sent.to, sent.text) == (PERSON, "Laporan Anda sudah kami terima.")
    assert sent.sender == (PAGE if kind is Messenger else ACCOUNT)


@both
@pytest.mark.parametrize("hours", [24.0, 24.1, 6 * 24.0, 400 * 24.0])
async def test_after_a_day_nothing_is_even_tried(
    hands: Hands, kind: type[MetaChats], hours: float
) -> None:
    """The refusal is made here, says why, and lets the gateway try another way."""
    outcome = await hands.answer(hands.opened(kind), hours=hours)

    assert outcome == Refused(
        reason="window closed: the person wrote too long ago", unreachable=True
    )
    assert hands.platform.asked == []


@both
@pytest.mark.parametrize(("hours", "is_sent"), [(25.0, True), (167.9, True), (168.0, False)])
async def test_the_human_agent_tag_needs_leave_and_lasts_seven_days(
    hands: Hands, kind: type[MetaChats], hours: float, *, is_sent: bool
) -> None:
    """Only where the operator has Meta's permission is the tag used, and not beyond seven days."""
    outcome = await hands.answer(hands.opened(kind, human_agent=True), hours=hours)

    assert isinstance(outcome, Receipt if is_sent else Refused)
    assert [sent.body.get("tag") for sent in hands.platform.sent] == ["HUMAN_AGENT"] * is_sent


async def test_meta_may_see_the_window_otherwise(hands: Hands) -> None:
    """Where Meta says the window is closed it is, and the person is reached another way."""
    hands.platform.heard[PERSON] = hands.platform.clock() - 2 * DAY
    outcome = await hands.answer(hands.opened(Messenger), hours=None)

    assert isinstance(outcome, Refused)
    assert outcome.unreachable


# --- public comments ----------------------------------------------------------------------------


def comment_address(channel: MetaChats) -> str:
    """The return address of a public comment."""
    value = {"id": "c1", "from": {"id": PERSON, "username": "warga"}, "text": "jalan rusak"}
    change = {"field": "comments", "value": value}
    entry = {"id": ACCOUNT, "time": 1795300000, "changes": [change]}
    said = channel.parse(json.dumps({"object": "instagram", "entry": [entry]}).encode())
    assert isinstance(said, InboundMessage)
    assert said.return_address
    return said.return_address


async def test_a_comment_is_answered_in_private_and_once(hands: Hands) -> None:
    """The author gets one private message; a second one Meta refuses, and so another way is due."""
    channel = hands.opened(Instagram)
    to = comment_address(channel)
    first, second = [await hands.answer(channel, to=to, hours=30.0) for _ in range(2)]

    assert isinstance(first, Receipt)
    assert hands.platform.sent[0].body["recipient"] == {"comment_id": "c1"}
    assert isinstance(second, Refused)
    assert second.unreachable


async def test_a_comment_older_than_seven_days_is_left(hands: Hands) -> None:
    """Private replies end after seven days; nothing is tried."""
    channel = hands.opened(Instagram)
    outcome = await hands.answer(channel, to=comment_address(channel), hours=168.0)

    assert outcome == Refused(reason="the comment is older than seven days", unreachable=True)
    assert hands.platform.asked == []


# --- what is sent -------------------------------------------------------------------------------


@both
async def test_buttons_become_quick_replies(hands: Hands, kind: type[MetaChats]) -> None:
    """A pressed button comes back as its words; the location cannot be asked for here."""
    channel = hands.opened(kind)
    buttons = (Button(label="Anonim", says="ANONIM 7K3M9QW2X"), Button(label="Lokasi"))
    await hands.answer(channel, buttons=buttons)
    (reply,) = hands.platform.sent[0].body["message"]["quick_replies"]
    pressed = channel.parse(
        chat("Anonim", kind=channel.kind, quick_reply={"payload": reply["payload"]})
    )

    assert reply == {"content_type": "text", "title": "Anonim", "payload": "ANONIM 7K3M9QW2X"}
    assert isinstance(pressed, InboundMessage)
    assert pressed.text == "ANONIM 7K3M9QW2X"


@both
async def test_a_long_answer_comes_in_pieces(hands: Hands, kind: type[MetaChats]) -> None:
    """2000 characters on Messenger, 1000 bytes on Instagram; never more, nothing lost."""
    words = "jalan 😢 " * 240
    await hands.answer(hands.opened(kind), text=words, buttons=(Button(label="Ya", says="YA"),))
    texts = [sent.text for sent in hands.platform.sent]
    measured = [len(text) if kind is Messenger else len(text.encode()) for text in texts]

    assert " ".join(texts) == words.strip()
    assert max(measured) <= (2000 if kind is Messenger else 1000)
    assert ["quick_replies" in sent.body["message"] for sent in hands.platform.sent] == [
        *[False] * (len(texts) - 1), True,
    ]  # fmt: skip


async def test_when_a_later_piece_fails_the_answer_is_in_doubt(hands: Hands) -> None:
    """It is not sent again from the start by itself: the person would read the beginning twice."""
    hands.platform.weather.extend([Weather(status=200, done=True, body="{}"), Weather(code=2)])
    outcome = await hands.answer(hands.opened(Instagram), text="kata " * 300)

    assert isinstance(outcome, Uncertain)
    assert outcome.reason.startswith("only the beginning arrived")


async def test_another_page_may_send(hands: Hands) -> None:
    """With Facebook Login an Instagram account answers through its page."""
    await hands.answer(hands.opened(Instagram, send_as="me"))

    assert hands.platform.sent[0].sender == "me"


# --- errors -------------------------------------------------------------------------------------

USAGE = json.dumps({"1": [{"type": "messenger", "estimated_time_to_regain_access": 5}]})


@both
@pytest.mark.parametrize(
    ("weather", "expected"),
    [
        *(
            (Weather(code=code), TryLater(
                reason=f"answered 400 with code {code}", wait=60.0, trouble="throttled"))
            for code in (4, 17, 32, 613, 80007)
        ),
        (Weather(code=613, headers={"X-Business-Use-Case-Usage": USAGE}), TryLater(
            reason="answered 400 with code 613", wait=300.0, trouble="throttled")),
        (Weather(code=4, headers={"X-Business-Use-Case-Usage": "no json"}), TryLater(
            reason="answered 400 with code 4", wait=60.0, trouble="throttled")),
        *(
            (Weather(code=code), TryLater(
                reason=f"answered 400 with code {code}", wait=60.0, trouble="bad_credentials"))
            for code in (190, 10, 200)
        ),
        (Weather(code=10, subcode=2018278), Refused(
            reason="answered 400 with code 10", unreachable=True)),
        (Weather(code=551, subcode=1545041), Refused(
            reason="answered 400 with code 551", unreachable=True)),
        (Weather(code=100), Refused(reason="answered 400 with code 100")),
        (Weather(code=2), TryLater(reason="answered 400 with code 2")),
        (Weather(code=1200, is_transient=True), TryLater(reason="answered 400 with code 1200")),
        (Weather(status=500, code=99), TryLater(reason="answered 500")),
        (Weather(status=503, body="<html>"), TryLater(reason="answered 503")),
        (Weather(status=429, body="slow down"), TryLater(
            reason="answered 429", wait=60.0, trouble="throttled")),
        (Weather(status=504, body="<html>", done=True), Uncertain(reason="answered 504")),
        (Weather(status=404, body="<html>"), Refused(reason="answered 404")),
        (Weather(status=0, done=True), Uncertain(reason="no answer: BrokenError")),
    ],
)  # fmt: skip
async def test_each_answer_has_its_outcome(
    hands: Hands, kind: type[MetaChats], weather: Weather, expected: Outcome
) -> None:
    """Throttling and credentials hold up the channel, people who are gone do not."""
    hands.platform.weather.append(weather)

    assert await hands.answer(hands.opened(kind)) == expected


async def test_a_revoked_token_is_told_until_it_is_replaced(hands: Hands) -> None:
    """Code 190 is trouble of the whole channel; the reload with a new token ends it."""
    hands.platform.token = "renewed"
    channel = hands.opened(Messenger)
    revoked = await hands.answer(channel)
    channel.reload(Messenger.Options(access_token=Secret("renewed"), api_url=hands.platform.url))

    assert isinstance(revoked, TryLater)
    assert revoked.trouble == "bad_credentials"
    assert isinstance(await hands.answer(channel), Receipt)


async def test_somebody_who_is_gone_is_reached_another_way(hands: Hands) -> None:
    """551: this person cannot be written to here."""
    hands.platform.unreachable.add(PERSON)
    outcome = await hands.answer(hands.opened(Messenger))

    assert isinstance(outcome, Refused)
    assert outcome.unreachable


async def test_an_echo_settles_a_doubt(hands: Hands) -> None:
    """An answer whose request was never answered is known by its echo, which carries our id."""
    hands.platform.weather.append(Weather(status=0, done=True))
    channel = hands.opened(Messenger)
    outcome = await hands.answer(channel, id="r1")
    news = channel.parse(echo(hands.platform.sent[0]))

    assert isinstance(outcome, Uncertain)
    assert news == DeliveryReport(reply_id="r1", delivered=True, final=True, detail="its echo came")


async def test_without_an_access_token_answers_are_kept(hands: Hands) -> None:
    """The text stays readable in the outbox, and the gateway knows that nothing leaves."""
    channel = hands.opened(Messenger, access_token=None)

    assert "kept" in getattr(await hands.answer(channel), "reference", "")
    assert channel.keeps()
    assert hands.platform.asked == []


async def test_nobody_listening_is_tried_again(hands: Hands, free_port: int) -> None:
    """Without a connection nothing has left."""
    channel = hands.opened(Messenger, api_url=f"http://127.0.0.1:{free_port}")

    assert isinstance(await hands.answer(channel), TryLater)
