"""Complaints over Telegram through the real gateway process, by polling and by webhook."""

import asyncio
import json
import re
import signal
import struct
import zlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from gateway_process import Gateway
from ledger import assert_proven, central, rows, until_drained, until_recorded
from load import Sms, post
from telegram_people import DATE, JSON, person
from telegram_server import SECRET_HEADER, TOKEN, TelegramServer, telegram
from telegram_site import SECRET, until

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{9}\b")
KILLS = 4


def connected(gateway: Gateway, server: TelegramServer, mode: str) -> None:
    """Settings for this server, and the secrets they name."""
    gateway.settings = {
        "channels": {
            "telegram": {
                "enabled": True,
                "mode": mode,
                "token": "telegram_token",
                "secrets": ["telegram_secret"],
                "public_url": gateway.url if mode == "webhook" else "",
                "api_url": server.url,
                "timeout": 5.0,
            }
        }
    }
    token = gateway.home / "token"
    token.write_text(f"{TOKEN}\n")
    gateway.env = {
        "LAPOR_TELEGRAM_TOKEN_FILE": str(token),
        "LAPOR_TELEGRAM_SECRET": SECRET,
    }


async def heard(server: TelegramServer, mode: str) -> None:
    """Wait until the gateway listens to Telegram."""
    await server.until("setWebhook" if mode == "webhook" else "getUpdates")


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_complaint_becomes_a_record_and_its_receipt_comes_back(
    gateway: Gateway, mode: str
) -> None:
    """The citizen gets the code of the record, as an answer to their own message."""
    async with telegram() as server:
        connected(gateway, server, mode)
        async with gateway:
            message = await server.say("Lampu jalan di depan SDN Contoh padam", sender=71)
            await until_recorded(gateway, 1)
            (receipt,) = await server.until_sent()
            await until_drained(gateway)
            await assert_proven(gateway)
    ((code, text, channel),) = central(gateway, "select case_code, text, channel from records")

    assert (text, channel) == ("Lampu jalan di depan SDN Contoh padam", "telegram")
    assert set(CODE.findall(receipt["text"])) == {code}
    assert receipt["chat"]["id"] == 71
    assert json.loads(receipt["asked"]["reply_parameters"])["message_id"] == message["message_id"]
    assert TOKEN not in gateway.log
    assert SECRET not in gateway.log


async def test_a_command_is_answered_over_telegram(gateway: Gateway) -> None:
    """/start tells how it works; /status with a code tells where the case stands."""
    async with telegram() as server:
        connected(gateway, server, "polling")
        async with gateway:
            entity = {"type": "bot_command", "offset": 0, "length": 6}
            await server.say("/start", sender=72, entities=[entity])
            (help_,) = await server.until_sent()
            await server.say("Sampah menumpuk di TPS Contoh", sender=72)
            receipt = (await server.until_sent(2))[1]
            (code,) = set(CODE.findall(receipt["text"]))
            entity |= {"length": len("/status@lapor_contoh_bot")}
            await server.say(f"/status@lapor_contoh_bot {code}", sender=72, entities=[entity])
            status = (await server.until_sent(3))[2]
            await until_drained(gateway)

    assert help_["text"] != receipt["text"]
    assert code in status["text"]
    assert len(central(gateway, "select * from records")) == 1


async def test_an_album_and_its_files_are_one_report(gateway: Gateway) -> None:
    """Three photographs, the words below one of them; each is fetched and kept."""
    async with telegram() as server:
        connected(gateway, server, "polling")
        server.files = {
            f"AgACfoto-{number}": (f"photos/file_{number}.png", picture(number))
            for number in range(3)
        }
        async with gateway:
            for number in range(3):
                more: JSON = {"caption": "Jembatan Contoh retak"} if number == 1 else {}
                size = {"file_id": f"AgACfoto-{number}", "width": 800, "height": 600}
                await server.write(76, photo=[size], media_group_id="1370000001", **more)
            await until_recorded(gateway, 1)
            await until(lambda: len(attachments(gateway)) == 3, "the files do not come")
            await until_drained(gateway)

    assert [text for (text,) in central(gateway, "select text from records")] == [
        "Jembatan Contoh retak"
    ]
    assert len(server.sent) == 1
    assert TOKEN not in gateway.log


async def test_an_edit_becomes_a_revision(gateway: Gateway) -> None:
    """One record with the words as they are now; the first ones stay in its history."""
    async with telegram() as server:
        connected(gateway, server, "polling")
        async with gateway:
            message = await server.say("Lampu padam di Melati sejak Senin", sender=77)
            await until_recorded(gateway, 1)
            edited = message | {"text": "Lampu padam di Melati sejak Minggu", "edit_date": DATE + 9}
            await server.push({"edited_message": edited})
            await until(
                lambda: len(central(gateway, "select * from record_revisions")) == 2,
                "the edit does not come",
            )
            await until_drained(gateway)
            await assert_proven(gateway)

    assert central(gateway, "select text, revision from records") == [
        ("Lampu padam di Melati sejak Minggu", 2)
    ]


@pytest.mark.usefixtures("on_both_engines")
async def test_one_webhook_ten_times_and_after_a_restart_is_one_record(gateway: Gateway) -> None:
    """And one receipt."""
    update = {
        "update_id": 880000001,
        "message": {
            "message_id": 7,
            "date": 1795303000,
            "chat": {"id": 73, "type": "private"},
            "from": person(73),
            "text": "Pipa bocor di Jl. Contoh",
        },
    }

    async def knock(secret: str = SECRET) -> int:
        async with (
            aiohttp.ClientSession(headers={SECRET_HEADER: secret}) as session,
            session.post(f"{gateway.url}/in/telegram", json=update) as response,
        ):
            return response.status

    async with telegram() as server:
        connected(gateway, server, "webhook")
        async with gateway:
            statuses = await asyncio.gather(*[knock() for _ in range(10)])
            await until_recorded(gateway, 1)
            await server.until_sent()
        async with gateway:
            statuses += [await knock(), await knock("wrong"), await knock("")]
            await until_drained(gateway)
            await assert_proven(gateway)

    assert statuses == [200] * 11 + [403, 403]
    assert len(rows(gateway, "select * from journal")) == 1
    assert len(central(gateway, "select * from record_revisions")) == 1
    assert len(server.sent) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("on_both_engines")
async def test_a_poller_killed_at_any_moment_loses_nothing(gateway: Gateway) -> None:
    """Between page and cursor, between cursor and confirmation: each message is one record."""
    texts = []
    async with telegram() as server:
        connected(gateway, server, "polling")
        # A receipt that was on its way at a kill waits for no report that Telegram never sends.
        gateway.settings["outbox"] = {"uncertain_wait": 1.0}
        for kill in range(KILLS):
            await gateway.start()
            await heard(server, "polling")
            for number in range(6):
                texts.append(f"Jalan berlubang nomor {kill}-{number} di Melati")
                await server.say(texts[-1], sender=100 + kill * 10 + number)
            calls = len(server.asked("getUpdates"))
            await server.until("getUpdates", calls + kill % 2)
            gateway.kill()
        async with gateway:
            await server.until_confirmed()
            await until_recorded(gateway, len(texts))
            await until_drained(gateway)
            await assert_proven(gateway)

    found = [text for (text,) in central(gateway, "select text from records")]
    assert sorted(found) == sorted(texts)


async def test_a_revoked_token_is_seen_and_others_are_untouched(gateway: Gateway) -> None:
    """State bad_credentials in status; SMS goes on; with a new token everything comes."""
    async with telegram() as server:
        connected(gateway, server, "polling")
        async with gateway:
            await heard(server, "polling")
            server.token = "7000000001:a-fresh-invented-token"
            await until(lambda: "channel in trouble" in gateway.log, "nobody notices")
            async with aiohttp.ClientSession() as session:
                sms = Sms(id="1", sender="+6281200000001", text="Lampu padam di Kenanga")
                taken = await post(session, gateway.url, sms)
            await until_recorded(gateway, 1)
            _, metrics = await gateway.get("/metrics")
            await server.say("Air keruh di Dahlia", sender=75)
            (gateway.home / "token").write_text(server.token)
            gateway.signal(signal.SIGHUP)
            await until_recorded(gateway, 2)
            (receipt,) = await server.until_sent()
            await until(lambda: "channel well again" in gateway.log, "the trouble stays")

    assert taken == 200
    assert re.search(r'trouble\{.*channel="telegram".*bad_credentials.*\} 1', metrics), metrics
    assert CODE.search(receipt["text"])
    assert server.token not in gateway.log


async def test_send_plays_a_citizen(gateway: Gateway, tmp_path: Path) -> None:
    """`lapor-gateway send telegram` goes through the webhook and shows the receipt."""
    del tmp_path
    async with telegram() as server:
        connected(gateway, server, "webhook")
        async with gateway:
            done = await gateway.command("send", "telegram", "Got mampet di RT 03")
            await server.until_sent()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "telegram: 200 OK" in done.stdout
    assert CODE.search(done.stdout)


def picture(number: int) -> bytes:
    """A PNG of one pixel, each another colour."""
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
            chunk(b"IDAT", zlib.compress(bytes((0, number, number, number)))),
            chunk(b"IEND", b""),
        )
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    """A piece of a PNG."""
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def attachments(gateway: Gateway) -> list[Any]:
    """The files of the only record, in its newest revision."""
    ((document,),) = central(
        gateway, "select document from record_revisions order by revision desc limit 1"
    )
    found: list[Any] = json.loads(document)["attachments"]
    return found
