"""The gateway as a daemon: the real process under a service manager that only listens."""

import asyncio
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from gateway_process import Gateway
from ports import unused_port

SECRET = "a-secret-of-the-tests-only"

# What systemd does for a socket unit: open it, put it at descriptor 3, say for whom it is.
ACTIVATE = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
pid = str(os.getpid()) if sys.argv[2] == "ours" else "1"
os.environ.update(LISTEN_PID=pid, LISTEN_FDS="1", LISTEN_FDNAMES="public")
os.execv(sys.argv[3], sys.argv[3:])
"""


class Manager:
    """A service manager's end of NOTIFY_SOCKET."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.heard: list[str] = []

    async def until(self, word: str) -> str:
        """The first message from now on that holds this word."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(60):
            while True:
                message = (await loop.sock_recv(self._listener, 4096)).decode()
                self.heard.append(message)
                if word in message:
                    return message


@pytest.fixture
async def manager(gateway: Gateway) -> AsyncIterator[Manager]:
    """What the gateway tells."""
    path = gateway.home / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.setblocking(False)  # noqa: FBT003 (its only signature)
        gateway.env["NOTIFY_SOCKET"] = str(path)
        yield Manager(listener)


async def post(gateway: Gateway, number: int, **headers: str) -> int:
    """One SMS; the status, or 0 where no answer came."""
    form = {"from": "+628000000001", "text": f"Jalan rusak {number}", "id": f"sms-{number}"}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{gateway.url}/in/sms", data=form, headers=headers) as response,
        ):
            return response.status
    except aiohttp.ClientError:
        return 0


def stored(gateway: Gateway) -> set[str]:
    """The external ids in the journal."""
    with closing(sqlite3.connect(gateway.data_dir / "gateway.db")) as database:
        return {row[0] for row in database.execute("select external_id from journal")}


def environment_of(gateway: Gateway) -> str:
    """The environment of the process as others on the machine may read it."""
    return Path(f"/proc/{gateway.pid}/environ").read_text()


async def test_ready_means_that_a_request_is_served_and_stored(
    gateway: Gateway, manager: Manager
) -> None:
    """The very first request after READY=1 gets its answer, and the end is announced."""
    await gateway.start(wait=False)
    await manager.until("READY=1")

    status = await post(gateway, 1)
    gateway.signal(signal.SIGTERM)
    await manager.until("STOPPING=1")
    code = await gateway.ended()

    assert (status, code) == (200, 0)
    assert any("sms-1" in key for key in stored(gateway))


async def test_a_watchdog_is_answered_by_the_running_gateway(
    gateway: Gateway, manager: Manager
) -> None:
    """Pings come while the database takes writes."""
    gateway.env["WATCHDOG_USEC"] = "400000"
    await gateway.start()

    pings = [await manager.until("WATCHDOG=1") for _ in range(3)]

    assert pings == ["WATCHDOG=1"] * 3


async def test_stopping_under_load_loses_nothing_that_was_acknowledged(gateway: Gateway) -> None:
    """Every 200 that was given before, during and after SIGTERM is in the journal."""
    await gateway.start()
    first = await post(gateway, 0)
    posts = [asyncio.create_task(post(gateway, number)) for number in range(1, 200)]
    await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
    code = await gateway.stop()
    answers = [first, *await asyncio.gather(*posts)]

    keys = " ".join(stored(gateway)) + " "
    acknowledged = [number for number, status in enumerate(answers) if status == 200]
    assert code == 0
    assert acknowledged
    assert [number for number in acknowledged if f"sms-{number} " not in keys] == []


@pytest.mark.parametrize(("whose", "passed_serves"), [("ours", True), ("theirs", False)])
async def test_a_passed_socket_is_served_if_it_is_for_us(
    gateway: Gateway, whose: str, *, passed_serves: bool
) -> None:
    """With the right LISTEN_PID the public listener is systemd's, with another it is our own."""
    passed = unused_port()
    gateway.prefix = [sys.executable, "-c", ACTIVATE, str(passed), whose]
    await gateway.start()
    gateway.url = f"http://127.0.0.1:{passed}" if passed_serves else gateway.url

    assert await post(gateway, 1) == 200


async def test_a_reload_with_a_mistake_keeps_what_was(gateway: Gateway, manager: Manager) -> None:
    """The manager and the log hear why, and complaints are taken as before."""
    await gateway.start()
    await manager.until("READY=1")
    (gateway.config_dir / "gateway.toml").write_text("[http]\npubic = 1\n")

    gateway.signal(signal.SIGHUP)
    begun = await manager.until("RELOADING=1")
    told = await manager.until("READY=1")

    assert "MONOTONIC_USEC=" in begun
    assert "http.pubic: is not a setting" in told
    assert "http.pubic: is not a setting" in gateway.log
    assert await post(gateway, 1) == 200


async def test_a_reload_takes_a_new_secret(
    gateway: Gateway, manager: Manager, tmp_path: Path
) -> None:
    """Rotating a secret needs no restart where it comes from a file."""
    file = tmp_path / "sms"
    file.write_text(SECRET)
    gateway.settings = {"channels": {"sms": {"secrets": ["sms_secret"]}}}
    gateway.env["LAPOR_SMS_SECRET_FILE"] = str(file)
    await gateway.start()
    await manager.until("READY=1")
    before = await post(gateway, 1, **{"X-Secret": SECRET})

    file.write_text("new-" + SECRET)
    gateway.signal(signal.SIGHUP)
    await manager.until("READY=1")
    old = await post(gateway, 2, **{"X-Secret": SECRET})
    new = await post(gateway, 3, **{"X-Secret": "new-" + SECRET})

    assert (before, old, new) == (200, 403, 200)


async def test_secrets_stay_where_they_are(gateway: Gateway, tmp_path: Path) -> None:
    """A secret from a file is in no log, no metric, no health page and not in the environment."""
    (tmp_path / "sms_secret").write_text(SECRET)
    gateway.settings = {"channels": {"sms": {"secrets": ["sms_secret"]}}}
    gateway.env["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    await gateway.start()
    wrong = await post(gateway, 1, **{"X-Secret": "x" + SECRET})
    right = await post(gateway, 2, **{"X-Secret": SECRET})
    pages = [(await gateway.get(path))[1] for path in ("/metrics", "/health/ready")]
    environment = environment_of(gateway)
    await gateway.stop()

    assert (wrong, right) == (403, 200)
    assert SECRET not in "".join([*pages, environment, gateway.log])


async def test_wrong_settings_end_with_78_and_one_sentence(gateway: Gateway) -> None:
    """EX_CONFIG, which the unit does not restart on."""
    gateway.settings = {"channels": {"sms": {"secrets": ["sms_secret"]}}}
    await gateway.start(wait=False)

    code = await gateway.ended()

    assert code == 78
    assert gateway.log.startswith("lapor-gateway: ")
    assert "channels.sms.secrets[0]: the secret sms_secret is missing" in gateway.log
    assert len(gateway.log.splitlines()) == 1
