"""Long polling: what is confirmed and when, what cannot be read, and whom nobody can reach."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from doors import LeanInbox, Site, door, reading
from telegram_people import Failure, flood
from telegram_server import TOKEN, Hook, TelegramServer, telegram
from telegram_site import opened, options, said, until

from channels.contract import Accepted, Cursor, Delivery, Secret, Unreadable
from channels.telegram import Telegram
from channels.telegram_poll import taken_apart

MESSAGE = b'"message":{"message_id":%s,"date":1,"chat":{"id":3,"type":"private"},"text":"%s"}'


async def texts(site: Site) -> list[str]:
    """What was said, in the order it came."""
    return [said(payload).text for payload in await site.payloads()]


async def test_updates_are_stored_and_then_confirmed(tmp_path: Path) -> None:
    """The offset is asked for only after the commit, and the cursor moves in that commit."""
    async with telegram() as server, door(opened(server), tmp_path) as site:
        channel = opened(server)
        async with reading(channel, site.inbox):
            for number in range(3):
                await server.say(f"pesan {number}")
                await server.until_confirmed()
            cursor = await site.inbox.cursor()
        await channel.close()

        assert await texts(site) == ["pesan 0", "pesan 1", "pesan 2"]
        assert channel.status({"": cursor}) == ["updates read up to 880000003"]


async def test_what_cannot_be_stored_stays_at_telegram(tmp_path: Path) -> None:
    """While the disk is full nothing is confirmed; afterwards everything comes."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            site.full = True
            await server.say("jangan hilang")
            await _hurried(channel, server, lambda: len(server.asked("getUpdates")) > 2)
            waiting = len(server.queue)
            site.full = False
            channel.reload(options(server))
            await server.until_confirmed()

            assert waiting == 1
            assert await texts(site) == ["jangan hilang"]


async def test_a_poller_killed_between_page_and_cursor_loses_nothing(tmp_path: Path) -> None:
    """Stored and not confirmed: Telegram brings it again, and it is one message."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site:
            await server.say("satu")
            dying = _Dying(site)
            with contextlib.suppress(KilledError):
                await channel.pull(dying)
            unconfirmed = len(server.queue)
            async with reading(channel, site.inbox):
                await server.say("dua")
                await server.until_confirmed()

            assert (dying.kept, unconfirmed) == (1, 1)
            assert await texts(site) == ["satu", "dua"]


async def test_polls_wait_as_telegram_wants_it(tmp_path: Path) -> None:
    """Thirty seconds at a time, a hundred updates at most, and only the kinds we read."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            told = (await server.until("getUpdates", 3))[0]

    assert (told["timeout"], told["limit"], "offset" in told) == ("30", "100", False)
    assert "callback_query" in json.loads(told["allowed_updates"])


@pytest.mark.parametrize(
    ("broken", "is_read"),
    [
        (b'{"update_id":%d,"message":{"text":"tanpa ruang"}}', False),
        (b'{"update_id":%d,"message":"bukan pesan"}', False),
        (b'{"update_id":%d,' + MESSAGE % (b"50", b"\\ud83d padam") + b"}", True),
        (b'{"update_id":%d,' + MESSAGE % (b"51", b"\xff padam") + b"}", True),
        (b'{"update_id":%d,' + MESSAGE % (b"52", b"\x01 padam") + b"}", False),
        (b'{"update_id":%d,"message":{rusak}}', False),
        (b'{"update_id":%d,"message":{"text":"terpot', False),
    ],
)
async def test_one_broken_update_does_not_hold_up_the_others(
    tmp_path: Path, broken: bytes, *, is_read: bool
) -> None:
    """It is kept by itself, as it came, and the page it stood in goes on."""
    async with telegram() as server:
        await server.say("sebelum")
        await server.push(broken)
        await server.say("sesudah")
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.until_confirmed()
            first, bad, last = await site.payloads()

    assert (said(first).text, said(last).text) == ("sebelum", "sesudah")
    assert bad.endswith(broken.replace(b"%d", b"880000002"))
    assert isinstance(channel.parse(bad), Unreadable) != is_read


async def test_an_update_without_a_number_is_confirmed_with_the_next(tmp_path: Path) -> None:
    """Alone it comes again and again, and stays one."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.push(b'{"hologram":{}}')
            await server.until("getUpdates", 2)
            await server.say("sesudah")
            channel.reload(options(server))
            await server.until_confirmed()

            assert len(await site.payloads()) == 2


async def test_numbers_that_start_again_are_other_updates(tmp_path: Path) -> None:
    """After a week of silence ids restart anywhere; an old offset would confirm new updates."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.say("lama")
            await server.until_confirmed()
            polls = len(server.asked("getUpdates"))
            await server.until("getUpdates", polls + 2)
            server.restart_numbers(5)
            await server.say("baru")
            await server.until_confirmed()

            assert await texts(site) == ["lama", "baru"]
    offsets = [told.get("offset") for told in server.asked("getUpdates")]
    assert {"880000002", "6", None} >= set(offsets)


async def test_an_offset_belongs_to_one_bot(tmp_path: Path) -> None:
    """With a new token nothing of the new bot is confirmed by the old one's offset."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.say("bot lama")
            await server.until_confirmed()
            server.token = "7000000002:invented-token-of-another-bot"
            channel.reload(options(server, token=Secret(server.token)))
            await server.say("bot baru")
            await server.until_confirmed()
            ids = await site.external_ids()

    # Both bots count the messages of this person from 1.
    assert [key.partition(".")[0] for key in ids] == ["b7000000001", "b7000000002"]


# --- who else is there --------------------------------------------------------------------------


async def test_a_webhook_is_taken_away_and_what_waits_for_it_is_kept(tmp_path: Path) -> None:
    """Telegram gives no updates to a poller while a webhook is set."""
    async with telegram() as server:
        server.hook = Hook(url="http://127.0.0.1:1/in/telegram")
        await server.say("menunggu")
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.until_confirmed()

            assert await texts(site) == ["menunggu"]
    assert server.asked("deleteWebhook") == [{"drop_pending_updates": "false"}]


async def test_a_webhook_set_while_we_poll_is_a_conflict(tmp_path: Path) -> None:
    """Another program has our token: we wait, say so, and go on when it is gone."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.until("getUpdates", 2)
            server.hook = Hook(url="http://127.0.0.1:1/elsewhere")
            await until(lambda: bool(site.troubles), "no conflict is told")
            calls = len(server.asked("getUpdates"))
            await asyncio.sleep(0.3)
            assert len(server.asked("getUpdates")) == calls  # five seconds of rest
            server.hook = None
            channel.reload(options(server))
            await until(lambda: len(site.troubles) > 1, "the conflict stays")

    assert site.troubles[0] == ("conflict", "a webhook is set for this token")
    assert site.troubles[1][0] is None
    assert server.asked("deleteWebhook") == []


async def test_a_second_poller_is_a_conflict(tmp_path: Path) -> None:
    """Telegram ends the older poll; who is ended waits instead of ending the other in turn."""
    async with telegram() as server:
        first, second = opened(server), opened(server)
        async with (
            door(first, tmp_path / "a") as here,
            door(second, tmp_path / "b") as there,
            reading(first, here.inbox),
        ):
            await server.until("getUpdates", 2)
            async with reading(second, there.inbox):
                await until(lambda: bool(here.troubles), "no conflict is told")
                await server.say("hanya sekali")
                await server.until_confirmed()
            kept = [*await here.payloads(), *await there.payloads()]

    assert here.troubles[0] == ("conflict", "another poller runs with this token")
    assert len(kept) == 1


# --- Telegram is not well -----------------------------------------------------------------------


async def test_a_revoked_token_is_told_and_forgiven(tmp_path: Path) -> None:
    """State bad_credentials until a good token is there; nobody has to restart anything."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.until("getUpdates", 2)
            server.token = "7000000001:another-invented-token"
            await until(lambda: bool(site.troubles), "no trouble is told")
            channel.reload(options(server, token=Secret(server.token)))
            await until(lambda: len(site.troubles) > 1, "the trouble stays")
            await server.say("sesudah diganti")
            await server.until_confirmed()

            assert await texts(site) == ["sesudah diganti"]
    assert site.troubles == [
        ("bad_credentials", "Telegram does not know the token"),
        (None, ""),
    ]


async def test_without_a_token_the_channel_waits_for_one(tmp_path: Path) -> None:
    """An operator who forgot it sees why nothing comes, and needs no restart."""
    async with telegram() as server:
        channel = opened(server, token=None)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await until(lambda: bool(site.troubles), "no trouble is told")
            channel.reload(options(server))
            await server.say("akhirnya")
            await server.until_confirmed()

            assert await texts(site) == ["akhirnya"]
    assert site.troubles[0] == ("bad_credentials", "no token is set")


async def test_flood_control_is_waited_for(tmp_path: Path) -> None:
    """429 says how long; nobody asks before that."""
    async with telegram() as server:
        server.fail("getUpdates", flood(30))
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await until(lambda: bool(site.troubles), "no trouble is told")
            await asyncio.sleep(0.2)

    assert site.troubles == [("throttled", "flood control")]
    assert len(server.asked("getUpdates")) == 1


@pytest.mark.parametrize(
    "failure",
    [
        Failure(status=500, description="Internal Server Error"),
        Failure(status=502, body="<html>Bad Gateway</html>"),
        Failure(status=403, body="<html>Diblokir</html>"),
        Failure(status=200, body="<html>Masuk ke jaringan hotel</html>"),
        Failure(status=0),
    ],
    ids=["500", "502", "proxy", "hotel", "broken"],
)
async def test_weather_is_told_when_it_lasts(tmp_path: Path, failure: Failure) -> None:
    """Once or twice is nothing; the third time in a row the operator hears it."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            await server.until("getUpdates", 1)
            server.fail("getUpdates", *[failure] * 3)
            await _hurried(channel, server, lambda: bool(site.troubles))
            troubles = list(site.troubles)
            await server.say("akhirnya")
            channel.reload(options(server))
            await server.until_confirmed()
            await until(lambda: len(site.troubles) > 1, "the trouble stays")

            assert await texts(site) == ["akhirnya"]
    assert [kind for kind, _ in troubles] == ["away"]
    assert site.troubles[1][0] is None


async def test_nobody_there_is_weather_too(tmp_path: Path) -> None:
    """No server, no name, no route: the channel keeps trying and never ends."""
    channel = opened(None)
    async with door(channel, tmp_path) as site, reading(channel, site.inbox):
        for _ in range(40):
            channel.reload(options(None))
            await asyncio.sleep(0.02)

        assert site.troubles == [("away", "no connection: ConnectError")]


def test_a_page_that_is_none_is_not_taken_for_an_update() -> None:
    """A login page of some network must not become a journal row."""
    assert taken_apart(b"<html>[1]</html>", alone=True) is None
    assert taken_apart(b'{"ok":true,"result":[{"update_id":1}]}', alone=True) == [
        b'{"update_id":1}'
    ]
    assert taken_apart(b'{"ok":true,"result":[]}', alone=False) == []


async def test_no_log_and_no_trouble_holds_the_token(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The token is part of every URL; whatever goes wrong, it is not written anywhere."""
    async with telegram() as server:
        channel = opened(server)
        async with door(channel, tmp_path) as site, reading(channel, site.inbox):
            for failure in (Failure(status=401), Failure(status=404), Failure(status=0)):
                server.fail("getUpdates", failure)
                server.fail("sendMessage", failure)
                channel.reload(options(server))
                await server.until("getUpdates", len(server.asked("getUpdates")) + 1)
    written = "".join(capfd.readouterr()) + str(site.troubles) + repr(options(server))

    assert TOKEN not in written
    assert TOKEN.partition(":")[2] not in written


async def _hurried(channel: Telegram, server: TelegramServer, true: Callable[[], bool]) -> None:
    """Do not wait as long as the channel would: a reload lets it try again at once."""
    for _ in range(400):
        if true():
            return
        channel.reload(options(server))
        await asyncio.sleep(0.02)
    raise AssertionError("it does not happen")


class _Dying(LeanInbox):
    """An inbox whose process ends right after the commit of a page."""

    def __init__(self, site: Site) -> None:
        self._inbox = site.inbox
        self.kept = 0

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Store them, and never come back."""
        self.kept += len(await self._inbox.accept(deliveries, cursor))
        raise KilledError


class KilledError(Exception):
    """The process ended."""
