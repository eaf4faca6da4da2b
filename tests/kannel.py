"""
A real Kannel: bearerbox and smsbox on free loopback ports, and the telephones at its far end.

The telephones are us: Kannel's fake SMSC speaks one line per SMS over TCP, to one client at a time,
so `Telephones` keeps its connection open as long as answers are awaited. Kannel does not stop on
SIGTERM while its queue holds anything; its folder is thrown away, so it is killed.
Kannel 1.4.5 user guide, "Fake SMSC"; sheet of its HTTP interface: channels/README.md.
"""

import asyncio
import contextlib
import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

import aiohttp
import peers
import pytest
from ports import unused_port

_STARTED = 60
_ANSWER = 60
# Somebody else may take a port between our look at it and Kannel's; then it starts on others.
_TRIES = 5

_CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = adm
smsbox-port = {box}
smsbox-interface = 127.0.0.1
store-type = spool
store-location = {store}
log-file = {log}/bearerbox.log
log-level = 1
sms-combine-concatenated-mo = {combine}

group = smsc
smsc = fake
smsc-id = fake1
port = {smsc}
our-host = 127.0.0.1
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789 +-"
log-file = {log}/smsbox.log
log-level = 1
mo-recode = {recode}
http-request-retry = 50
http-queue-delay = 1

group = sendsms-user
username = gateway
password = invented
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
omit-empty = true
assume-plain-text = true
max-messages = 3
concatenation = true
accept-x-kannel-headers = true
send-sender = true
{hook}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """One SMS as a telephone got it; `header` is its UDH."""

    sender: str
    receiver: str
    text: str
    header: bytes = b""


class Telephones:
    """Every telephone of the invented operator, behind the one connection the fake SMSC takes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def text(self, sender: str, receiver: str, text: str) -> None:
        """Send an SMS in the GSM alphabet (written as UTF-8); it must fit into one."""
        await self._say(sender, receiver, b"text " + text.encode())

    async def ucs2(self, sender: str, receiver: str, text: str) -> None:
        """Send an SMS in UCS-2."""
        await self._say(sender, receiver, b"ucs2 " + _quoted(text.encode("utf-16-be")))

    async def octets(self, sender: str, receiver: str, octets: bytes) -> None:
        """Send an SMS of octets that are no text."""
        await self._say(sender, receiver, b"data " + _quoted(octets))

    async def part(self, sender: str, receiver: str, text: str, header: bytes) -> None:
        """Send one part of a longer SMS."""
        await self._say(sender, receiver, b"udh-text %b " % _quoted(header) + text.encode())

    async def receive(self) -> Sms:
        """The next SMS any telephone gets."""
        line = await asyncio.wait_for(self._reader.readline(), _ANSWER)
        sender, receiver, kind, content = line.rstrip(b"\n").split(b" ", 3)
        header = b""
        if kind == b"udh":
            quoted, kind, content = content.split(b" ", 2)
            header = unquote_to_bytes(quoted)
        text = content.decode() if kind == b"text" else _decoded(kind, content)
        return Sms(sender=sender.decode(), receiver=receiver.decode(), text=text, header=header)

    async def hang_up(self) -> None:
        """Close the connection; what comes now waits in Kannel."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _say(self, sender: str, receiver: str, content: bytes) -> None:
        self._writer.write(f"{sender} {receiver} ".encode() + content + b"\n")
        await self._writer.drain()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kannel:
    """A running Kannel; its logs are in the folder."""

    folder: Path
    admin_port: int
    smsc_port: int
    #: For `send_url`; the account is gateway / invented.
    send_url: str

    async def telephones(self) -> Telephones:
        """Connect as the operator's network."""
        return Telephones(*await asyncio.open_connection("127.0.0.1", self.smsc_port))

    async def is_up(self) -> bool:
        """Whether bearerbox runs and an smsbox is connected to it."""
        url = f"http://127.0.0.1:{self.admin_port}/status.txt?password=adm"
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                status = await response.text()
        except aiohttp.ClientError:
            return False
        return "smsbox:" in status and bool(re.search(r"smsbox:.*on-line", status))


@contextlib.asynccontextmanager
async def running_kannel(
    folder: Path, hook: str, *, recode: bool = False, combine: bool = True
) -> AsyncIterator[Kannel]:
    """
    Kannel that calls `hook` for every SMS: a line such as `post-url = "http://…?id=%I&ts=%T"`.

    `recode` turns UCS-2 into UTF-8 on the way, `combine` joins the parts of long SMS.
    """
    bearerbox, smsbox = peers.need("bearerbox"), peers.need("smsbox")
    switches = {"recode": recode, "combine": combine}
    async with contextlib.AsyncExitStack() as running:
        for number in range(_TRIES):
            ports = {name: unused_port() for name in ("admin", "box", "smsc", "sendsms")}
            configuration = _written(folder / str(number), ports, hook=hook, **switches)
            kannel = Kannel(
                folder=configuration.parent,
                admin_port=ports["admin"],
                smsc_port=ports["smsc"],
                send_url=f"http://127.0.0.1:{ports['sendsms']}/cgi-bin/sendsms",
            )
            box = await running.enter_async_context(_started(bearerbox, configuration))
            if not await _until(box, partial(_listening, ports["box"])):
                continue
            sms = await running.enter_async_context(_started(smsbox, configuration))
            if await _until(sms, kannel.is_up):
                break
        else:
            pytest.fail(f"Kannel does not start, see the logs in {folder}")
        yield kannel


def _written(folder: Path, ports: dict[str, int], *, hook: str, **switches: bool) -> Path:
    store = folder / "store"
    store.mkdir(parents=True)
    configuration = folder / "kannel.conf"
    words = {name: str(value).lower() for name, value in switches.items()}
    configuration.write_text(
        _CONFIGURATION.format(**ports, **words, store=store, log=folder, hook=hook)
    )
    return configuration


@contextlib.asynccontextmanager
async def _started(program: Path, configuration: Path) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        str(program),
        "-v",
        "4",
        str(configuration),
        cwd=configuration.parent,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _until(process: Process, ready: Callable[[], Awaitable[bool]]) -> bool:
    """Wait until it is ready; False when the process ended instead, or says nothing for long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_STARTED):
            while process.returncode is None:
                if await ready():
                    return True
                await asyncio.sleep(0.05)
    return False


async def _listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _quoted(octets: bytes) -> bytes:
    return quote_from_bytes(octets, safe="").encode()


def _decoded(kind: bytes, quoted: bytes) -> str:
    octets = unquote_to_bytes(quoted.replace(b"+", b" "))
    return octets.decode("utf-16-be" if kind == b"ucs-2" else "latin-1")
