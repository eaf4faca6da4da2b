"""The main job on real mail: a real Postfix before and behind the running gateway."""

import asyncio
import re
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib
import pytest
from aiosmtpd.smtp import Envelope
from gateway_process import Gateway
from ledger import assert_proven, central, rows, until_drained, until_recorded
from postfix import Postfix, Sink, running_postfix, running_sink

pytestmark = pytest.mark.peer

MAILS = 100
US = "lapor@localhost"
KINDS = ("plain", "html", "attachment", "broken")


def written(number: int) -> bytes:
    """Mail number so-and-so; the kinds take turns."""
    kind, mark = KINDS[number % len(KINDS)], f"tanda{number}x"
    if kind == "broken":
        return _broken(number, mark)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = f"Warga <{citizen(number)}>", US
    mail["Subject"], mail["Message-ID"] = f"Laporan {number}", f"<{number}@example.org>"
    words = f"Jalan berlubang di Cempaka nomor {number}, {mark}. Terima kasih, Ñoño."
    if kind == "html":
        mail.set_content(f"<p>{words}</p><script>jahat()</script>", subtype="html")
    else:
        mail.set_content(words)
    if kind == "attachment":
        content = f"gambar {number}".encode()
        mail.add_attachment(content, maintype="image", subtype="jpeg", filename="foto jalan.jpg")
    return mail.as_bytes()


def _broken(number: int, mark: str) -> bytes:
    """MIME of four sorts that no standard allows."""
    head = f"From: {citizen(number)}\r\nTo: {US}\r\nSubject: Laporan\r\n".encode()
    words = f"Air mati di Kenanga {number} {mark}".encode()
    coded = b64encode(words + b" lagi dan lagi dan lagi")[:-3]
    encoding = b"Content-Transfer-Encoding: "
    bodies = (
        b'Content-Type: multipart/mixed; boundary="nowhere"\r\n\r\n' + words,
        b"Content-Type: text/plain; charset=klingon\r\n" + encoding + b"rot13\r\n\r\n" + words,
        b"Content-Type: text/plain\r\n" + encoding + b"base64\r\n\r\n" + coded,
        b"\r\n" + words + b" \xe9\xff caf\xe9",
    )
    return head + bodies[number // len(KINDS) % len(bodies)] + b"\r\n"


def citizen(number: int) -> str:
    """Who wrote it."""
    return f"warga{number}@example.org"


def out_of_office(receipt: Envelope) -> bytes:
    """What a mailbox on holiday answers to our receipt."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = receipt.rcpt_tos[0], receipt.mail_from
    mail["Subject"], mail["Message-ID"] = "Cuti", "<cuti@example.org>"
    mail["Auto-Submitted"] = "auto-replied"
    mail.set_content("Saya sedang cuti sampai Senin.")
    return mail.as_bytes()


async def hand_over(postfix: Postfix, mail: bytes, *, sender: str, to: str = US) -> None:
    """Give one mail to Postfix, as a mail program does."""
    host, port = postfix.address.split(":")
    async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as client:
        await client.mail(sender)
        await client.rcpt(to)
        await client.data(mail)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """The mailboxes of all citizens."""
    async with running_sink() as mailboxes:
        yield mailboxes


@pytest.fixture
def postfix(gateway: Gateway, sink: Sink) -> Iterator[Postfix]:
    """The operator's mail server: before the gateway, and behind it as its relay."""
    host, port = gateway.smtp.split(":")
    with running_postfix(f"smtp:[{host}]:{port}", sink.address) as running:
        yield running


@pytest.mark.slow
async def test_a_hundred_mails_are_a_hundred_records_and_receipts(
    gateway: Gateway, postfix: Postfix, sink: Sink
) -> None:
    """
    Every mail Postfix relays is one record, also those that came while the gateway was stopped.

    Each citizen gets one receipt, and an out-of-office answer to it is not answered.
    """
    gateway.settings = {"channels": {"mail": {"relay": postfix.address}}}
    await gateway.start()
    for number in range(MAILS):
        if number == MAILS // 3:
            await gateway.stop()
        await hand_over(postfix, written(number), sender=citizen(number))
    waiting = await asyncio.to_thread(postfix.queued)
    await gateway.start()
    await postfix.until_delivered()
    await until_recorded(gateway, MAILS)
    receipts = [await sink.next() for _ in range(MAILS)]
    answer = out_of_office(receipts[0])
    await hand_over(postfix, answer, sender="", to=receipts[0].mail_from or "")
    await postfix.until_delivered()
    await until_drained(gateway)
    await postfix.until_delivered()
    await gateway.stop()
    records = central(gateway, "select text, case_code, attachments, revision from records")
    files = Counter(
        name for record in records for name in re.findall('"name":"([^"]+)"', record[2])
    )
    told = Counter(receipt.rcpt_tos[0] for receipt in receipts)
    codes = {code for _, code, *_ in records}

    assert waiting > 0
    marks = Counter(mark for text, *_ in records for mark in re.findall(r"tanda\d+x", text))
    assert marks == Counter(f"tanda{number}x" for number in range(MAILS))
    assert len(records) == MAILS
    assert {revision for *_, revision in records} == {1}
    assert not [text for text, *_ in records if "jahat" in text or "Ã" in text]
    assert files["foto jalan.jpg"] == MAILS // len(KINDS)
    assert told == Counter(citizen(number) for number in range(MAILS))
    assert {code for receipt in receipts for code in codes if code in str(receipt.content)} == codes
    assert sink.mails.empty()
    assert rows(gateway, "select reason from work where state = 'ignored'") == [
        ("automatic answer",)
    ]
    await assert_proven(gateway)
