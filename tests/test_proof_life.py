"""The life of the daemon: it starts ready, reloads, drains, and refuses what it cannot be."""

import asyncio
import json
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from gateway_process import Gateway, copy_config
from ledger import rows, until_drained
from load import Mail, Sms, post, submit
from ports import unused_port
from sms_gateway import SendApiPeer, serving

PATIENCE = 60.0
SMS = Sms(id="1", sender="+6281200000001", text="Lampu jalan padam di Melati")

# Plays systemd: opens the socket `public`, passes it as descriptor 3, and becomes the gateway.
ACTIVATE = """
import os, socket, sys
port, pid, *program = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", int(port)))
if listener.fileno() != 3:
    os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=pid or str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="public")
os.execv(program[0], program)
"""


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that no event tells of."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


async def said(gateway: Gateway, sms: Sms = SMS) -> int:
    """Post one SMS."""
    async with aiohttp.ClientSession() as session:
        return await post(session, gateway.url, sms)


async def ended(gateway: Gateway) -> int:
    """Wait for the process to end by itself; its exit code."""
    assert gateway.process
    return await asyncio.to_thread(gateway.process.wait, PATIENCE)


@pytest.fixture
async def telephones(gateway: Gateway) -> AsyncIterator[SendApiPeer]:
    """The SMS provider's send API, which the gateway's receipts go to."""
    peer = SendApiPeer()
    async with serving(peer.routes()) as send_api:
        gateway.settings = {"channels": {"sms": {"send_url": f"{send_api}/send"}}}
        yield peer


# --- SIGTERM -----------------------------------------------------------------------------------


async def test_sigterm_waits_for_an_answer_that_is_on_its_way(gateway: Gateway) -> None:
    """A receipt that was handed over while we stop is settled, not sent again afterwards."""
    handed_over, answer = asyncio.Event(), asyncio.Event()
    asked = []

    async def send(request: aiohttp.web.Request) -> aiohttp.web.Response:
        asked.append((await request.post())["id"])
        handed_over.set()
        await answer.wait()
        return aiohttp.web.Response(text="ok")

    async with serving([aiohttp.web.post("/send", send)]) as send_api:
        gateway.settings = {"channels": {"sms": {"send_url": f"{send_api}/send"}}}
        await gateway.start()
        await said(gateway)
        await handed_over.wait()
        gateway.signal(signal.SIGTERM)
        await until(lambda: '"stopping"' in gateway.log, "SIGTERM was not heard")
        answer.set()
        code = await ended(gateway)
        await gateway.start()
        await until_drained(gateway)
        await gateway.stop()

    assert code == 0
    assert len(asked) == 1
    assert rows(gateway, "select kind, state from outbox order by id") == [
        ("record", "delivered"),
        ("receipt", "delivered"),
    ]


# --- SIGHUP ------------------------------------------------------------------------------------


async def test_sighup_takes_new_sentences_and_keeps_the_old_ones_where_new_ones_are_broken(
    gateway: Gateway, telephones: SendApiPeer
) -> None:
    """The next receipt has the operator's new words; a mistake in the file changes nothing."""
    copy_config(gateway.config_dir, "replies/id.toml")
    replies = gateway.config_dir / "replies" / "id.toml"
    shipped = replies.read_text()
    await gateway.start()

    async def receipt(number: int) -> str:
        sms = Sms(id=str(number), sender="+6281200000001", text=f"Lampu nomor {number} padam")
        await said(gateway, sms)
        await until(lambda: len(telephones.asked) == number, "no receipt came")
        return telephones.asked[-1][2]["text"]

    before = await receipt(1)
    replies.write_text(shipped.replace("Laporan Anda sudah kami terima", "Matur nuwun"))
    gateway.signal(signal.SIGHUP)
    await until(lambda: '"reloaded"' in gateway.log, "SIGHUP was not heard")
    after = await receipt(2)
    replies.write_text(shipped.replace("{code}", "{kode}"))
    gateway.signal(signal.SIGHUP)
    await until(lambda: '"reload refused"' in gateway.log, "the mistake was not told")
    still = await receipt(3)
    refused = next(line for line in gateway.log.splitlines() if "reload refused" in line)
    await gateway.stop()

    assert before.startswith("Laporan Anda sudah kami terima.")
    assert after.startswith("Matur nuwun.")
    assert still.startswith("Matur nuwun.")
    assert "replies/id.toml" in json.loads(refused)["problem"]


async def test_sighup_takes_a_new_secret(gateway: Gateway, tmp_path: Path) -> None:
    """After a rotation the new secret opens the door and the old one does not."""
    secret = tmp_path / "secret"
    secret.write_text("invented-1\n")
    gateway.settings = {"channels": {"sms": {"secrets": ["sms_secret"]}}}
    gateway.env = {"LAPOR_SMS_SECRET_FILE": str(secret)}

    async def knock(shown: str) -> int:
        form = {"from": "+6281200000001", "text": "Lampu padam", "id": shown}
        async with (
            aiohttp.ClientSession(headers={"X-Secret": shown}) as session,
            session.post(f"{gateway.url}/in/sms", data=form) as response,
        ):
            return response.status

    await gateway.start()
    before = (await knock("invented-1"), await knock("invented-2"))
    secret.write_text("invented-2\n")
    gateway.signal(signal.SIGHUP)
    await until(lambda: '"reloaded"' in gateway.log, "SIGHUP was not heard")
    after = (await knock("invented-1"), await knock("invented-2"))
    await gateway.stop()

    assert (before, after) == ((200, 403), (403, 200))


# --- the service manager -----------------------------------------------------------------------


class ServiceManager:
    """systemd's end of NOTIFY_SOCKET."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)  # noqa: FBT003 (its only signature)

    async def hear(self, word: str, *, within: float = PATIENCE) -> str:
        """The next message with this word in it; others on the way are passed over."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(within):
            while True:
                message = (await loop.sock_recv(self._socket, 4096)).decode()
                if word in message:
                    return message

    async def until_silent(self, word: str, seconds: float) -> None:
        """Wait until this word has not come for so long."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    await self.hear(word, within=seconds)
            except TimeoutError:
                return

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


async def test_the_service_manager_hears_how_it_goes(gateway: Gateway, tmp_path: Path) -> None:
    """READY when a message would be stored, pings only while one would, STOPPING at SIGTERM."""
    with closing(ServiceManager(tmp_path)) as manager:
        gateway.env = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "1000000"}
        await gateway.start(wait=False)
        await manager.hear("READY=1")
        first = (await said(gateway), await submit(gateway.smtp, _mail()))
        await manager.hear("WATCHDOG=1")
        with closing(sqlite3.connect(gateway.data_dir / "gateway.db", timeout=30)) as database:
            database.execute("begin immediate")
            await manager.until_silent("WATCHDOG=1", 2.0)
        await manager.hear("WATCHDOG=1")
        gateway.signal(signal.SIGHUP)
        reloading = await manager.hear("RELOADING=1")
        await manager.hear("READY=1")
        gateway.signal(signal.SIGTERM)
        await manager.hear("STOPPING=1")
        code = await ended(gateway)

    assert first == (200, 250)
    assert "MONOTONIC_USEC=" in reloading
    assert code == 0


async def test_a_socket_the_service_manager_opened_is_served(gateway: Gateway) -> None:
    """With socket activation the passed socket is the public door, and no other is opened."""
    port = unused_port()
    gateway.prefix = [sys.executable, "-c", ACTIVATE, str(port), ""]
    await gateway.start()
    configured = await said(gateway)
    gateway.url = f"http://127.0.0.1:{port}"
    passed = await said(gateway)
    await gateway.stop()

    assert (passed, configured) == (200, 0)


async def test_a_socket_that_was_meant_for_another_process_is_left_alone(gateway: Gateway) -> None:
    """Where LISTEN_PID is not ours, the gateway opens the doors of its settings."""
    gateway.prefix = [sys.executable, "-c", ACTIVATE, str(unused_port()), "1"]
    async with gateway:
        assert await said(gateway) == 200


# --- what cannot be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"http": {"publik": "127.0.0.1:1"}}, "http"),
        ({"http": {"public": 8080}}, "http.public"),
        ({"outbox": {"cap": "soon"}}, "outbox.cap"),
        ({"channels": {"sms": {"secrets": ["sms_secret"]}}}, "channels.sms.secrets"),
        ({"channels": {"pigeon": {}}}, "channels.pigeon"),
        ({"http": {"public": "0.0.0.0:0"}}, "channels.sms.secrets"),
    ],
)
async def test_settings_that_cannot_be_used_end_the_start_in_one_sentence(
    gateway: Gateway, settings: dict[str, Any], key: str
) -> None:
    """The sentence names file and key, and exit code 78 keeps systemd from trying again."""
    gateway.settings = settings
    await gateway.start(wait=False)
    code = await ended(gateway)
    (sentence,) = gateway.log.splitlines()

    assert code == 78
    assert sentence.startswith(f"lapor-gateway: {gateway.config_dir / 'gateway.toml'}: {key}")


@pytest.mark.parametrize("door", ["public", "internal"])
async def test_a_port_in_use_ends_the_start_in_one_sentence(gateway: Gateway, door: str) -> None:
    """Who holds the port is somebody else; the sentence says which port it is."""
    address = gateway.public if door == "public" else gateway.internal
    with _holding(address):
        await gateway.start(wait=False)
        code = await ended(gateway)
    sentence = gateway.log.splitlines()[-1]

    assert code == 78
    assert f"http.{door}: cannot listen on {address}" in sentence
    assert "Traceback" not in gateway.log


async def test_a_mail_port_in_use_stops_mail_alone(gateway: Gateway) -> None:
    """SMS is taken meanwhile, /health/ready says what is missing, and mail follows by itself."""
    with _holding(gateway.smtp):
        await gateway.start(wait=False)
        await until(lambda: '"started"' in gateway.log, "the start waits for the mail port")
        sms = await said(gateway)
        status, body = await gateway.get("/health/ready")
    await gateway.until_ready()
    mail = await submit(gateway.smtp, _mail())
    await gateway.stop()

    assert (sms, status) == (200, 503)
    assert json.loads(body)["not_ready"] == ["channel mail is down"]
    assert mail == 250


async def test_a_second_process_on_the_same_data_is_refused(
    gateway: Gateway, tmp_path: Path
) -> None:
    """Two writers would break the chain: the second ends in one sentence, the first goes on."""
    second = Gateway(tmp_path / "second")
    second.home.mkdir()
    second.data_dir = gateway.data_dir
    async with gateway:
        await second.start(wait=False)
        code = await ended(second)
        (sentence,) = second.log.splitlines()
        first = await said(gateway)

    assert code == 1
    assert sentence == (
        f"lapor-gateway: {gateway.data_dir / 'gateway.db'} is in use by another gateway process"
    )
    assert first == 200


def _holding(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_server((host, int(port)))


def _mail() -> Mail:
    content = b"From: warga@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nLampu padam\r\n"
    return Mail(id="1", sender="warga@example.org", content=content)
