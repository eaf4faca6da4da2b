"""Reply tokens, bounces and the addresses they travel in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_site import CITIZEN, KEY, US, message, parsed

from channels.contract import DeliveryReport, Ignored
from channels.mail_threads import OurAddresses, chain
from channels.mail_tokens import BOUNCE, LOCAL_PART, MESSAGE, REPLY, Tokens, identity, unwrapped

REPLY_ID = "3f1c2f0a-6f53-5b0e-9a51-0d3f1f6f7a10:receipt:1"
OURS = OurAddresses((US,), Tokens(KEY))
TEXT = f"From: {CITIZEN}\nTo: {US}\nSubject: Re: Jalan\n"


@pytest.mark.parametrize("reply_id", [REPLY_ID, "1", "98765432109", "a b", "Ünïcode", "A_B", ""])
@pytest.mark.parametrize("kind", [REPLY, BOUNCE, MESSAGE])
def test_a_token_gives_the_reply_back(reply_id: str, kind: str) -> None:
    """Any id survives the way through an address, also when somebody upper-cases it."""
    token = Tokens(KEY).sign(kind, reply_id, CITIZEN)

    assert Tokens(KEY).read(kind, token.upper(), ["x@example.org", CITIZEN.upper()]) == reply_id


@given(token=st.text(max_size=60))
def test_no_invented_token_is_believed(token: str) -> None:
    """Whatever somebody writes into the address, without our key it means nothing."""
    assert Tokens(KEY).read(REPLY, token, [CITIZEN]) is None


def test_a_token_is_good_for_one_thing_and_one_person() -> None:
    """Another kind, another address, another key: each makes a token worthless."""
    token = Tokens(KEY).sign(REPLY, REPLY_ID, CITIZEN)

    assert Tokens(KEY).read(BOUNCE, token, [CITIZEN]) is None
    assert Tokens(KEY).read(REPLY, token, ["siti@example.org"]) is None
    assert Tokens(bytes(31) + b"x").read(REPLY, token, [CITIZEN]) is None


def test_our_addresses_fit_into_an_address() -> None:
    """The part before the @ stays within 64 octets; where it cannot, there is no token."""
    long = OurAddresses(("layanan.pengaduan.masyarakat@example.id",), Tokens(KEY))
    made = [OURS.bounce_address(REPLY_ID), OURS.reply_address(REPLY_ID, CITIZEN)]

    assert all(len((address or "").partition("@")[0]) <= LOCAL_PART for address in made)
    assert None not in made
    assert long.bounce_address(REPLY_ID) is None


@pytest.mark.parametrize(
    ("wrapped", "bare"),
    [
        ("prvs=1234abcdef=budi@example.id", "budi@example.id"),
        ("prvs=budi/1234abcdef@example.id", "budi@example.id"),
        ("SRS0=hAsH=TT=example.id=budi@forwarder.example", "budi@example.id"),
        ("SRS0+hAsH=TT=example.id=budi@forwarder.example", "budi@example.id"),
        ("SRS1=hash=first.example==hash=TT=example.id=budi@second.example", "budi@example.id"),
        ("SRS0=hAsH=TT=example.id=prvs=1234abcdef=budi@forwarder.example", "budi@example.id"),
        ("Budi@EXAMPLE.id", "Budi@example.id"),
        ("budi@xn--bcher-kva.example", "budi@bücher.example"),
        ("budi@xn--\uffff.example", "budi@xn--\uffff.example"),
        ("", ""),
    ],
)
def test_wrapped_senders_are_unwrapped(wrapped: str, bare: str) -> None:
    """BATV, SRS and IDN spellings are one person."""
    assert unwrapped(wrapped) == bare
    assert identity(wrapped) == bare.casefold()


def test_an_answer_finds_its_reply_by_address_and_by_thread() -> None:
    """The token in a recipient address comes first, then In-Reply-To, then References."""
    by_address = OURS.reply_address("1", CITIZEN)
    ids = [OURS.message_id(number, CITIZEN) for number in ("2", "3", "4")]
    threads = f"In-Reply-To: {ids[0]}\nReferences: <x@example.org> {ids[1]} {ids[2]}\n"
    result = message(f"{threads}{TEXT}\nMasih rusak.", to=by_address or "")

    assert result.answers == ("1", "2", "4", "3")


def test_the_address_may_stand_in_the_header_only() -> None:
    """A forwarder changes the envelope; To, Delivered-To and X-Original-To still say it."""
    token = OURS.reply_address("1", CITIZEN)
    results = [message(f"{name}: <{token}>\nFrom: x@y\n\nx") for name in ("To", "Delivered-To")]

    assert [result.answers for result in results] == [("1",), ("1",)]


def test_a_minus_does_for_a_plus() -> None:
    """Where a form refused the plus, the citizen typed a minus."""
    token = (OURS.reply_address("1", CITIZEN) or "").replace("+", "-", 1)

    assert message(f"{TEXT}\nx", to=token).answers == ("1",)


@pytest.mark.parametrize(
    "place",
    [
        OURS.reply_address("1", "siti@example.org") or "",
        (OURS.reply_address("1", CITIZEN) or "").replace("@", "x@"),
    ],
)
def test_a_token_that_does_not_fit_attaches_to_nothing(place: str) -> None:
    """A forwarded or altered token makes a new report, and the officer is told."""
    result = message(f"{TEXT}\nx", to=place)

    assert result.answers == ()
    assert "answers a mail of ours that was sent to somebody else" in result.remarks


@pytest.mark.parametrize(
    "doubt",
    ["Authentication-Results: mx; dmarc=fail (p=none)\n", "From: other@example.org\n"],
)
def test_an_unproven_sender_does_not_act_on_a_case(doubt: str) -> None:
    """With a failed DMARC check or two authors the mail is a report of its own."""
    to = OURS.reply_address("1", CITIZEN) or ""
    result = message(f"{doubt}{TEXT}\nx", to=to, authserv_id="mx")

    assert result.answers == ()
    assert "looks like an answer to us, but the sender is not proven" in result.remarks


def test_a_long_chain_keeps_its_ends() -> None:
    """References keep the first, which names the thread, and the last ten."""
    ids = [f"<{number}@example.org>" for number in range(40)]

    assert chain(ids) == [ids[0], *ids[-10:]]


def bounce(status: str, *, returned: str = "", kind: str = "delivery-status") -> str:
    """A delivery status notification as Postfix writes it."""
    return (
        "From: MAILER-DAEMON@mx.example.id\nSubject: Undelivered\nAuto-Submitted: auto-replied\n"
        f"Content-Type: multipart/report; report-type={kind}; boundary=b\n\n--b\n\nSorry.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        f"Final-Recipient: rfc822; {CITIZEN}\n{status}\n"
        f"--b\nContent-Type: message/rfc822\n\nTo: {CITIZEN}\nMessage-ID: {returned}\n\nx\n--b--\n"
    )


@pytest.mark.parametrize(
    ("status", "delivered", "final"),
    [
        ("Action: failed\nStatus: 5.1.1", False, True),
        ("Action: failed\nStatus: 4.4.7", False, True),
        ("Action: delayed\nStatus: 4.4.1", False, False),
        ("Action: delivered\nStatus: 2.0.0", True, True),
        ("Action: relayed\nStatus: 2.0.0", True, True),
        ("Action: odd", False, True),
        ("Action: delivered\n\nAction: failed", False, True),
    ],
)
def test_a_bounce_is_news_about_its_reply(status: str, *, delivered: bool, final: bool) -> None:
    """Failed and expired is final, delayed is not; of several recipients the worst counts."""
    result = parsed(bounce(status), sender="<>", to=OURS.bounce_address(REPLY_ID) or "")

    assert isinstance(result, DeliveryReport)
    assert (result.reply_id, result.delivered, result.final) == (REPLY_ID, delivered, final)


def test_a_bounce_is_known_by_the_mail_it_returns() -> None:
    """Without a token in the address our Message-ID in the returned headers will do."""
    result = parsed(bounce("Action: failed", returned=OURS.message_id("7", CITIZEN)), sender="<>")

    assert result == DeliveryReport(reply_id="7", delivered=False, final=True, detail="failed")


@pytest.mark.parametrize(
    ("subject", "words", "final"),
    [
        ("failure notice", "no mailbox here (#5.1.1)", True),
        ("failure notice", "mailbox gone", True),
        ("Delivery delayed", "will try again", False),
        ("Warning: could not send", "4.2.2 mailbox full", False),
    ],
)
def test_a_bounce_in_plain_words_is_understood(subject: str, words: str, *, final: bool) -> None:
    """Old servers send no report; the token tells the reply, the words tell the rest."""
    mail = f"From: MAILER-DAEMON@x.example\nSubject: {subject}\n\n{words}"
    result = parsed(mail, sender="<>", to=OURS.bounce_address("7") or "")

    assert isinstance(result, DeliveryReport)
    assert (result.reply_id, result.delivered, result.final) == ("7", False, final)


def test_a_bounce_without_our_token_is_backscatter() -> None:
    """Whoever invents a bounce can mark nothing undeliverable and opens no case."""
    forged = bounce("Action: failed", returned="<i7.aaaaaaaaaaaa@localhost>")

    assert parsed(forged, sender="<>") == Ignored(reason="bounce without our token")


def test_no_address_stands_in_the_detail() -> None:
    """What is written down about a bounce names nobody."""
    status = f"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 <{CITIZEN}> unknown"
    result = parsed(bounce(status), sender="<>", to=OURS.bounce_address("7") or "")

    assert isinstance(result, DeliveryReport)
    assert result.detail == "failed 5.1.1 550 <…> unknown"


@pytest.mark.parametrize("kind", ["disposition-notification", "feedback-report"])
def test_other_reports_are_nothing_for_us(kind: str) -> None:
    """Read receipts and abuse reports are no complaints and no bounces."""
    result = parsed(bounce("", kind=kind), to=OURS.bounce_address("7") or "")

    assert isinstance(result, Ignored)
