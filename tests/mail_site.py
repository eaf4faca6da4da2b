"""What the mail tests share: an inbox that remembers, a running channel, a relay that obeys."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from doors import LeanInbox

from channels import contract
from channels.capture import pack
from channels.contract import (
    Accepted,
    Cursor,
    Delivery,
    InboundMessage,
    NotStored,
    Parsed,
    PublicStatus,
)
from channels.mail import Mail
from gateway.taking_in import taking_in

KEY = bytes(32)
US = "lapor@localhost"
CITIZEN = "budi@example.id"


@dataclass
class Inbox(LeanInbox):
    """Stores in memory; `broken` is raised instead, `gate` holds the write up until it is set."""

    rows: dict[str, bytes] = field(default_factory=dict)
    broken: Exception | None = None
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Remember what came, as the journal would."""
        del cursor
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise self.broken
        new = [self.rows.setdefault(d.external_id, d.payload) is d.payload for d in deliveries]
        return [Accepted(id=len(self.rows), new=one) for one in new]

    def case_code(self, accepted: Accepted) -> str:
        """Not asked for by this channel."""
        return f"CODE{accepted.id}"

    async def status(self, case_code: str) -> PublicStatus | None:
        """Not asked for by this channel."""
        raise NotImplementedError


FULL_DISK = NotStored("no space left")


def mail_channel(**options: object) -> Mail:
    """The channel with these options and a port of its own."""
    return Mail(Mail.Options(**{"listen": "127.0.0.1:0", **options}), KEY)  # type: ignore[arg-type]


@asynccontextmanager
async def listening(channel: Mail, inbox: contract.Inbox) -> AsyncIterator[list[str]]:
    """The channel's listeners, as bound."""
    task = asyncio.create_task(taking_in(channel, inbox))
    while not all(map(_is_open, channel.listening_on())):
        await asyncio.sleep(0)
        if task.done():
            await task
    try:
        yield list(channel.listening_on())
    finally:
        task.cancel()
        await asyncio.wait([task])


def _is_open(address: str) -> bool:
    return Path(address[5:]).exists() if address.startswith("unix:") else address[-2:] != ":0"


def received(mail: str | bytes, *, sender: str = CITIZEN, to: str = US) -> bytes:
    """Journal bytes of a mail, line ends made those of SMTP."""
    raw = mail if isinstance(mail, bytes) else mail.replace("\n", "\r\n").encode()
    return pack("smtp", {"Mail-From": sender, "Rcpt-To": to, "Peer": "127.0.0.1"}, raw)


def parsed(mail: str | bytes, *, sender: str = CITIZEN, to: str = US, **options: object) -> Parsed:
    """What the channel makes of a mail."""
    return mail_channel(**options).parse(received(mail, sender=sender, to=to))


def message(
    mail: str | bytes, *, sender: str = CITIZEN, to: str = US, **options: object
) -> InboundMessage:
    """What the channel makes of a mail that is a message."""
    result = parsed(mail, sender=sender, to=to, **options)
    assert isinstance(result, InboundMessage)
    return result


@dataclass
class Session:
    """One SMTP conversation, line by line."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> str:
        """The next reply, all of its lines."""
        lines = [await self.reader.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(await self.reader.readline())
        return b"".join(lines).decode()

    async def say(self, line: str | bytes) -> str:
        """Send a line, give the reply."""
        self.writer.write((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return await self.answer()

    async def deliver(
        self, mail: bytes, *, sender: str = CITIZEN, to: Sequence[str] = (US,)
    ) -> str:
        """A whole mail; the reply to its last line."""
        await self.say(f"MAIL FROM:<{sender}>")
        for recipient in to:
            await self.say(f"RCPT TO:<{recipient}>")
        await self.say("DATA")
        return await self.say(mail + b"\r\n.")


@asynccontextmanager
async def session(address: str, greeting: str = "EHLO client.example") -> AsyncIterator[Session]:
    """A conversation with the listener at this address."""
    if address.startswith("unix:"):
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    talk = Session(reader, writer)
    await talk.answer()
    if greeting:
        await talk.say(greeting)
    try:
        yield talk
    finally:
        writer.close()


@dataclass
class FakeRelay:
    """An SMTP server that follows a script: what it answers to a verb, or None to hang up."""

    script: dict[str, str | None]
    mails: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    address: str = ""
    talks: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.talks.append(asyncio.current_task())
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):  # the client was ended
                await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = "greeting"
        while (answer := self.script.get(verb, DEFAULTS.get(verb, "250 OK"))) is not None:
            if answer == SILENCE:
                await reader.read()
                return
            writer.write(f"{answer}\r\n".encode())
            if verb == "DATA" and answer.startswith("354"):
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                verb = "dot"
                continue
            line = (await reader.readline()).decode()
            if not line:
                return
            self.commands.append(line.strip())
            verb = line.split()[0].upper()


SILENCE = "…"
DEFAULTS: dict[str, str | None] = {
    "greeting": "220 relay",
    "DATA": "354 go on",
    "dot": "250 queued",
}

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


@asynccontextmanager
async def relay(**script: str | None) -> AsyncIterator[FakeRelay]:
    """A relay on loopback that answers as told."""
    fake = FakeRelay(dict(script))
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield fake
        await asyncio.wait(filter(None, fake.talks)) if fake.talks else None


@asynccontextmanager
async def conversation(inbox: Inbox | None = None, **options: object) -> AsyncIterator[Session]:
    """A channel with these options, and a client that has said hello."""
    channel = mail_channel(**options)
    async with listening(channel, inbox or Inbox()) as [address], session(address) as talk:
        yield talk
