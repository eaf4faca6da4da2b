"""Which mail gets no automatic answer, and which is one."""

import pytest
from mail_site import CITIZEN, US, message, parsed

from channels.contract import Ignored, InboundMessage

HEAD = f"From: {CITIZEN}\nSubject: Jalan rusak\n"


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-notified; owner-email=x",
        "Precedence: bulk",
        "Precedence: list",
        "Precedence: Junk",
        "List-Id: <warga.example.org>",
        "List-Unsubscribe: <https://example.org>",
        "Mailing-List: contact x",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-Auto-Response-Suppress: All",
        "X-Spam-Flag: YES",
        "Authentication-Results: mx.example.id; dmarc=fail (p=reject dis=none) header.from=x",
    ],
)
def test_machines_and_lists_get_no_answer(header: str) -> None:
    """The complaint in it is taken in, but no receipt goes to strangers."""
    mail = f"{header}\nTo: {US}\n{HEAD}\nJalan rusak."
    result = message(mail, authserv_id="mx.example.id")

    assert (result.text, result.return_address) == ("Jalan rusak.", None)
    assert any(remark.startswith("no answer is sent: ") for remark in result.remarks)


@pytest.mark.parametrize(
    "sender",
    [
        "<>",
        "MAILER-DAEMON@example.id",
        "postmaster@example.id",
        "owner-warga@example.id",
        "warga-request@example.id",
        "warga-bounces+budi=example.id@example.org",
        "no-reply@example.id",
        "noreply@example.id",
        "do-not-reply@example.id",
        "jangan-balas@example.id",
    ],
)
def test_senders_that_are_nobody_get_no_answer(sender: str) -> None:
    """An address nobody reads is not written to."""
    assert message(f"To: {US}\n{HEAD}\nx", sender=sender).return_address is None


@pytest.mark.parametrize(
    ("recipients", "answered"),
    [
        (f"To: {US}\n", True),
        ("To: Pengaduan <LAPOR@LOCALHOST>\n", True),
        (f"To: x@example.org\nCc: y@example.org,\n {US}\n", True),
        ("To: lapor+r-token@localhost\n", True),
        ("", True),
        ("To: undisclosed-recipients:;\n", False),
        ("To: warga@example.org\n", False),
        ("To: bukanlapor@localhost\n", False),
        ("To: lapor@localhost.example.org\n", False),
    ],
)
def test_only_who_wrote_to_us_is_answered(recipients: str, *, answered: bool) -> None:
    """A blind copy may come from a list; our address must stand in To or Cc, if there is any."""
    assert (message(f"{recipients}{HEAD}\nx").return_address is not None) == answered


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-replied (vacation)\n",
        "Auto-Submitted: auto-generated\nIn-Reply-To: <x@localhost>\n",
        "X-Autoreply: yes\n",
        "X-Autorespond: Re: x\n",
        "Precedence: auto_reply\n",
        "Subject: Automatic reply: Laporan Anda\nX-Auto-Response-Suppress: All\n",
        "Subject: Out of Office: Re: x\nIn-Reply-To: <x@localhost>\n",
        "Subject: Balasan otomatis: Laporan Anda\nReferences: <x@localhost>\n",
    ],
)
def test_an_answer_nobody_typed_is_no_complaint(headers: str) -> None:
    """Out-of-office answers to our receipts open no case and get no receipt."""
    result = parsed(f"{headers}From: {CITIZEN}\nTo: {US}\n\nSaya sedang cuti.")

    assert result == Ignored(reason="automatic answer")


def test_words_about_automatic_answers_are_a_complaint() -> None:
    """A citizen may well complain about an automatic answer."""
    mail = f"From: {CITIZEN}\nTo: {US}\nSubject: Balasan otomatis terus\n\nKapan orang?"

    assert isinstance(parsed(mail), InboundMessage)


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        (f"X-Loop: {US}\nFrom: {CITIZEN}\n", CITIZEN),
        (f"From: LAPOR <{US}>\n", CITIZEN),
        (f"From: {CITIZEN}\n", "lapor+b-iabc-xyz@localhost"),
        (f"From: {CITIZEN}\n", "SRS0=abc=de=localhost=lapor@example.org"),
    ],
)
def test_our_own_mail_is_not_answered_by_us(headers: str, sender: str) -> None:
    """What we sent ourselves, forwarded back or looping, ends here."""
    assert parsed(f"{headers}\nx", sender=sender) == Ignored(reason="our own mail came back")


def test_only_our_own_servers_word_is_believed() -> None:
    """Authentication-Results of anybody else, or below our own, say nothing."""
    forged = "Authentication-Results: mx.other.example; dmarc=pass\n"
    ours = "Authentication-Results: mx.example.id; dmarc=fail (p=none)\n"
    below = "Authentication-Results: mx.example.id; dmarc=pass\n"
    result = message(forged + ours + below + f"To: {US}\n{HEAD}\nx", authserv_id="mx.example.id")
    untold = message(forged + f"To: {US}\n{HEAD}\nx")

    assert (result.remarks, untold.remarks) == (("dmarc=fail",), ())
