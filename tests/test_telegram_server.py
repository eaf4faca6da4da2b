"""The Bot API stand-in behaves as the real server does, asked by the real python-telegram-bot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from sms_gateway import serving
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter
from telegram.ext import Application, MessageHandler, filters
from telegram_people import flood
from telegram_server import SECRET_HEADER, TOKEN, Hook, TelegramServer, telegram
from telegram_site import until


@asynccontextmanager
async def client(server: TelegramServer, token: str = TOKEN) -> AsyncIterator[Bot]:
    """PTB's own bot, opened as its documentation says."""
    async with Bot(
        token, base_url=f"{server.url}/bot", base_file_url=f"{server.url}/file/bot"
    ) as bot:
        yield bot


@pytest.fixture(autouse=True)
def seconds_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """PTB's documented switch; without it each 429 is a deprecation warning."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


async def test_the_bundled_poller_works_end_to_end() -> None:
    """PTB's Application polls, gets every message once and answers."""
    async with telegram() as server:
        app = (
            Application.builder()
            .token(TOKEN)
            .base_url(f"{server.url}/bot")
            .base_file_url(f"{server.url}/file/bot")
            .build()
        )
        app.add_handler(MessageHandler(filters.TEXT, _echo))
        async with app:
            await app.start()
            assert app.updater
            await app.updater.start_polling(poll_interval=0.0, timeout=30)
            await server.say("satu")
            await server.say("dua")
            await server.until_sent(2)
            await app.updater.stop()
            await app.stop()

    assert [message["text"] for message in server.sent] == ["satu", "dua"]
    assert not server.queue


async def test_an_update_is_gone_once_a_later_one_is_asked_for() -> None:
    """And not before; limit and negative offsets count as documented."""
    async with telegram() as server, client(server) as bot:
        for number in range(4):
            await server.say(str(number))
        first = await bot.get_updates(limit=2)
        again = await bot.get_updates(limit=2)
        rest = await bot.get_updates(offset=first[-1].update_id + 1)
        last = await bot.get_updates(offset=-1)

    assert [update.update_id for update in first] == [update.update_id for update in again]
    assert [update.message.text for update in rest if update.message] == ["2", "3"]
    assert [update.message.text for update in last if update.message] == ["3"]
    assert len(server.queue) == 1


async def test_a_poll_waits_for_an_update() -> None:
    """It is answered as soon as there is one."""
    async with telegram() as server, client(server) as bot:
        poll = asyncio.ensure_future(bot.get_updates(timeout=50))
        await server.until("getUpdates")
        await server.say("akhirnya")

        assert [update.message.text for update in await poll if update.message] == ["akhirnya"]


async def test_two_pollers_and_a_webhook_are_conflicts() -> None:
    """The older poll ends; with a webhook there is none at all."""
    async with telegram(second=0.05) as server, client(server) as one, client(server) as two:
        older = asyncio.ensure_future(one.get_updates(timeout=50))
        await server.until("getUpdates")
        newer = asyncio.ensure_future(two.get_updates(timeout=50))
        with pytest.raises(Conflict, match="terminated by other"):
            await older
        newer.cancel()
        server.hook = Hook(url="http://127.0.0.1:1/")
        with pytest.raises(Conflict, match="webhook is active"):
            await one.get_updates()


async def test_refusals_have_the_form_ptb_knows() -> None:
    """401, 403, 429 with its time, and a group that moved."""
    async with telegram() as server, client(server) as bot:
        server.blocked, server.moved = {2}, {-3: -1003}
        server.fail("sendMessage", flood(9))
        with pytest.raises(RetryAfter, match="9"):
            await bot.send_message(1, "x")
        with pytest.raises(Forbidden):
            await bot.send_message(2, "x")
        with pytest.raises(ChatMigrated) as moved:
            await bot.send_message(-3, "x")
        server.token = "7000000001:other"
        with pytest.raises(InvalidToken):
            await bot.send_message(1, "x")

    assert moved.value.new_chat_id == -1003


async def test_messages_can_be_edited_and_files_fetched() -> None:
    """As far as a bot of ours would want to."""
    async with telegram() as server, client(server) as bot:
        server.files = {"A": ("photos/file_1.jpg", b"jpeg")}
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Ya", callback_data="ya")]])
        sent = await bot.send_message(1, "sebelum", reply_markup=keyboard)
        await sent.edit_text("sesudah")
        file = await bot.get_file("A")
        content = await file.download_as_bytearray()

    assert server.sent[0]["text"] == "sesudah"
    assert bytes(content) == b"jpeg"


async def test_webhook_updates_come_one_by_one_per_chat_until_they_are_taken() -> None:
    """With the secret; what fails is repeated, other chats do not wait, Retry-After is heeded."""
    taken: list[tuple[int, str]] = []
    refusing = True

    async def receive(request: web.Request) -> web.Response:
        update = await request.json()
        assert request.headers[SECRET_HEADER] == "rahasia"
        assert request.headers["Content-Type"] == "application/json"
        chat = update["message"]["chat"]["id"]
        if chat == 1 and refusing:
            return web.Response(status=503, headers={"Retry-After": "2"})
        taken.append((chat, update["message"]["text"]))
        return web.Response()

    async with (
        telegram() as server,
        serving([web.post("/hook", receive)]) as url,
        client(server) as bot,
    ):
        await bot.set_webhook(f"{url}/hook", secret_token="rahasia")
        for number in range(2):
            await server.say(f"a{number}", sender=1)
            await server.say(f"b{number}", sender=2)
        await until(lambda: len(taken) == 2, "the other chat waits")
        told = await bot.get_webhook_info()
        refusing = False
        await server.until_confirmed()

    assert taken == [(2, "b0"), (2, "b1"), (1, "a0"), (1, "a1")]
    assert told.pending_update_count == 2
    assert told.last_error_message == "Wrong response from the webhook: 503"


async def _echo(update: object, _: object) -> None:
    message = getattr(update, "message", None)
    assert message
    await message.reply_text(message.text)
