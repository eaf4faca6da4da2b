"""Telegram's webhook: who is let in, what is acknowledged and when, and what happens beside it."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doors import Site, door, reading
from telegram_people import Failure, flood, person
from telegram_server import BOT, SECRET_HEADER, TOKEN, Hook, TelegramServer, telegram
from telegram_site import (
    OLD_SECRET,
    SECRET,
    hooked,
    opened,
    options,
    said,
    until,
)

from channels.contract import Ignored, Secret, Unreadable
from channels.telegram_api import Api
from channels.telegram_hook import Keeper
from channels.telegram_options import TelegramOptions
from channels.telegram_weather import Weather

UPDATE: dict[str, object] = {
    "update_id": 880000001,
    "message": {
        "message_id": 7,
        "date": 1795303000,
        "chat": {"id": 1, "type": "private"},
        "from": person(1),
        "text": "Lampu jalan padam",
    },
}
RAW = json.dumps(UPDATE).encode()
SHOWN = {SECRET_HEADER: SECRET, "Content-Type": "application/json"}


async def posted(site: Site, raw: bytes = RAW, secret: str = SECRET) -> int:
    """The status Telegram hears."""
    status, _ = await site.post("/in/telegram", raw, SHOWN | {SECRET_HEADER: secret})
    return status


# --- who is let in ------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], SECRET + "x", "invented-secret_\xe4"])
@pytest.mark.parametrize("body", [RAW, b"\xff no json"])
async def test_a_wrong_secret_is_refused_before_the_body_is_read(
    tmp_path: Path, secret: str, body: bytes
) -> None:
    """403 whatever was sent, nothing is stored, and nothing tells what was expected."""
    async with door(hooked(None), tmp_path) as site:
        status, document = await site.post("/in/telegram", body, {SECRET_HEADER: secret})

        assert status == 403
        assert json.loads(document) == {"type": "about:blank", "title": "Forbidden", "status": 403}
        assert await site.payloads() == []


async def test_a_missing_secret_is_refused(tmp_path: Path) -> None:
    """Without the header there is no way in."""
    async with door(hooked(None), tmp_path) as site:
        status, _ = await site.post("/in/telegram", RAW)

        assert status == 403
        assert await site.payloads() == []


async def test_both_secrets_open_the_door_during_a_rotation(tmp_path: Path) -> None:
    """The new one and the one it replaces."""
    async with door(hooked(None), tmp_path) as site:
        assert [await posted(site, secret=SECRET), await posted(site, secret=OLD_SECRET)] == [
            200,
            200,
        ]


async def test_without_any_secret_nobody_is_let_in(tmp_path: Path) -> None:
    """A forgotten setting must not be an open door; a network alone may be enough."""
    async with door(hooked(None, secrets=()), tmp_path / "a") as site:
        open_door = await posted(site, secret="")
    async with door(hooked(None, secrets=(), allow=("127.0.0.0/8",)), tmp_path / "b") as site:
        network = await posted(site, secret="")
    async with door(hooked(None, allow=("192.0.2.0/24",)), tmp_path / "c") as site:
        elsewhere = await posted(site)

    assert (open_door, network, elsewhere) == (403, 200, 403)


async def test_a_poller_opens_no_door(tmp_path: Path) -> None:
    """Where updates are polled there is no webhook to post to."""
    async with door(opened(None), tmp_path) as site:
        assert await posted(site) == 404


# --- what is acknowledged -----------------------------------------------------------------------


async def test_an_update_is_kept_as_it_came_and_answered_with_nothing(tmp_path: Path) -> None:
    """The journal ends with Telegram's own bytes; a JSON answer would be taken for a call."""
    raw = RAW.replace(b", ", b",\n ")
    async with door(hooked(None), tmp_path) as site:
        answer = await site.post("/in/telegram", raw, SHOWN)
        (payload,) = await site.payloads()

        assert answer == (200, "")
        assert payload.endswith(b"\r\n\r\n" + raw)
        assert await site.external_ids() == ["b7000000001.c1.m7"]


async def test_what_cannot_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    """A full disk is a 503, and Retry-After tells Telegram when to come again."""
    async with door(hooked(None), tmp_path) as site:
        site.full = True
        async with site.session.post(
            f"{site.url}/in/telegram", data=RAW, headers=SHOWN
        ) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "5")


async def test_telegram_repeats_what_was_not_acknowledged(tmp_path: Path) -> None:
    """While the journal refuses, nothing is lost: each chat goes on where it stopped, in order."""
    async with telegram() as server, door(hooked(server), tmp_path) as site:
        site.full = True
        server.hook = _hook(site)
        for number in range(3):
            await server.say(f"pesan {number}")
        await until(lambda: bool(server.hook and server.hook.last_error_date), "nothing is posted")
        site.full = False
        await server.until_confirmed()
        texts = [said(payload).text for payload in await site.payloads()]

    assert texts == ["pesan 0", "pesan 1", "pesan 2"]


async def test_one_update_ten_times_and_after_a_restart_is_one_message(tmp_path: Path) -> None:
    """Parallel repetitions are all acknowledged, and one of them is stored."""
    async with door(hooked(None), tmp_path) as site:
        first = await asyncio.gather(*[posted(site) for _ in range(10)])
    async with door(hooked(None), tmp_path) as site:
        again = await posted(site)

        assert [*first, again] == [200] * 11
        assert len(await site.payloads()) == 1


async def test_numbers_that_start_again_are_other_updates(tmp_path: Path) -> None:
    """After a week of silence update ids restart anywhere: no smaller one is taken for old."""
    async with telegram() as server, door(hooked(server), tmp_path) as site:
        server.hook = _hook(site)
        await server.say("sebelum")
        server.restart_numbers(17)
        await server.say("sesudah")
        await server.until_confirmed()

        assert [said(payload).text for payload in await site.payloads()] == ["sebelum", "sesudah"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"{}", b'{"update_id":"x"}',
     b'{"update_id":9,"message":{"text":"tanpa ruang"}}', b'{"update_id":9,"hologram":{}}'],
)  # fmt: skip
async def test_what_cannot_be_read_is_acknowledged_and_kept_for_a_person(
    tmp_path: Path, raw: bytes
) -> None:
    """Refusing it would hold up that chat for a day."""
    async with door(hooked(None), tmp_path) as site:
        status = await posted(site, raw)
        (payload,) = await site.payloads()

        assert status == 200
        assert isinstance(opened(None).parse(payload), Unreadable)


async def test_a_body_larger_than_any_update_is_refused(tmp_path: Path) -> None:
    """413 above a mebibyte."""
    async with door(hooked(None), tmp_path) as site:
        large = io.BytesIO(b" " * 1_100_000)
        async with site.session.post(
            f"{site.url}/in/telegram", data=large, headers=SHOWN
        ) as response:
            assert response.status == 413
        assert await site.payloads() == []


async def test_order_within_a_chat_is_kept(tmp_path: Path) -> None:
    """Telegram waits for our 2xx before it sends the next update of that chat."""
    async with telegram() as server, door(hooked(server), tmp_path) as site:
        server.hook = _hook(site)
        for number in range(8):
            await server.say(f"a{number}", sender=1)
            await server.say(f"b{number}", sender=2)
        await server.until_confirmed()
        texts = [said(payload).text for payload in await site.payloads()]

    assert [text for text in texts if text[0] == "a"] == [f"a{number}" for number in range(8)]
    assert [text for text in texts if text[0] == "b"] == [f"b{number}" for number in range(8)]


# --- what Telegram is told ----------------------------------------------------------------------


async def test_the_webhook_is_set_with_secret_and_kinds_of_updates(tmp_path: Path) -> None:
    """Telegram learns address, the newer secret and what we want; the menu is Indonesian."""
    async with telegram() as server, door(hooked(server), tmp_path) as site:
        channel = hooked(server, public_url="http://127.0.0.1:1/")
        async with reading(channel, site.inbox):
            (told,) = await server.until("setWebhook")
            (menu,) = await server.until("setMyCommands")
            await server.until("getWebhookInfo")
        await channel.close()

    assert told["url"] == "http://127.0.0.1:1/in/telegram"
    assert told["secret_token"] == SECRET
    assert set(json.loads(told["allowed_updates"])) == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }
    assert {"command": "bantuan", "description": "Bantuan"} in json.loads(menu["commands"])


async def test_a_new_secret_is_told_to_telegram(tmp_path: Path) -> None:
    """After a reload Telegram shows the new one; the old one stays valid as long as it stands."""
    async with telegram() as server:
        channel = hooked(server, public_url="http://127.0.0.1:1")
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.until("getWebhookInfo")
            fresh = (Secret("invented-secret_2"), Secret(SECRET))
            channel.reload(
                options(server, mode="webhook", secrets=fresh, public_url="http://127.0.0.1:1")
            )
            told = await server.until("setWebhook", 2)
            statuses = [
                await posted(site, secret=secret)
                for secret in ("invented-secret_2", SECRET, OLD_SECRET)
            ]

    assert told[1]["secret_token"] == "invented-secret_2"
    assert statuses == [200, 200, 403]


async def test_a_webhook_somebody_moved_is_set_again(tmp_path: Path) -> None:
    """Another program with our token is a conflict an operator hears of."""
    async with telegram() as server, door(hooked(server), tmp_path) as site:
        async with _kept(server, site) as mended:
            await server.until("getWebhookInfo")
            assert server.hook
            server.hook.url = "http://127.0.0.1:2/elsewhere"
            await until(lambda: bool(site.troubles), "no trouble is told")
            mended.set()  # what waits for better times looks again
            await until(lambda: len(site.troubles) > 1, "the trouble stays")
        url = server.hook.url

        assert [kind for kind, _ in site.troubles] == ["conflict", None]
        assert url == "http://127.0.0.1:1/in/telegram"


async def test_a_webhook_telegram_does_not_reach_is_told(tmp_path: Path) -> None:
    """Updates pile up over there and deliveries fail: the operator sees it here."""
    async with telegram() as server, door(hooked(server), tmp_path) as site:
        async with _kept(server, site):
            await server.until("getWebhookInfo")
            await server.say("tidak sampai")
            await until(lambda: bool(site.troubles), "no trouble is told")

        assert site.troubles[0] == ("away", "Telegram does not reach the webhook")


async def test_without_a_public_address_telegram_is_told_nothing(tmp_path: Path) -> None:
    """The operator has set the webhook; it is left as it is, and looked at."""
    async with telegram() as server:
        channel = hooked(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.until("getWebhookInfo")

    assert server.asked("setWebhook") == []


# --- what a citizen sees at once ----------------------------------------------------------------


async def test_typing_is_shown_and_holds_nothing_up(tmp_path: Path) -> None:
    """The acknowledgement does not wait for sendChatAction, which may never be answered."""
    async with telegram() as server:
        server.fail("sendChatAction", *[Failure(status=1, hangs=True)] * 10)
        channel = hooked(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            async with asyncio.timeout(20):
                for number in range(6):
                    assert await posted(site, RAW.replace(b": 7", b": %d" % (number + 10))) == 200
            shown = await server.until("sendChatAction")

    assert shown[0] == {"chat_id": "1", "action": "typing"}


async def test_typing_can_be_switched_off(tmp_path: Path) -> None:
    """With typing = false nobody sees anything before the answer."""
    async with telegram() as server:
        channel = hooked(server, typing=False)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await posted(site)
            await posted(site, _pressed("STATUS", 5))
            await server.until("answerCallbackQuery")

    assert server.asked("sendChatAction") == []


async def test_groups_and_repetitions_see_no_typing(tmp_path: Path) -> None:
    """Only the person who wrote something new."""
    group = RAW.replace(b'"id": 1, "type": "private"', b'"id": -5, "type": "group"')
    async with telegram() as server:
        channel = hooked(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            for raw in (RAW, RAW, group, _pressed("STATUS", 5)):
                await posted(site, raw)
            await server.until("answerCallbackQuery")

    shown = [told["chat_id"] for told in server.asked("sendChatAction")]
    assert set(shown) <= {"1"}
    assert len(shown) <= 2  # the message, and the pressed button


async def test_a_pressed_button_comes_up_again_and_says_its_words(tmp_path: Path) -> None:
    """The callback is answered after it is stored, once, and reads as if it had been typed."""
    async with telegram() as server:
        channel = hooked(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            for _ in range(3):
                await posted(site, _pressed("ANONIM 7K3M9QW2X", 5))
            await posted(site, _pressed("RAHASIA 7K3M9QW2X", 6))
            answered = await server.until("answerCallbackQuery", 2)
            (first, second) = await site.payloads()
            ids = await site.external_ids()

    assert sorted(told["callback_query_id"] for told in answered) == ["50005", "50006"]
    assert said(first).text == "ANONIM 7K3M9QW2X"
    assert (said(second).sender, said(second).return_address) == ("1", '{"to":"1"}')
    assert ids == ["b7000000001.u5.q50005", "b7000000001.u6.q50006"]


@pytest.mark.parametrize("asked", ["button", "command"])
async def test_who_asks_for_it_gets_the_key_that_sends_the_location(
    tmp_path: Path, asked: str
) -> None:
    """A message has room for buttons or for keys, so the key comes when it is asked for."""
    raw = _pressed("/lokasi", 5)
    if asked == "command":
        raw = RAW.replace(b"Lampu jalan padam", b"/lokasi")
    async with telegram() as server:
        channel = hooked(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await posted(site, raw)
            (message,) = await server.until_sent()
            (payload,) = await site.payloads()

    keyboard = json.loads(message["asked"]["reply_markup"])
    assert keyboard["keyboard"] == [[{"text": "Kirim lokasi saya", "request_location": True}]]
    assert opened(None).parse(payload) == Ignored(reason="asks for the location button")


async def test_failing_courtesies_are_nobodys_trouble(tmp_path: Path) -> None:
    """A button pressed too long ago, a chat that is gone, a flood: the next one works again."""
    too_old = Failure(status=400, description="Bad Request: query is too old")
    async with telegram() as server:
        server.fail("answerCallbackQuery", too_old, flood(3))
        server.fail("sendChatAction", Failure(status=403), Failure(status=0))
        channel = hooked(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            for number in range(5, 8):
                await posted(site, _pressed("STATUS", number))
            await server.until("answerCallbackQuery", 3)
            await server.until("sendChatAction", 3)

    assert site.troubles == []


# --- set-up -------------------------------------------------------------------------------------


async def test_send_plays_a_citizen_through_the_webhook(tmp_path: Path) -> None:
    """The message is signed as Telegram would, and stored under the id that is told."""
    channel = hooked(None)
    async with door(channel, tmp_path) as site:
        played = await channel.simulate("Got mampet", sender="7100000001", files=(), at=site.url)
        (payload,) = await site.payloads()

        assert (played.answer, played.accepted) == ("200 OK", True)
        assert await site.external_ids() == [played.external_id]
        assert (said(payload).text, said(payload).sender) == ("Got mampet", "7100000001")


async def test_send_cannot_play_what_only_telegram_can_bring() -> None:
    """Where we poll there is no door to post to."""
    played = await opened(None).simulate("x", sender="1", files=(), at="http://127.0.0.1:9")

    assert (played.accepted, played.answer) == (
        False,
        "not sent: with mode = polling only Telegram can send",
    )


def _pressed(data: str, number: int) -> bytes:
    callback = {
        "id": f"5000{number}",
        "from": person(1),
        "message": {"message_id": 9, "date": 0, "chat": {"id": 1, "type": "private"}, "from": BOT},
        "data": data,
    }
    return json.dumps({"update_id": number, "callback_query": callback}).encode()


def _hook(site: Site) -> Hook:
    return Hook(url=f"{site.url}/in/telegram", secret=SECRET)


@contextlib.asynccontextmanager
async def _kept(server: TelegramServer, site: Site) -> AsyncIterator[asyncio.Event]:
    """The webhook is looked after, every twentieth of a second."""
    changed = asyncio.Event()
    keeper = Keeper(
        api=Api(TOKEN, server.url, 1.0),
        weather=Weather(site.inbox, changed),
        hello=_known,
        options=_same(server),
        look_seconds=0.05,
    )
    task = asyncio.create_task(keeper.run())
    yield changed
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await keeper.api.close()


async def _known() -> None:
    """We know who we are."""


def _same(server: TelegramServer) -> TelegramOptions:
    """The settings of the channel that tells Telegram its address."""
    secrets = (Secret(SECRET), Secret(OLD_SECRET))
    return options(server, mode="webhook", secrets=secrets, public_url="http://127.0.0.1:1")
