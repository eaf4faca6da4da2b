"""Answers by WhatsApp, and the news that come of them: windows, templates, numbers."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from meta_server import NUMBER, PHONE, USER, MetaPlatform, Weather
from meta_webhooks import status, whatsapp, words

from channels.contract import (
    Button,
    DeliveryReport,
    InboundMessage,
    Outcome,
    Receipt,
    Refused,
    Reply,
    TryLater,
    Uncertain,
)
from channels.meta_graph import shown
from channels.meta_options import WhatsappOptions
from channels.whatsapp import Whatsapp

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Hands:
    """A channel that answers at this Meta, by a clock that stands still."""

    def __init__(self, platform: MetaPlatform) -> None:
        self.platform = platform
        self.channel = self.opened()

    def opened(self, **options: Any) -> Whatsapp:  # noqa: ANN401 (one test, one option)
        """The channel with these options."""
        settings = self.platform.account | {"pair_seconds": 0.0} | options
        self.channel = Whatsapp(WhatsappOptions(**settings), bytes(32))
        return self.channel

    def message(self, *, contact: dict[str, Any] | None = None, **more: object) -> InboundMessage:
        """What a person said."""
        value = {"contacts": [contact]} if contact else {}
        said = self.channel.parse(whatsapp(words("Jalan rusak", **more), **value))
        assert isinstance(said, InboundMessage)
        return said

    async def answer(self, to: str = "", *, hours: float | None = 0.0, **reply: Any) -> Outcome:  # noqa: ANN401 (a Reply's fields)
        """One answer, so many hours after the person last wrote; None: nobody knows."""
        fields: dict[str, Any] = {"id": str(uuid.uuid4()), "text": "Laporan Anda kami terima."}
        heard_at = None if hours is None else NOW - timedelta(hours=hours)
        if hours:
            self.platform.heard[PHONE] = self.platform.clock() - hours * 3600
        address = to or self.message().return_address or ""
        return await self.channel.reply(
            Reply(to=address, heard_at=heard_at, now=NOW, **(fields | reply))
        )

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What people got."""
        return [sent.body for sent in self.platform.sent]


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    """Meta and a channel that answers there."""
    async with MetaPlatform().serving() as platform:
        hands = Hands(platform)
        yield hands
        await hands.channel.close()


# --- 9: the window ------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0.0, 23.9, None])
async def test_within_a_day_a_text_goes_out(hands: Hands, hours: float | None) -> None:
    """From the number that was written to, to the person's number, with our id in it."""
    outcome = await hands.answer(hours=hours, id="r1")

    assert outcome == Receipt(reference=shown(hands.platform.sent[0].id))
    assert hands.platform.sent[0].sender == NUMBER
    assert hands.bodies == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": PHONE,
            "type": "text",
            "text": {"body": "Laporan Anda kami terima.", "preview_url": False},
            "biz_opaque_callback_data": "r1",
        }
    ]


@pytest.mark.parametrize("hours", [24.0, 25.0, 400 * 24.0])
async def test_after_a_day_nothing_is_even_tried(hands: Hands, hours: float) -> None:
    """Without a template the refusal is made here, says why, and another way may be tried."""
    outcome = await hands.answer(hours=hours)

    assert outcome == Refused(
        reason="window closed: the person wrote too long ago", unreachable=True
    )
    assert hands.platform.asked == []


async def test_after_a_day_an_approved_template_carries_the_answer(hands: Hands) -> None:
    """Its one parameter is the text on one line, for a parameter holds no line break."""
    hands.opened(template="balasan_laporan", template_language="id")
    outcome = await hands.answer(
        hours=30.0, text="Lampu sudah\ndiganti.", buttons=(Button(label="Ya", says="YA"),)
    )

    assert isinstance(outcome, Receipt)
    assert hands.bodies[0]["template"] == {
        "name": "balasan_laporan",
        "language": {"code": "id"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Lampu sudah diganti."}]}
        ],
    }


async def test_meta_may_see_the_window_otherwise(hands: Hands) -> None:
    """131047: where Meta says the window is closed it is, and another way is due."""
    hands.platform.heard[PHONE] = 0.0
    outcome = await hands.answer(hours=None)

    assert outcome == Refused(reason="answered 400 with code 131047", unreachable=True)


# --- 12: people without a telephone number ------------------------------------------------------


@pytest.mark.parametrize("is_named_in_message", [True, False])
async def test_who_shows_no_number_is_answered_all_the_same(
    hands: Hands, *, is_named_in_message: bool
) -> None:
    """Known and answered by the business-scoped id alone."""
    contact = {"profile": {"name": "Ann", "username": "ann.x"}, "user_id": USER}
    more = {"from": None} | ({"from_user_id": USER} if is_named_in_message else {})
    said = hands.message(contact=contact, **more)
    outcome = await hands.answer(said.return_address or "")

    assert (said.sender, said.name, said.contact) == (USER, "Ann", "")
    assert isinstance(outcome, Receipt)
    assert (hands.bodies[0]["recipient"], "to" in hands.bodies[0]) == (USER, False)


async def test_a_person_is_the_same_with_and_without_number(hands: Hands) -> None:
    """The business-scoped id comes first, so that a hidden number makes nobody a stranger."""
    shown = hands.message()
    hidden = hands.message(contact={"user_id": USER}, **{"from": None})

    assert shown.sender == hidden.sender == USER
    assert shown.contact == f"+{PHONE}"


async def test_without_a_business_scoped_id_the_number_is_the_sender(hands: Hands) -> None:
    """Old webhooks know the number only; a message with neither stands alone, unanswered."""
    old = hands.message(contact={"wa_id": PHONE})
    nobody = hands.message(contact={"profile": {"name": "?"}}, **{"from": None})

    assert old.sender == f"+{PHONE}"
    assert (nobody.sender, nobody.return_address) == ("", None)


# --- statuses: 4, 7 -----------------------------------------------------------------------------


async def test_statuses_bring_our_id_back(hands: Hands) -> None:
    """Each state has a key of its own; `read` counts as delivered, `sent` decides nothing."""
    await hands.answer(id="r1")
    states = ("sent", "delivered", "read")
    read = [
        hands.channel.parse(whatsapp(statuses=[status(hands.platform.sent[0], state)]))
        for state in states
    ]

    assert read == [
        DeliveryReport(reply_id="r1", delivered=False, final=False, detail="sent"),
        DeliveryReport(reply_id="r1", delivered=True, final=True, detail="delivered"),
        DeliveryReport(reply_id="r1", delivered=True, final=True, detail="read"),
    ]


async def test_a_failure_comes_as_a_status_with_its_code(hands: Hands) -> None:
    """200 was acceptance only; what failed later is told for a person to see."""
    await hands.answer(id="r1")
    failed = whatsapp(statuses=[status(hands.platform.sent[0], "failed", 131026, 131047)])

    assert hands.channel.parse(failed) == DeliveryReport(
        reply_id="r1", delivered=False, final=True, detail="failed 131026 131047"
    )


async def test_a_request_without_an_answer_is_settled_by_its_status(hands: Hands) -> None:
    """There is no idempotency key: the answer is in doubt until WhatsApp names our id."""
    hands.platform.weather.append(Weather(status=0, done=True))
    outcome = await hands.answer(id="r1")
    news = hands.channel.parse(whatsapp(statuses=[status(hands.platform.sent[0], "delivered")]))

    assert isinstance(outcome, Uncertain)
    assert isinstance(news, DeliveryReport)
    assert (news.reply_id, news.delivered) == ("r1", True)


# --- pacing -------------------------------------------------------------------------------------


async def test_one_person_gets_one_message_at_a_time(hands: Hands) -> None:
    """The pair limit is kept by waiting, and other people do not wait."""
    hands.platform.pair_seconds = 0.3
    hands.opened(pair_seconds=0.35)
    other = hands.message(contact={"wa_id": "6281200000002"}, **{"from": "6281200000002"})
    mine = hands.message().return_address or ""
    loop = asyncio.get_running_loop()
    began = loop.time()
    outcomes = [await hands.answer(to) for to in (mine, other.return_address or "")]
    quick = loop.time() - began
    outcomes.append(await hands.answer(mine))

    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert quick < 0.3 <= loop.time() - began
    assert hands.platform.asked == [(200, 0)] * 3


async def test_the_pair_limit_holds_up_nobody_else(hands: Hands) -> None:
    """131056 is about one person: no wait for the channel is told, and no trouble."""
    hands.platform.weather.append(Weather(code=131056))

    assert await hands.answer() == TryLater(reason="answered 400 with code 131056")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (130429, TryLater(reason="answered 400 with code 130429", wait=60.0, trouble="throttled")),
        (80007, TryLater(reason="answered 400 with code 80007", wait=60.0, trouble="throttled")),
        (190, TryLater(
            reason="answered 400 with code 190", wait=60.0, trouble="bad_credentials")),
        (131042, TryLater(reason="answered 400 with code 131042", wait=900.0, trouble="no_credit")),
        (131026, Refused(reason="answered 400 with code 131026", unreachable=True)),
        (131062, Refused(reason="answered 400 with code 131062", unreachable=True)),
        (131016, TryLater(reason="answered 400 with code 131016")),
        (132001, Refused(reason="answered 400 with code 132001")),
    ],
)  # fmt: skip
async def test_each_code_has_its_outcome(hands: Hands, code: int, expected: Outcome) -> None:
    """Rates, tokens and unpaid bills hold up the channel; people who are gone do not."""
    hands.platform.weather.append(Weather(code=code))

    assert await hands.answer() == expected


# --- what is sent -------------------------------------------------------------------------------


async def test_up_to_three_buttons_are_buttons(hands: Hands) -> None:
    """A pressed button comes back as its words."""
    await hands.answer(buttons=(Button(label="Anonim", says="ANONIM 7K3M9QW2X"), Button(label="?")))
    sent = hands.bodies[0]["interactive"]
    (choice,) = [button["reply"] for button in sent["action"]["buttons"]]
    pressed = {"type": "button_reply", "button_reply": choice}
    said = hands.message(type="interactive", interactive=pressed)

    assert (sent["type"], choice) == ("button", {"id": "ANONIM 7K3M9QW2X", "title": "Anonim"})
    assert said.text == "ANONIM 7K3M9QW2X"


async def test_more_choices_are_a_list(hands: Hands) -> None:
    """Up to ten rows, of which one can be chosen."""
    await hands.answer(buttons=tuple(Button(label=f"Desa {n}", says=str(n)) for n in range(1, 13)))
    sent = hands.bodies[0]["interactive"]
    (section,) = sent["action"]["sections"]
    chosen = {"type": "list_reply", "list_reply": section["rows"][2]}
    said = hands.message(type="interactive", interactive=chosen)

    assert (sent["type"], len(section["rows"])) == ("list", 10)
    assert said.text == "3"


async def test_the_location_is_asked_for_by_a_button_of_its_own(hands: Hands) -> None:
    """A button without words asks for the place, which comes back as a point."""
    await hands.answer(buttons=(Button(label="Kirim lokasi"),))
    place = {"latitude": -6.9147, "longitude": 107.6098}
    said = hands.message(type="location", location=place)

    assert hands.bodies[0]["interactive"]["type"] == "location_request_message"
    assert said.point is not None
    assert (said.point.lat, said.point.lon) == (-6.9147, 107.6098)


async def test_a_text_too_long_for_buttons_goes_without_them(hands: Hands) -> None:
    """The words matter more; what exceeds 4096 characters is cut and shows it."""
    await hands.answer(text="kata " * 2000, buttons=(Button(label="Ya", says="YA"),))
    (body,) = hands.bodies

    assert body["type"] == "text"
    assert 4000 < len(body["text"]["body"]) <= 4096
    assert body["text"]["body"].endswith("…")


async def test_without_an_access_token_answers_are_kept(hands: Hands) -> None:
    """The text stays readable in the outbox, and the gateway knows that nothing leaves."""
    hands.opened(access_token=None)

    assert "kept" in getattr(await hands.answer(), "reference", "")
    assert hands.channel.keeps()
    assert hands.platform.asked == []


# --- what is read -------------------------------------------------------------------------------


def test_an_absurd_time_is_no_time(hands: Hands) -> None:
    """A timestamp of no century, or no number, leaves the message without one."""
    said = [hands.message(timestamp=told) for told in ("99999999999999", "kemarin", 1795300000)]

    assert [one.sent_at is None for one in said] == [True, True, False]


def test_news_about_people_change_nothing(hands: Hands) -> None:
    """A new number or id of a person, and whatever else is announced, becomes no report."""
    value = json.loads(whatsapp())["entry"][0]["changes"][0]["value"]
    change = {"field": "user_id_update", "value": value | {"user_id_update": [{}]}}
    webhook = {"object": "whatsapp_business_account", "entry": [{"id": "W", "changes": [change]}]}
    system = whatsapp(words("x", type="system", system={"type": "user_changed_number"}))

    read = [hands.channel.parse(json.dumps(webhook).encode()), hands.channel.parse(system)]

    assert [type(one).__name__ for one in read] == ["Ignored", "Ignored"]
