"""
Citizens and their providers at work: many at once, who repeat whatever was not acknowledged.

Each message has a word of its own in it (its mark), so that it is found again wherever it ends up.
What was acknowledged is remembered; the promise of the gateway is about exactly that.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol

import aiohttp
import aiosmtplib
from gateway_process import Gateway

# What a provider waits before it tries again; real ones take minutes.
AGAIN_SECONDS = 0.2
ANSWER_SECONDS = 20.0
RECIPIENT = "lapor@localhost"
SENDERS = 60
# What a door answers when a message is safe: HTTP 200, 201 and 202, SMTP 250.
SAFE = frozenset({200, 201, 202, 250})
# Of a hundred messages so many are long SMS in parts, and so many are sent once more for nothing.
LONG, REPEATED = 15, 10

_PLACES = ("Melati", "Kenanga", "Flamboyan", "Cempaka", "Anggrek", "Teratai", "Mawar", "Dahlia")
_TROUBLES = ("lampu jalan padam", "sampah menumpuk", "jalan berlubang", "air tidak mengalir")


class Wire(Protocol):
    """What goes over the wire in one piece, the same again until it is acknowledged."""

    @property
    def id(self) -> str:
        """Unique over all channels."""

    async def knock(self, session: aiohttp.ClientSession, gateway: Gateway) -> int:
        """Hand it over once; what was answered, or 0 where nothing was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """One request of an SMS provider."""

    id: str
    sender: str
    text: str
    #: The user data header in hex, for a part of a longer message.
    udh: str = ""
    #: When it was written, as the provider says it.
    sent_at: str = ""

    async def knock(self, session: aiohttp.ClientSession, gateway: Gateway) -> int:
        """See Wire."""
        return await post(session, gateway.url, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail on its way in."""

    id: str
    sender: str
    content: bytes

    async def knock(self, session: aiohttp.ClientSession, gateway: Gateway) -> int:
        """See Wire."""
        del session
        return await submit(gateway.smtp, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one citizen says, and the pieces in which it comes over the wire."""

    mark: str
    channel: str
    text: str
    wires: Sequence[Wire]


class Crowd:
    """Makes up messages, the same ones for one seed."""

    def __init__(self, seed: int, name: str = "q", senders: int = SENDERS, after: int = 0) -> None:
        """Of two crowds that talk to one gateway each needs a name and numbers of its own."""
        self._chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
        self._name = name
        self._senders = senders
        self._made = after

    def say(self, channel: str) -> Message:
        """The next message on this channel."""
        return {"sms": self.sms, "mail": self.mail}[channel]()

    def sms(self) -> Message:
        """A short message, or now and then a long one in parts that come in any order."""
        number, sender = self._next(), self._phone()
        mark = f"{self._name}{number}sms"
        if self._chance.randrange(100) >= LONG:
            text = f"{self._complaint()} {mark}"
            wire = Sms(id=mark, sender=sender, text=text)
            return Message(mark=mark, channel="sms", text=text, wires=(wire,))
        total = self._chance.randint(2, 4)
        texts = [f"{mark} {part} {self._complaint()};" for part in range(1, total + 1)]
        wires = [
            Sms(
                id=f"{mark}-{part}",
                # Phones count from 0 to 255 and begin again: one sender each, so none collide.
                sender=f"+62813{number:08}",
                text=text,
                udh=f"050003{number % 256:02x}{total:02x}{part:02x}",
            )
            for part, text in enumerate(texts, start=1)
        ]
        self._chance.shuffle(wires)
        return Message(mark=mark, channel="sms", text="".join(texts), wires=wires)

    def mail(self) -> Message:
        """A plain mail."""
        mark = f"{self._name}{self._next()}mail"
        text = f"{self._complaint()} {mark}"
        content = EmailMessage(policy=SMTP)
        sender = f"warga{self._chance.randrange(self._senders)}@example.org"
        content["From"], content["To"], content["Subject"] = sender, RECIPIENT, "Laporan"
        content["Date"] = "Sat, 03 Jan 2026 08:30:00 +0700"
        content["Message-ID"] = f"<{mark}@example.org>"
        content.set_content(text)
        wire = Mail(id=mark, sender=sender, content=content.as_bytes())
        return Message(mark=mark, channel="mail", text=text, wires=(wire,))

    def is_repeated(self) -> bool:
        """Whether a provider that heard "ok" sends once more."""
        return self._chance.randrange(100) < REPEATED

    def _next(self) -> int:
        self._made += 1
        return self._made

    def _phone(self) -> str:
        return f"+62812000{self._chance.randrange(self._senders):05}"

    def _complaint(self) -> str:
        trouble, place = self._chance.choice(_TROUBLES), self._chance.choice(_PLACES)
        return f"{trouble} di jalan {place} nomor {self._chance.randrange(10_000)}"


class Load:
    """Clients of one gateway who go on until told to stop, and finish what they began."""

    def __init__(self, gateway: Gateway, crowd: Crowd, *, pause: float = 0.0) -> None:
        """Each client rests for `pause` seconds after a message."""
        self._gateway = gateway
        self._crowd = crowd
        self._pause = pause
        self._stopping = False
        self._told = asyncio.Condition()
        #: What was begun, by its mark; when all clients have ended, all of it is acknowledged.
        self.messages: dict[str, Message] = {}
        #: Wires that were acknowledged, in this order; ids are unique over both channels.
        self.acknowledged: dict[str, Wire] = {}
        #: Answers that were no acknowledgement: HTTP statuses and SMTP codes.
        self.refusals: list[int] = []

    @asynccontextmanager
    async def running(self, **clients: int) -> AsyncIterator["Load"]:
        """So many clients of each channel; at the end each finishes the message it has in hand."""
        async with asyncio.TaskGroup() as group:
            for channel, count in clients.items():
                for _ in range(count):
                    group.create_task(self._client(channel))
            try:
                yield self
            finally:
                self._stopping = True

    async def send(self, *messages: Message) -> None:
        """Send these, one after the other, until they are acknowledged."""
        async with aiohttp.ClientSession(timeout=_timeout()) as session:
            for message in messages:
                await self._deliver(session, message)

    async def acknowledgements(self, more: int) -> None:
        """Wait for so many acknowledgements from now on."""
        goal = len(self.acknowledged) + more
        async with self._told:
            await self._told.wait_for(lambda: len(self.acknowledged) >= goal)

    async def refusal(self, *codes: int) -> None:
        """Wait until somebody was refused with one of these from now on."""
        seen = len(self.refusals)
        async with self._told:
            await self._told.wait_for(lambda: set(self.refusals[seen:]) & set(codes))

    async def _client(self, channel: str) -> None:
        async with aiohttp.ClientSession(timeout=_timeout()) as session:
            while not self._stopping:
                await self._deliver(session, self._crowd.say(channel))
                await asyncio.sleep(self._pause)

    async def _deliver(self, session: aiohttp.ClientSession, message: Message) -> None:
        self.messages[message.mark] = message
        for wire in message.wires:
            # A provider's own patience; nothing tells it when to try again.
            while not await self._try(session, wire):  # noqa: ASYNC110 (see above)
                await asyncio.sleep(AGAIN_SECONDS)
            async with self._told:
                self.acknowledged[wire.id] = wire
                self._told.notify_all()
            if self._crowd.is_repeated():
                await self._try(session, wire)

    async def _try(self, session: aiohttp.ClientSession, wire: Wire) -> bool:
        code = await wire.knock(session, self._gateway)
        if code in SAFE:
            return True
        if code:
            async with self._told:
                self.refusals.append(code)
                self._told.notify_all()
        return False


async def post(session: aiohttp.ClientSession, url: str, sms: Sms) -> int:
    """Hand one SMS over as a provider; the status, or 0 where no answer came."""
    form = {"from": sms.sender, "text": sms.text, "id": sms.id}
    form |= {name: said for name in ("udh", "sent_at") if (said := getattr(sms, name))}
    try:
        async with session.post(f"{url}/in/sms", data=form) as response:
            body = await response.text()
            return response.status if response.status != 200 or body == "ok" else 0
    except (aiohttp.ClientError, TimeoutError):
        return 0


async def submit(address: str, mail: Mail) -> int:
    """Hand one mail over as a mail server; the code, or 0 where no answer came."""
    host, port = address.split(":")
    client = aiosmtplib.SMTP(
        hostname=host, port=int(port), timeout=ANSWER_SECONDS, start_tls=False, use_tls=False
    )
    try:
        async with client:
            await client.sendmail(mail.sender, [RECIPIENT], mail.content)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return refused.recipients[0].code
    except aiosmtplib.SMTPResponseException as refused:
        return max(0, refused.code)
    except (aiosmtplib.SMTPException, OSError):
        return 0
    return 250


def _timeout() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=ANSWER_SECONDS)
