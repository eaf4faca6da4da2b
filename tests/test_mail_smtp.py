"""The SMTP and LMTP listeners, spoken to byte by byte."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
import uvloop
from mail_site import (
    CITIZEN,
    FULL_DISK,
    US,
    Inbox,
    conversation,
    listening,
    mail_channel,
    message,
    session,
)

from channels.capture import unpack
from channels.mail_key import external_id

MAIL = b"Message-ID: <1@example.id>\r\nFrom: budi@example.id\r\n\r\nJalan rusak."


async def test_250_follows_the_write() -> None:
    """While the write is under way nothing is acknowledged; 250 comes when it is done."""
    inbox = Inbox(gate=asyncio.Event())
    async with listening(mail_channel(), inbox) as [address], session(address) as talk:
        answer = asyncio.ensure_future(talk.deliver(MAIL))
        await inbox.asked.wait()
        early = answer.done()
        assert inbox.gate is not None
        inbox.gate.set()

        assert (early, (await answer)[:3], len(inbox.rows)) == (False, "250", 1)


async def test_the_journal_gets_envelope_and_bytes() -> None:
    """What is stored is the mail byte for byte, with its envelope and the peer's address."""
    inbox = Inbox()
    async with listening(mail_channel(), inbox) as [address], session(address) as talk:
        await talk.deliver(MAIL, to=[US, "LAPOR+x@LOCALHOST"])
    [(key, payload)] = inbox.rows.items()
    capture = unpack(payload)

    assert capture.body == MAIL + b"\r\n"
    assert capture.headers["mail-from"] == CITIZEN
    assert capture.headers["rcpt-to"] == f"{US},LAPOR+x@LOCALHOST"
    assert capture.headers["peer"] == "127.0.0.1"
    assert key == external_id(MAIL + b"\r\n")


async def test_a_full_disk_is_told_as_451() -> None:
    """What could not be stored is to be sent again, by the sender's own mail server."""
    inbox = Inbox(broken=FULL_DISK)
    async with listening(mail_channel(), inbox) as [address], session(address) as talk:
        answer = await talk.deliver(MAIL)

        assert answer.startswith("451 4.3.0 ")


async def test_a_bug_of_ours_is_told_as_451_and_nothing_more() -> None:
    """An unexpected error is no bounce for the citizen, and its text does not leave the house."""
    inbox = Inbox(broken=KeyError("hunter2"))
    async with listening(mail_channel(), inbox) as [address], session(address) as talk:
        answer = await talk.deliver(MAIL)
        inbox.broken = None
        again = await talk.deliver(MAIL)

        assert answer.startswith("451 4.3.0 ")
        assert "hunter2" not in answer
        assert again.startswith("250 ")


async def test_a_sender_that_hangs_up_does_not_undo_the_write() -> None:
    """The client is gone before our 250; the mail is stored, its repetition has the same key."""
    inbox = Inbox(gate=asyncio.Event())
    channel = mail_channel()
    async with listening(channel, inbox) as [address]:
        async with session(address) as talk:
            asyncio.ensure_future(talk.deliver(MAIL)).add_done_callback(
                lambda done: done.exception()
            )
            await inbox.asked.wait()
        assert inbox.gate is not None
        inbox.gate.set()
        async with session(address) as talk:
            answer = await talk.deliver(MAIL)

        assert (answer[:3], len(inbox.rows)) == ("250", 1)


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        (US, "250"),
        ("Lapor@LocalHost", "250"),
        ("lapor+b-iabc-xyz@localhost", "250"),
        ("lapor-r-iabc-xyz@localhost", "250"),
        ("lapor-marketing@localhost", "550"),
        ("laporan@localhost", "550"),
        ("root@localhost", "550"),
        ("lapor@example.org", "550"),
    ],
)
async def test_only_our_recipients_are_taken(recipient: str, code: str) -> None:
    """Mail for somebody else is refused while its sender is still there to hear it."""
    async with listening(mail_channel(), Inbox()) as [address], session(address) as talk:
        await talk.say(f"MAIL FROM:<{CITIZEN}>")
        answer = await talk.say(f"RCPT TO:<{recipient}>")

        assert answer[:3] == code


async def test_lmtp_answers_once_per_recipient() -> None:
    """Over LMTP each accepted recipient gets its own reply, so that none is sent again."""
    channel = mail_channel(listen="", lmtp_listen="127.0.0.1:0")
    async with listening(channel, Inbox()) as [address], session(address, "LHLO x") as talk:
        first = await talk.deliver(MAIL, to=[US, "nobody@localhost", "lapor+x@localhost"])
        second = await talk.answer()
        third = await talk.say("NOOP")

        assert [first[:9], second[:9], third[:3]] == ["250 2.0.0", "250 2.0.0", "250"]


async def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    """A mail server on the same machine can deliver without any port."""
    channel = mail_channel(listen="", lmtp_listen=f"unix:{tmp_path}/lmtp")
    inbox = Inbox()
    async with listening(channel, inbox) as [address], session(address, "LHLO x") as talk:
        answer = await talk.deliver(MAIL)

        assert (answer[:3], len(inbox.rows)) == ("250", 1)


async def test_an_announced_size_beyond_the_limit_is_refused_at_once() -> None:
    """A sender that tells its size hears 552 before it sends anything."""
    async with conversation(max_bytes=1000) as talk:
        answer = await talk.say(f"MAIL FROM:<{CITIZEN}> SIZE=1001")

        assert answer.startswith("552 ")


async def test_too_large_a_mail_is_refused_after_its_end() -> None:
    """Without an announcement the mail is read, dropped and refused; the session goes on."""
    inbox = Inbox()
    async with conversation(inbox, max_bytes=100_000) as talk:
        answer = await talk.deliver(b"x" * 300_000)
        exactly = await talk.deliver(b"x" * 99_998)

        assert (answer[:9], exactly[:3], len(inbox.rows)) == ("552 5.3.4", "250", 1)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"..\r\n", b".\r\n"),
        (b"a\r\n..b\r\n", b"a\r\n.b\r\n"),
        (b".a\r\n", b"a\r\n"),
        (b"a\n.\nb\r\n", b"a\n.\nb\r\n"),
        (b"a\n.\r\nb\r\n", b"a\n.\r\nb\r\n"),
        (b"a\r.\r\nb\r\n", b"a\r.\r\nb\r\n"),
        (b"x" * 5000 + b"\r\n", b"x" * 5000 + b"\r\n"),
        (b"y" * 200_000 + b"\r\n.\n\r\n", b"y" * 200_000 + b"\r\n\n\r\n"),
    ],
)
async def test_a_mail_ends_at_the_dot_and_nowhere_else(sent: bytes, stored: bytes) -> None:
    """Dots are unstuffed, long lines pass, and line ends alone cannot smuggle in a second mail."""
    inbox = Inbox()
    async with listening(mail_channel(), inbox) as [address], session(address) as talk:
        for line in (f"MAIL FROM:<{CITIZEN}>", f"RCPT TO:<{US}>", "DATA"):
            await talk.say(line)
        talk.writer.write(sent + b".\r\n")
        answer = await talk.answer()
        await talk.say("NOOP")

    assert answer[:3] == "250"
    assert [unpack(payload).body for payload in inbox.rows.values()] == [stored]


async def test_a_mail_in_single_bytes_is_the_same_mail() -> None:
    """However the network cuts the stream, the mail is what was sent."""
    inbox = Inbox()
    async with listening(mail_channel(), inbox) as [address], session(address) as talk:
        for line in (f"MAIL FROM:<{CITIZEN}>", f"RCPT TO:<{US}>", "DATA"):
            await talk.say(line)
        for byte in b".\r\n.\r\n" + MAIL + b"\r\n.\r\n":
            talk.writer.write(bytes([byte]))
            await talk.writer.drain()
        answer = await talk.answer()

        assert answer[:3] == "250"
        assert [unpack(payload).body for payload in inbox.rows.values()] == [b""]


async def test_recipients_of_one_mail_are_limited() -> None:
    """A thousand recipients are not a complaint; the rest may come in another mail."""
    async with conversation(max_recipients=2) as talk:
        await talk.say(f"MAIL FROM:<{CITIZEN}>")
        answers = [await talk.say(f"RCPT TO:<lapor+{n}@localhost>") for n in range(3)]

        assert [answer[:9] for answer in answers] == ["250 2.1.5", "250 2.1.5", "452 4.5.3"]


async def test_connections_are_limited_and_room_is_made_again() -> None:
    """The one too many is told to come back; when another has left, it may."""
    channel = mail_channel(max_connections_per_address=2)
    async with listening(channel, Inbox()) as [address], session(address):
        async with session(address) as second, session(address, "") as third:
            refused = await third.reader.read()
            await second.say("QUIT")
            await second.reader.read()
        async with session(address) as fourth:
            answer = await fourth.say("NOOP")

    assert (refused, answer[:3]) == (b"", "250")


async def test_a_silent_client_is_sent_away() -> None:
    """Who opens a connection and says nothing does not keep it."""
    async with conversation(command_timeout=0.05) as talk:
        assert await talk.reader.read() == b""


async def test_an_address_beyond_ascii_is_taken() -> None:
    """SMTPUTF8: the sender's name may be written in any script."""
    inbox = Inbox()
    async with listening(mail_channel(), inbox) as [address], session(address) as talk:
        await talk.deliver(MAIL, sender="jörg@bücher.example")
    [payload] = inbox.rows.values()

    assert unpack(payload).headers["mail-from"] == "jörg@bücher.example"


async def test_garbage_in_the_envelope_is_stored_and_read() -> None:
    """A sender that is not even UTF-8 neither stops the session nor the reading."""
    inbox = Inbox()
    channel = mail_channel()
    async with listening(channel, inbox) as [address], session(address) as talk:
        await talk.say(b"MAIL FROM:<\xe9\xe8@example.id>")
        await talk.say(f"RCPT TO:<{US}>")
        await talk.say("DATA")
        answer = await talk.say(b"From: x\r\n\r\nHalo\r\n.")
    [payload] = inbox.rows.values()
    result = channel.parse(payload)

    assert answer[:3] == "250"
    assert result == message(b"From: x\r\n\r\nHalo\r\n", sender="éè@example.id")


async def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    """STARTTLS shows the certificate that lies in the files now; no restart, no signal."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    channel = mail_channel(certificate=str(chain), certificate_key=str(key))
    seen = []
    issue(chain, key, "old.example")
    async with listening(channel, Inbox()) as [address]:
        seen.append(await certificate_at(address))
        issue(chain, key, "new.example")
        seen.append(await certificate_at(address))
        chain.write_text("half a certifi")
        seen.append(await certificate_at(address))

    assert [b"old.example" in seen[0], b"new.example" in seen[1], b"new.example" in seen[2]] == [
        True
    ] * 3


def issue(chain: Path, key: Path, name: str) -> None:
    """Make a self-signed certificate."""
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = [
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        "-keyout",
        str(key),
        "-out",
        str(chain),
    ]
    subprocess.run([*request, *files], check=True, capture_output=True)


async def certificate_at(address: str) -> bytes:
    """The certificate the listener shows after STARTTLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with session(address) as talk:
        await talk.say("STARTTLS")
        await talk.writer.start_tls(context)
        await talk.say("EHLO client.example")
        await talk.deliver(MAIL)
        shown: ssl.SSLObject = talk.writer.get_extra_info("ssl_object")
        return shown.getpeercert(binary_form=True) or b""


def test_the_listener_does_the_same_on_uvloop(tmp_path: Path) -> None:
    """The gateway runs on uvloop, whose transports differ in closing and in STARTTLS."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_250_follows_the_write())
        runner.run(test_a_sender_that_hangs_up_does_not_undo_the_write())
        runner.run(test_too_large_a_mail_is_refused_after_its_end())
        runner.run(test_connections_are_limited_and_room_is_made_again())
        runner.run(test_a_silent_client_is_sent_away())
        runner.run(test_a_renewed_certificate_is_used_without_a_restart(tmp_path))

        assert isinstance(runner.get_loop(), uvloop.Loop)
