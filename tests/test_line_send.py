"""Answers by LINE: the reply token while it is young, then a push, and the truth about both."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from line_server import MONTH, PERSON, LinePlatform, Weather, webhook

from channels.contract import (
    Button,
    InboundMessage,
    Outcome,
    Receipt,
    Refused,
    Reply,
    Secret,
    TryLater,
    Uncertain,
)
from channels.line import Line
from channels.line_options import LineOptions
from channels.windows import pack_address


class Hands:
    """A channel that answers at LINE, by a clock the test moves."""

    def __init__(self, platform: LinePlatform) -> None:
        self.platform = platform
        self.late = timedelta(0)
        self.channel = self.opened()

    def opened(self, **options: Any) -> Line:  # noqa: ANN401 (one test, one option)
        """The channel at this LINE."""
        return Line(LineOptions(**(self.platform.account | options)), bytes(32))

    def address(self, **more: object) -> str:
        """The return address of a new message."""
        said = self.channel.parse(webhook(self.platform.text("Jalan rusak", **more)))
        assert isinstance(said, InboundMessage)
        return said.return_address or ""

    async def answer(self, to: str = "", **reply: Any) -> Outcome:  # noqa: ANN401 (a Reply's fields)
        """One answer, some time after the message."""
        now = datetime.now(UTC) + self.late
        words = {"id": str(uuid.uuid4()), "text": "Laporan Anda sudah kami terima."} | reply
        return await self.channel.reply(Reply(to=to or self.address(), now=now, **words))

    @property
    def verbs(self) -> list[str]:
        """By which ways people were reached."""
        return [sent.verb for sent in self.platform.sent]


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    """LINE and a channel that answers there."""
    async with LinePlatform().serving() as platform:
        hands = Hands(platform)
        yield hands
        await hands.channel.close()


# --- 8: token, then push ------------------------------------------------------------------------


async def test_a_young_token_is_used(hands: Hands) -> None:
    """An answer within seconds goes by reply token, which is not counted."""
    outcome = await hands.answer()

    assert isinstance(outcome, Receipt)
    assert outcome.reference
    assert hands.verbs == ["reply"]
    assert hands.platform.sent[0].to == PERSON


async def test_an_old_token_is_not_tried(hands: Hands) -> None:
    """From 50 seconds on the answer is pushed at once, under a retry key."""
    hands.late = timedelta(seconds=50)
    outcome = await hands.answer()

    assert isinstance(outcome, Receipt)
    assert hands.platform.asked == [("push", 200)]
    assert uuid.UUID(hands.platform.sent[0].retry_key)


async def test_a_token_that_was_used_before_falls_back_to_a_push(hands: Hands) -> None:
    """The second answer to one message, within the minute, finds the token used up."""
    address = hands.address()
    outcomes = [await hands.answer(address) for _ in range(2)]

    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert hands.platform.asked == [("reply", 200), ("reply", 400), ("push", 200)]


async def test_a_push_that_was_accepted_before_is_a_success(hands: Hands) -> None:
    """The retry key comes from the reply's id: 409 means that it arrived, and it arrived once."""
    hands.late = timedelta(hours=2)
    address = hands.address()
    first, second = [await hands.answer(address, id="r1") for _ in range(2)]

    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert second.reference
    assert [status for _, status in hands.platform.asked] == [200, 409]
    assert len(hands.platform.sent) == 1


async def test_other_answers_have_other_keys(hands: Hands) -> None:
    """Two answers to one person are two pushes."""
    hands.late = timedelta(hours=2)
    address = hands.address()
    for number in (1, 2):
        await hands.answer(address, id=f"r{number}")

    assert len({sent.retry_key for sent in hands.platform.sent}) == 2


async def test_a_push_without_an_answer_is_tried_again_safely(hands: Hands) -> None:
    """LINE took it and the connection broke: trying again under the key does no harm."""
    hands.late = timedelta(hours=2)
    hands.platform.weather.append(Weather(done=True))
    address = hands.address()
    first, second = [await hands.answer(address, id="r1") for _ in range(2)]

    assert isinstance(first, TryLater)
    assert isinstance(second, Receipt)
    assert len(hands.platform.sent) == 1


@pytest.mark.parametrize("status", [0, 500])
async def test_a_token_without_an_answer_tells_by_itself_whether_it_worked(
    hands: Hands, status: int
) -> None:
    """LINE took it and failed to say so: asked again, the token is used up, so it arrived."""
    hands.platform.weather.append(Weather(status=status, done=True))
    outcome = await hands.answer()

    assert isinstance(outcome, Receipt)
    assert hands.platform.asked == [("reply", status), ("reply", 400)]
    assert len(hands.platform.sent) == 1


@pytest.mark.parametrize("status", [0, 500])
async def test_a_token_that_did_nothing_is_used_again(hands: Hands, status: int) -> None:
    """LINE did nothing and failed: asked again, it answers the citizen."""
    hands.platform.weather.append(Weather(status=status))
    outcome = await hands.answer()

    assert isinstance(outcome, Receipt)
    assert len(hands.platform.sent) == 1


async def test_a_token_that_would_grow_too_old_is_not_asked_again(hands: Hands) -> None:
    """Then nobody knows whether it was used or just too old: the answer stays in doubt."""
    hands.late = timedelta(seconds=45)
    hands.platform.weather.append(Weather(done=True))

    assert isinstance(await hands.answer(), Uncertain)
    assert len(hands.platform.sent) == 1


async def test_twice_no_answer_is_a_doubt(hands: Hands) -> None:
    """A token's request that is lost twice is not sent a third way by itself."""
    hands.platform.weather.extend([Weather(done=True), Weather()])

    assert isinstance(await hands.answer(), Uncertain)
    assert len(hands.platform.sent) == 1


async def test_without_anybody_to_push_to_an_old_token_is_the_end(hands: Hands) -> None:
    """A message without a source can be answered by its token alone."""
    address = hands.address(source={})
    hands.late = timedelta(minutes=2)
    outcome = await hands.answer(address)

    assert isinstance(outcome, Refused)
    assert outcome.unreachable


async def test_without_a_clock_the_token_is_left_alone(hands: Hands) -> None:
    """An answer nobody gave a time to is pushed."""
    outcome = await hands.channel.reply(Reply(id="r1", to=hands.address(), text="x"))

    assert isinstance(outcome, Receipt)
    assert hands.verbs == ["push"]


# --- 8: the month's limit -----------------------------------------------------------------------


class Alarms:
    """An inbox, of which only the alarm bell is used."""

    def __init__(self) -> None:
        self.rung: list[str | None] = []

    def trouble(self, kind: str | None, detail: str = "") -> None:
        """Note what is said of the channel."""
        del detail
        self.rung.append(kind)


async def test_a_month_that_is_used_up_refuses_with_an_alarm(hands: Hands) -> None:
    """A push is refused, so that another way is tried; tokens go on; a new month ends the alarm."""
    alarms = Alarms()
    hands.channel.routes(alarms)  # type: ignore[arg-type]  # of the inbox only the bell rings here
    hands.platform.pushes_left = 0
    pushed = await hands.answer(pack_address(PERSON))
    replied = await hands.answer()
    hands.platform.pushes_left = None
    later = await hands.answer(pack_address(PERSON))

    assert isinstance(pushed, Refused)
    assert pushed.unreachable
    assert isinstance(replied, Receipt)
    assert isinstance(later, Receipt)
    assert alarms.rung == ["no_credit", None]


# --- what else LINE may say ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weather", "expected"),
    [
        (Weather(status=429, message="The API rate limit has been exceeded. Try again later."),
         TryLater(reason="answered 429", wait=60.0, trouble="throttled")),
        (Weather(status=429, message="Slow down", headers={"Retry-After": "7"}),
         TryLater(reason="answered 429", wait=7.0, trouble="throttled")),
        (Weather(status=401, message="Authentication failed"),
         TryLater(reason="answered 401", wait=60.0, trouble="bad_credentials")),
        (Weather(status=403, message="Access to this API is not available for your account"),
         TryLater(reason="answered 403", wait=60.0, trouble="bad_credentials")),
        (Weather(status=500), TryLater(reason="answered 500")),
        (Weather(status=400, message="The request body has 1 error(s)"),
         Refused(reason="answered 400")),
        (Weather(status=429, message=MONTH),
         Refused(reason="the month's push messages are used up", unreachable=True)),
    ],
)  # fmt: skip
async def test_each_answer_has_its_outcome(
    hands: Hands, weather: Weather, expected: Outcome
) -> None:
    """Rates and credentials hold up the channel, failures pass, a bad request is for a person."""
    hands.platform.weather.append(weather)

    assert await hands.answer(pack_address(PERSON)) == expected


async def test_a_revoked_token_is_told_and_used_again_once_it_is_replaced(hands: Hands) -> None:
    """401 is trouble of the whole channel; the reload that brings a new token ends it."""
    hands.platform.token = "renewed"
    address = hands.address()
    revoked = await hands.answer(address)
    hands.channel.reload(LineOptions(access_token=Secret("renewed"), api_url=hands.platform.url))

    assert isinstance(revoked, TryLater)
    assert revoked.trouble == "bad_credentials"
    assert isinstance(await hands.answer(address), Receipt)


async def test_somebody_who_is_not_there_is_unreachable(hands: Hands) -> None:
    """LINE fails to send to who never existed: another way may be tried."""
    outcome = await hands.answer(pack_address("U0000000000000000000000000000dead"))

    assert outcome == Refused(reason="LINE failed to send", unreachable=True)


async def test_who_blocked_us_gets_nothing_and_line_does_not_say_so(hands: Hands) -> None:
    """A push to somebody who blocked the account is answered like any other."""
    hands.platform.blocked.add(PERSON)

    assert isinstance(await hands.answer(pack_address(PERSON)), Receipt)
    assert hands.platform.sent == []


async def test_nobody_listening_is_tried_again(hands: Hands, free_port: int) -> None:
    """Without a connection nothing has left."""
    hands.channel = hands.opened(api_url=f"http://127.0.0.1:{free_port}")

    assert isinstance(await hands.answer(), TryLater)
    await hands.channel.close()


async def test_without_an_access_token_answers_are_kept(hands: Hands) -> None:
    """The text stays readable in the outbox, and the gateway knows that nothing leaves."""
    hands.channel = hands.opened(access_token=None)

    assert "kept" in getattr(await hands.answer(), "reference", "")
    assert hands.channel.keeps()
    assert hands.platform.asked == []


# --- what is sent -------------------------------------------------------------------------------


async def test_buttons_become_quick_replies(hands: Hands) -> None:
    """A button says its words when pressed; one without words asks for the location."""
    buttons = (
        Button(label="Anonim", says="ANONIM 7K3M9QW2X"),
        Button(label="Kirim lokasi kejadian sekarang"),
    )
    await hands.answer(buttons=buttons)
    (message,) = hands.platform.sent[0].messages

    assert [item["action"] for item in message["quickReply"]["items"]] == [
        {"type": "message", "label": "Anonim", "text": "ANONIM 7K3M9QW2X"},
        {"type": "location", "label": "Kirim lokasi kejadia"},
    ]


async def test_a_long_answer_comes_in_several_messages(hands: Hands) -> None:
    """Up to five messages of 5000 UTF-16 units, cut between words; buttons below the last."""
    words = "jalan 😢 " * 2000
    await hands.answer(text=words, buttons=(Button(label="Ya", says="YA"),))
    messages = hands.platform.sent[0].messages

    assert " ".join(message["text"] for message in messages) == words.strip()
    assert len(messages) == 4
    assert ["quickReply" in message for message in messages] == [False, False, False, True]


async def test_what_is_too_long_for_all_is_cut(hands: Hands) -> None:
    """Nothing LINE would refuse is sent, and the end shows that there was more."""
    await hands.answer(text="kata " * 9000)
    messages = hands.platform.sent[0].messages

    assert len(messages) == 5
    assert messages[-1]["text"].endswith("…")


async def test_a_group_is_answered_in_the_group(hands: Hands) -> None:
    """The answer goes where the question was asked, by token and by push."""
    hands.channel = hands.opened(groups="all")
    address = hands.address(source={"type": "group", "groupId": "C1", "userId": PERSON})
    for _ in range(2):
        await hands.answer(address)
    await hands.channel.close()

    assert [(sent.verb, sent.to) for sent in hands.platform.sent] == [
        ("reply", "C1"),
        ("push", "C1"),
    ]
