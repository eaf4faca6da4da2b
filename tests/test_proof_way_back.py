"""From a store's signed update to a citizen's telephone and back, through the real process."""

import json
import random
import time
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest
from aiohttp import web
from gateway_process import Gateway
from ledger import changed, rows, until_drained
from sms_gateway import SendApiPeer, serving
from telegram_server import TOKEN, TelegramServer, telegram
from telegram_site import until

from channels.contract import Secret
from channels.standard_webhooks import key_of, sign

pytestmark = pytest.mark.usefixtures("on_both_engines")
SECRET = "whsec_" + "QUJD" * 11
ANI = "+6281200000001"
LAMP = "Lampu jalan mati di Jl. Flamboyan sejak Senin"
LAMP_ENGLISH = "The street light in Flamboyan street has been broken since Monday, please fix it"
KILLS = 6


class Ministry:
    """A store behind HTTP that takes events and tells of cases, signed."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._told = 0

    async def take(self, request: web.Request) -> web.Response:
        """Each event is kept; the case gets a number."""
        event = json.loads(await request.read())
        self.events.append(event)
        return web.json_response({"id": f"#{len(self.events)}"}, status=201)

    def routes(self) -> list[web.AbstractRouteDef]:
        """One address."""
        return [web.post("/events", self.take)]

    def comments(self) -> list[dict[str, Any]]:
        """What citizens said."""
        return [one["data"] for one in self.events if one["type"] == "lapor.comment.v1"]

    async def tells(self, gateway: Gateway, record_id: str, **data: str) -> int:
        """Tell the gateway what happened; the status it answers with, 0 where it answers none."""
        self._told += 1
        event = {
            "specversion": "1.0",
            "id": f"e{self._told}",
            "source": "/ministry",
            "type": "lapor.update.v1",
            "subject": record_id,
            "data": data,
        }
        return await self.sends(gateway, event)

    async def sends(self, gateway: Gateway, event: dict[str, Any]) -> int:
        """One signed request."""
        body, at = msgspec.json.encode(event), int(time.time())
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": event["id"],
            "webhook-timestamp": str(at),
            "webhook-signature": sign([key_of(Secret(SECRET))], event["id"], at, body),
        }
        url = f"{gateway.url}/central/updates/ministry"
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(url, data=body, headers=headers) as response,
            ):
                return response.status
        except aiohttp.ClientError:
            return 0


def connected(gateway: Gateway, store: str, telephones: str, server: TelegramServer) -> None:
    """Settings for these three, without quiet hours and with a short minute."""
    gateway.settings = {
        "central": {
            "ministry": {
                "kind": "http",
                "url": f"{store}/events",
                "secrets": ["ministry_secret"],
                "allow_private": True,
            }
        },
        "notices": {"fold": 0.3, "quiet_from": "00:00", "quiet_until": "00:00"},
        "outbox": {"uncertain_wait": 1.0},
        "channels": {
            "sms": {"send_url": f"{telephones}/send"},
            "telegram": {
                "enabled": True,
                "token": "telegram_token",
                "api_url": server.url,
                "timeout": 5.0,
            },
        },
    }
    gateway.env = {"LAPOR_TELEGRAM_TOKEN": TOKEN, "LAPOR_MINISTRY_SECRET": SECRET}


async def texted(gateway: Gateway, text: str, id_: str) -> None:
    """Ani writes an SMS."""
    form = {"from": ANI, "to": "1708", "text": text, "id": id_}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{gateway.url}/in/sms",
            data=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded"},
        ) as response,
    ):
        assert response.status == 200


async def both_reported(gateway: Gateway, server: TelegramServer) -> tuple[str, str]:
    """Ani by SMS and somebody by Telegram, in English, report the same; the ids of both."""
    await texted(gateway, LAMP, "m1")
    await until(lambda: len(ids(gateway)) == 1, "a record")
    await server.say(LAMP_ENGLISH, sender=71)
    await until(lambda: len(ids(gateway)) == 2, "two records")
    await until_drained(gateway)
    await gateway.stop()
    first, second = ids(gateway)
    # Two languages share no words: an officer, or the matching to come, says that it is one thing.
    changed(gateway, "update records set cluster = ? where record_id = ?", first, second)
    await gateway.start()
    return first, second


def ids(gateway: Gateway) -> list[str]:
    return [row[0] for row in rows(gateway, "select record_id from records order by received_at")]


def heard_by_sms(peer: SendApiPeer) -> list[str]:
    return [form["text"] for _, _, form, _ in peer.asked]


async def test_an_update_reaches_two_people_and_their_answers_reach_the_store(
    gateway: Gateway,
) -> None:
    """By SMS in Indonesian and by Telegram in English; one reply and one button come back."""
    ministry, telephones = Ministry(), SendApiPeer()
    async with (
        serving(ministry.routes()) as store,
        serving(telephones.routes()) as sms,
        telegram() as server,
    ):
        connected(gateway, store, sms, server)
        await gateway.start()
        first, second = await both_reported(gateway, server)
        codes = dict(rows(gateway, "select record_id, case_code from records"))

        assert await ministry.tells(gateway, first, status="Selesai", text="Sudah diganti.") == 204
        await until(lambda: len(heard_by_sms(telephones)) == 2, "a notice by SMS")
        await until(lambda: len(server.sent) == 2, "a notice by Telegram")
        assert heard_by_sms(telephones)[1].splitlines()[:3] == [
            f"Laporan {codes[first]}: selesai.",
            f"Sudah selesai? Balas SELESAI {codes[first]} atau BELUM {codes[first]}.",
            f"Jawaban petugas atas laporan {codes[first]}: Sudah diganti.",
        ]
        assert server.sent[1]["text"].splitlines()[:2] == [
            f"What you also reported ({codes[second]}): closed.",
            f"Is it solved? Reply SOLVED {codes[second]} or UNSOLVED {codes[second]}.",
        ]

        await texted(gateway, "belum", "m2")
        await server.say(f"SOLVED {codes[second]}", sender=71)
        await until(lambda: len(ministry.comments()) == 2, "two comments at the store")
        await until_drained(gateway)
        state = dict(rows(gateway, "select record_id, state from records"))
        await gateway.stop()

    assert {one["record_id"]: one["solved"] for one in ministry.comments()} == {
        first: False,
        second: True,
    }
    assert state[first] == "selesai"
    steps = Counter(row[0] for row in rows(gateway, "select kind from timeline"))
    assert steps == {"closed": 1, "solved": 1, "unsolved": 1}


async def test_kills_between_update_and_notice_tell_everybody_once(gateway: Gateway) -> None:
    """Whatever moment `kill -9` hits; the store sends again what was not acknowledged."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (pytest shows it when the test fails)
    chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    ministry, telephones = Ministry(), SendApiPeer()
    async with (
        serving(ministry.routes()) as store,
        serving(telephones.routes()) as sms,
        telegram() as server,
    ):
        connected(gateway, store, sms, server)
        await gateway.start()
        first, _ = await both_reported(gateway, server)
        words = [f"Langkah {number}" for number in range(KILLS)]
        for number, word in enumerate(words):
            event = _event(number, first, word)
            acknowledged = await ministry.sends(gateway, event) == 204
            await _a_moment(chance.uniform(0, 0.8))
            gateway.kill()
            await gateway.start()
            assert acknowledged or await ministry.sends(gateway, event) == 204
            assert await ministry.sends(gateway, event) == 204
        await until(lambda: not _open(gateway), "every notice is in the outbox")
        await until_drained(gateway)
        await gateway.stop()
    said = Counter(word for text in heard_by_sms(telephones) for word in words if word in text)
    unsure = _unsure(gateway)

    assert rows(gateway, "select count(*) from timeline") == [(KILLS,)]
    assert max(said.values()) == 1
    # What may have left when the process died is not sent again but kept for a person.
    assert sum(said.values()) >= KILLS - unsure
    assert rows(
        gateway, "select count(*) from notices where state = 'put' and settled_at is not null"
    ) == rows(gateway, "select count(*) from outbox where kind = 'update'")


def _event(number: int, record_id: str, word: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"k{number}",
        "source": "/ministry",
        "type": "lapor.update.v1",
        "subject": record_id,
        "data": {"kind": "answer", "text": word},
    }


async def _a_moment(seconds: float) -> None:
    began = time.monotonic()
    await until(lambda: time.monotonic() - began > seconds, "the clock goes on")


def _open(gateway: Gateway) -> int:
    (found,) = rows(gateway, "select count(*) from notices where state in ('waiting', 'held')")
    return int(found[0])


def _unsure(gateway: Gateway) -> int:
    (found,) = rows(
        gateway,
        "select count(*) from outbox where kind = 'update' and target = 'channel:sms'"
        " and (state = 'parked' or reason is not null)",
    )
    return int(found[0])
