"""Real mail programs at the other end: Postfix before and behind us, swaks as a client."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiosmtplib
import peers
import pytest
from mail_site import CITIZEN, FULL_DISK, US, Inbox, listening, mail_channel
from postfix import DEADLINE, Postfix, Sink, running_postfix, running_sink

from channels.contract import DeliveryReport, Ignored, InboundMessage, Parsed, Receipt, Reply
from channels.mail import Mail

pytestmark = pytest.mark.peer


@dataclass
class Town:
    """A gateway's mail channel, a mail server, and the mailboxes of its citizens."""

    channel: Mail
    inbox: Inbox
    postfix: Postfix
    sink: Sink

    async def send(
        self, mail: bytes, *, to: tuple[str, ...] = (US,), sender: str = CITIZEN
    ) -> None:
        """A citizen's mail, handed to Postfix."""
        host, _, port = self.postfix.address.rpartition(":")
        async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as client:
            await client.mail(sender)
            for recipient in to:
                await client.rcpt(recipient)
            await client.data(mail)

    async def parsed(self) -> list[Parsed]:
        """What arrived, read, once the queue of Postfix is empty."""
        await self.postfix.until_delivered()
        return [self.channel.parse(payload) for payload in self.inbox.rows.values()]

    async def answer(self, message: InboundMessage, number: str = "1") -> None:
        """Our receipt for a message, through Postfix."""
        reply = Reply(
            id=number, to=message.return_address or "", text="Kami terima. Kode 7K3M9QX2A."
        )
        assert isinstance(await self.channel.reply(reply), Receipt)


@asynccontextmanager
async def town(protocol: str = "smtp") -> AsyncIterator[Town]:
    """Postfix in front of the channel by this protocol and behind it as relay."""
    inbox, listen = Inbox(), {"listen": "", "lmtp_listen": "127.0.0.1:0"}
    door = mail_channel(**(listen if protocol == "lmtp" else {}))
    async with listening(door, inbox) as [address], running_sink() as sink:
        host, _, port = address.rpartition(":")
        hop = f"lmtp:inet:{address}" if protocol == "lmtp" else f"smtp:[{host}]:{port}"
        starting = running_postfix(hop, sink.address)
        postfix = await asyncio.to_thread(starting.__enter__)
        try:
            yield Town(mail_channel(relay=postfix.address), inbox, postfix, sink)
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)


def mail(text: str = "Jalan rusak.", *, number: int = 1, headers: str = "") -> bytes:
    """A citizen's mail."""
    head = f"Message-ID: <{number}@example.id>\nFrom: Budi <{CITIZEN}>\nTo: {US}\n"
    return f"{head}Subject: Jalan\n{headers}\n{text}\n".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_postfix_delivers_each_mail_once(protocol: str) -> None:
    """Many mails, some to two of our addresses at once: each arrives, each is stored once."""
    async with town(protocol) as place:
        mails = [mail(f"Jalan {number}", number=number) for number in range(20)]
        await asyncio.gather(*(place.send(one, to=(US, "lapor+x@localhost")) for one in mails))
        results = await place.parsed()

    texts = sorted(result.text for result in results if isinstance(result, InboundMessage))
    assert texts == sorted(f"Jalan {number}" for number in range(20))


async def test_postfix_waits_while_the_disk_is_full() -> None:
    """451 keeps the mail in Postfix's queue; when there is room again it arrives, once."""
    async with town() as place:
        place.inbox.broken = FULL_DISK
        await place.send(mail())
        await place.inbox.asked.wait()
        waiting = place.postfix.queued()
        place.inbox.broken = None
        results = await place.parsed()

    assert (waiting, len(results)) == (1, 1)


async def test_odd_bytes_pass_through_postfix() -> None:
    """Long lines, eight bits, dots and bare headers arrive as words."""
    text = "." + "panjang " * 400 + "\n..\n.titik\nkäfé"
    async with town() as place:
        await place.send(mail(text))
        [result] = await place.parsed()

    assert isinstance(result, InboundMessage)
    # Postfix breaks lines after 2048 octets for us, so white space is not compared.
    assert "".join(result.text.split()) == "".join(text.split())


async def test_a_receipt_goes_out_and_the_conversation_goes_on() -> None:
    """Receipt through Postfix, out-of-office answer ignored, the citizen's answer recognised."""
    async with town() as place:
        await place.send(mail())
        [message] = await place.parsed()
        assert isinstance(message, InboundMessage)
        await place.answer(message)
        receipt = await place.sink.next()
        reply_to, own_id = (
            header(receipt.content, "Reply-To"),
            header(receipt.content, "Message-ID"),
        )
        away = mail("Cuti.", number=2, headers="Auto-Submitted: auto-replied\n")
        await place.send(away, sender="", to=(receipt.mail_from or "",))
        await place.send(
            mail("Masih rusak.", number=3, headers=f"In-Reply-To: {own_id}\n"), to=(reply_to,)
        )
        results = await place.parsed()

    assert receipt.rcpt_tos == [CITIZEN]
    assert Ignored(reason="automatic answer") in results
    assert [r.answers for r in results if isinstance(r, InboundMessage)] == [(), ("1",)]


async def test_a_bounce_of_postfix_is_news_about_the_receipt() -> None:
    """The mailbox is gone: Postfix bounces to our token address, and the reply is known by it."""
    async with town() as place:
        await place.send(mail())
        [message] = await place.parsed()
        assert isinstance(message, InboundMessage)
        place.sink.unknown.add(CITIZEN)
        place.inbox.rows.clear()
        place.inbox.asked.clear()
        await place.answer(message, "77")
        await asyncio.wait_for(place.inbox.asked.wait(), DEADLINE)
        [report] = await place.parsed()

    assert isinstance(report, DeliveryReport)
    assert (report.reply_id, report.delivered, report.final) == ("77", False, True)
    assert "5.1.1" in report.detail


@pytest.mark.parametrize("protocol", ["SMTP", "LMTP"])
async def test_swaks_delivers(protocol: str) -> None:
    """The usual test client gets its 250 over both protocols."""
    swaks = peers.need("swaks")
    inbox = Inbox()
    options = {"listen": "", "lmtp_listen": "127.0.0.1:0"} if protocol == "LMTP" else {}
    channel = mail_channel(**options)
    async with listening(channel, inbox) as [address]:
        host, _, port = address.rpartition(":")
        command = [
            str(swaks),
            "--server",
            host,
            "-p",
            port,
            "--protocol",
            protocol,
            "--from",
            CITIZEN,
        ]
        command += [
            "--to",
            US,
            "--helo",
            "me.example",
            "--header",
            "Subject: Jalan",
            "--body",
            "Rusak.",
        ]
        run = await asyncio.to_thread(finished, command)
        [result] = [channel.parse(payload) for payload in inbox.rows.values()]

    assert run.returncode == 0, run.stdout
    assert isinstance(result, InboundMessage)
    assert (result.title, result.text.strip()) == ("Jalan", "Rusak.")
    assert result.return_address is not None


def finished(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """The program, run to its end."""
    return subprocess.run(command, check=False, capture_output=True, timeout=DEADLINE)


def header(content: bytes | str | None, name: str) -> str:
    """One header of a mail as sent."""
    assert isinstance(content, bytes)
    lines = content.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return next(line.partition(": ")[2] for line in lines if line.startswith(f"{name}: "))
