"""Answers by mail: what they look like, and what each reaction of the relay means."""

import json
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from mail_site import (
    CITIZEN,
    KEY,
    SILENCE,
    US,
    FakeRelay,
    Inbox,
    listening,
    mail_channel,
    parsed,
    relay,
)

from channels.contract import (
    Attachment,
    Ignored,
    InboundMessage,
    Outcome,
    Receipt,
    Refused,
    Reply,
    Secret,
    TryLater,
    Uncertain,
)
from channels.mail import NOT_SENT, Mail
from channels.mail_key import external_id
from channels.mail_threads import OurAddresses
from channels.mail_tokens import Tokens

OURS = OurAddresses((US,), Tokens(KEY))
ID = "3f1c2f0a-6f53-5b0e-9a51-0d3f1f6f7a10:receipt:1"


TEXT = "Laporan Anda kami terima.\nKode 7K3M9QX2A."


def reply(text: str = TEXT, /, **back: object) -> Reply:
    """An answer to a mail of the citizen's."""
    to = {"to": CITIZEN, "message_id": "<1@example.id>", "subject": "Jalan rusak", **back}
    return Reply(id=ID, to=json.dumps(to), text=text, subject="Laporan 7K3M9QX2A")


async def sent(answer: Reply, **options: object) -> tuple[EmailMessage, FakeRelay]:
    """The mail as the relay got it."""
    async with relay() as server:
        outcome = await mail_channel(relay=server.address, **options).reply(answer)
    assert isinstance(outcome, Receipt)
    raw = server.mails[0].removesuffix(b".\r\n").replace(b"\r\n.", b"\r\n")
    return message_from_bytes(raw, policy=policy.default), server


async def test_an_answer_threads_and_says_it_is_automatic() -> None:
    """The headers that mail programs thread by, and those that keep machines from answering."""
    mail, server = await sent(reply())

    assert server.commands[1:3] == [
        f"MAIL FROM:<{OURS.bounce_address(ID)}>",
        f"RCPT TO:<{CITIZEN}>",
    ]
    assert {name: str(mail[name]) for name in mail} | {"Date": ""} == {
        "From": "SP4N-LAPOR! <lapor@localhost>",
        "To": CITIZEN,
        "Reply-To": OURS.reply_address(ID, CITIZEN),
        "Subject": "Re: Jalan rusak",
        "Date": "",
        "Message-ID": OURS.message_id(ID, CITIZEN),
        "In-Reply-To": "<1@example.id>",
        "References": "<1@example.id>",
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Loop": US,
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
    }
    assert mail.get_content().splitlines() == ["Laporan Anda kami terima.", "Kode 7K3M9QX2A."]


async def test_long_ids_are_not_folded() -> None:
    """In-Reply-To and References stay readable for the programs that thread by them."""
    ids = [f"<{'x' * 90}{number}@example.id>" for number in range(8)]
    _, server = await sent(reply(message_id=ids[-1], references=ids[:-1]))
    head = server.mails[0].partition(b"\r\n\r\n")[0].decode()

    assert f"\r\nIn-Reply-To: {ids[-1]}\r\n" in head
    assert f"\r\nReferences: {' '.join(ids)}\r\n" in head


async def test_every_try_is_the_same_mail() -> None:
    """An answer sent again has the same Message-ID, so mail programs show it once."""
    first, _ = await sent(reply())
    again, _ = await sent(reply())

    assert first["Message-ID"] == again["Message-ID"]


async def test_our_answer_is_recognised_when_it_comes_back() -> None:
    """Two gateways pointed at each other stop after one exchange."""
    _, server = await sent(reply())
    bounce_address = server.commands[1][len("MAIL FROM:<") : -1]
    other = parsed(server.mails[0], sender=bounce_address, recipients=("aduan@example.org",))

    assert parsed(server.mails[0], sender=bounce_address) == Ignored(
        reason="our own mail came back"
    )
    assert other == Ignored(reason="automatic answer")


async def test_the_citizens_answer_finds_the_case() -> None:
    """Pressing "reply" leads to the address, the thread or both; each is enough."""
    mail, _ = await sent(reply())
    by_address = parsed(f"From: {CITIZEN}\n\nMasih rusak", to=str(mail["Reply-To"]))
    by_thread = parsed(f"From: {CITIZEN}\nIn-Reply-To: {mail['Message-ID']}\n\nMasih rusak")

    assert isinstance(by_address, InboundMessage)
    assert isinstance(by_thread, InboundMessage)
    assert (by_address.answers, by_thread.answers) == ((ID,), (ID,))


@pytest.mark.parametrize(
    "hostile",
    [
        {"subject": "x\r\nBcc: victim@example.org"},
        {"message_id": "<x>\r\nBcc: victim@example.org"},
        {"references": ["<x>\nBcc: victim@example.org"]},
        {"subject": "x\u2028Bcc: victim@example.org"},
    ],
)
async def test_no_header_can_be_smuggled_in(hostile: dict[str, object]) -> None:
    """Line breaks in what a citizen wrote end in no header of our mail."""
    mail, _ = await sent(reply(TEXT, **hostile))

    assert "Bcc" not in mail


@pytest.mark.parametrize(
    "to",
    ["budi@example.id>\r\nRCPT TO:<x@example.org", "no address", "", "a@b, c@d", "x\n@example.id"],
)
async def test_an_address_that_is_none_is_refused(to: str) -> None:
    """Nothing is sent to what cannot be one address, and it will never be tried again."""
    async with relay() as server:
        outcome = await mail_channel(relay=server.address).reply(reply(to=to))

    assert (type(outcome), server.commands) == (Refused, [])


async def test_lines_of_dots_and_umlauts_arrive() -> None:
    """The text is transferred as it is, dots at line starts included."""
    text = ".\n..\nPerbaikan: €1.000 — selesai\n" + "panjang " * 300
    mail, _ = await sent(reply(text))

    assert str(mail.get_content()).split() == text.split()


async def test_an_idn_domain_goes_out_in_ascii() -> None:
    """Mail servers get the domain as DNS knows it."""
    _, server = await sent(reply(to="budi@bücher.example"))

    assert server.commands[2] == "RCPT TO:<budi@xn--bcher-kva.example>"


async def test_an_address_beyond_ascii_needs_the_relay_to_know_it() -> None:
    """Without SMTPUTF8 such a mail cannot be sent at all."""
    async with relay() as without, relay(EHLO="250-relay\r\n250 SMTPUTF8") as knowing:
        channels = [mail_channel(relay=server.address) for server in (without, knowing)]
        outcomes = [await channel.reply(reply(to="jörg@example.id")) for channel in channels]

    assert isinstance(outcomes[0], Refused)
    assert isinstance(outcomes[1], Receipt)
    assert knowing.commands[1].endswith(" SMTPUTF8")


OUTCOMES: list[tuple[dict[str, str | None], type[Outcome]]] = [
    ({}, Receipt),
    ({"greeting": "421 busy"}, TryLater),
    ({"greeting": "554 go away"}, TryLater),
    ({"greeting": None}, TryLater),
    ({"greeting": "nonsense"}, TryLater),
    ({"greeting": SILENCE}, TryLater),
    ({"MAIL": "451 later"}, TryLater),
    ({"MAIL": "550 no"}, Refused),
    ({"MAIL": None}, TryLater),
    ({"RCPT": "450 greylisted"}, TryLater),
    ({"RCPT": "550 unknown"}, Refused),
    ({"RCPT": SILENCE}, TryLater),
    ({"DATA": "451 later"}, TryLater),
    ({"DATA": "554 no"}, Refused),
    ({"DATA": None}, TryLater),
    ({"DATA": SILENCE}, TryLater),
    ({"dot": "451 later"}, TryLater),
    ({"dot": "554 spam"}, Refused),
    ({"dot": None}, Uncertain),
    ({"dot": SILENCE}, Uncertain),
    ({"dot": "nonsense"}, Uncertain),
    ({"QUIT": None}, Receipt),
    ({"QUIT": "500 what"}, Receipt),
]


@pytest.mark.parametrize(("script", "outcome"), OUTCOMES)
async def test_every_reaction_has_its_outcome(
    script: dict[str, str | None], outcome: type[Outcome]
) -> None:
    """4xx and silence before the dot: again later; 5xx: never; silence after the dot: unknown."""
    async with relay(**script) as server:
        result = await mail_channel(relay=server.address, relay_timeout=0.2).reply(reply())

    assert type(result) is outcome


async def test_nobody_listening_is_weather(free_port: int) -> None:
    """A relay that is down is tried again."""
    result = await mail_channel(relay=f"127.0.0.1:{free_port}").reply(reply())

    assert isinstance(result, TryLater)


async def test_a_relay_without_tls_is_not_given_the_password() -> None:
    """Where STARTTLS is asked for and not offered, nothing goes out in the clear."""
    options = {
        "relay_security": "starttls",
        "relay_username": "u",
        "relay_password": Secret("hunter2"),
    }
    async with relay(EHLO="250-relay\r\n250 AUTH PLAIN") as server:
        result = await mail_channel(relay=server.address, **options).reply(reply())

    assert isinstance(result, TryLater)
    assert [command.split()[0] for command in server.commands if "AUTH" in command] == []


async def test_without_a_relay_the_answer_is_kept() -> None:
    """The embedded default sends nothing anywhere, and `check` says so."""
    channel = mail_channel()

    assert await channel.reply(reply()) == Receipt(reference=NOT_SENT)
    assert any("relay is empty" in problem for problem in channel.problems())


async def test_bounces_may_be_switched_off() -> None:
    """With a null sender no bounce comes back at all."""
    _, server = await sent(reply(), bounces="none")

    assert server.commands[1] == "MAIL FROM:<>"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"listen": "0.0.0.0:25"}, "open to others without a certificate"),
        ({"listen": "[::1]:2525", "relay": "127.0.0.1:25", "recipients": ("a@example.id",)}, ""),
        ({}, "recipients is still lapor@localhost"),
    ],
)
def test_check_says_what_is_left_undone(options: dict[str, object], said: str) -> None:
    """`lapor-gateway check` names what an operator forgot."""
    problems = Mail(Mail.Options(**options), KEY).problems()  # type: ignore[arg-type]

    assert any(said in problem for problem in problems) if said else problems == []


@pytest.mark.parametrize(
    "options",
    [
        {"recipients": ()},
        {"recipients": ("lapor",)},
        {"recipients": ("a@b, c@d",)},
        {"listen": "2525"},
        {"relay": "mail.example.id"},
        {"certificate": "chain.pem"},
    ],
)
def test_settings_that_say_nothing_are_refused(options: dict[str, object]) -> None:
    """A setting that cannot work ends the start, not the first mail."""
    with pytest.raises(ValueError, match=r"must be|form|need"):
        Mail.Options(**options)  # type: ignore[arg-type]


async def test_a_played_citizen_is_taken_in() -> None:
    """`lapor-gateway send mail` sends a whole mail with files and knows its key beforehand."""
    inbox = Inbox()
    channel = mail_channel()
    files = (Attachment(name="foto.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n"),)
    async with listening(channel, inbox) as [address]:
        played = await channel.simulate(
            "Jalan rusak\ndi RT 03", sender=CITIZEN, files=files, at=address
        )
    [(key, payload)] = inbox.rows.items()
    result = channel.parse(payload)

    assert (played.external_id, played.accepted, played.answer) == (key, True, "250 2.0.0 Stored")
    assert isinstance(result, InboundMessage)
    assert (result.sender, result.text, result.attachments) == (
        CITIZEN,
        "Jalan rusak\ndi RT 03\n",
        files,
    ) or result.text.strip() == "Jalan rusak\ndi RT 03"


async def test_a_played_citizen_hears_a_refusal(free_port: int) -> None:
    """Nobody listening is told in one line."""
    played = await mail_channel().simulate(
        "x", sender="Budi", files=(), at=f"127.0.0.1:{free_port}"
    )

    assert (played.accepted, bool(played.answer)) == (False, True)


def test_the_key_of_a_played_mail_is_that_of_the_listener() -> None:
    """One function computes both."""
    assert external_id(b"Message-ID: <1@x>\r\n\r\n") == external_id(b"Message-Id:  <1@x>\r\n\r\n")
