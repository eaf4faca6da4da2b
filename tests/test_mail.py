"""Reading mails: the traps of MIME one by one, each as a broken program would send it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_site import CITIZEN, US, mail_channel, message, parsed, received

from channels.contract import DeliveryReport, Ignored, InboundMessage, Unreadable
from channels.mail_key import external_id

HEAD = f"From: Budi <{CITIZEN}>\nTo: {US}\nSubject: Jalan\n"
PNG = b"\x89PNG\r\n\x1a\n rest"


@pytest.mark.parametrize(
    "charset", ["x-unknown-9", '"utf-8; format=flowed"', "punycode", "\x00", "zip"]
)
def test_a_charset_nobody_knows_is_guessed(charset: str) -> None:
    """Junk where a charset should be costs nobody their words."""
    mail = f"{HEAD}Content-Type: text/plain; charset={charset}\n\nJalan rusak — parah.\n"

    assert message(mail).text == "Jalan rusak — parah."


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("us-ascii", "cp1252", "Café “Melati”"),
        ("", "cp1252", "Café “Melati”"),
        ("", "utf-8", "Café “Melati”"),
        ("iso-8859-1", "cp1252", "Café “Melati” €"),
        ("gb2312", "gb18030", "镕道路"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("utf-8", "cp1252", "Café Melati"),
        ("utf-16", "utf-16", "Jalan"),
    ],
)
def test_text_labelled_as_less_than_it_is(label: str, codec: str, text: str) -> None:
    """Labels that stand for a smaller charset than was used are read as the larger one."""
    head = HEAD + (f"Content-Type: text/plain; charset={label}\n\n" if label else "\n")

    assert message(head.replace("\n", "\r\n").encode() + text.encode(codec)).text == text


def test_raw_bytes_in_headers_are_read() -> None:
    """Subjects and names outside ASCII without any encoding, as UTF-8 or as Latin-1."""
    utf8 = message("From: José <a@example.org>\nTo: lapor@localhost\nSubject: Café\n\nx".encode())
    latin = message("From: José <a@example.org>\nTo: x\nSubject: Café\n\nx".encode("latin-1"))

    assert [(m.title, m.name) for m in (utf8, latin)] == [("Café", "José")] * 2


def test_an_address_in_raw_utf8_can_be_stored() -> None:
    """The sender's address holds whole characters, ready for every database."""
    result = message("From: <jörg@bücher.example>\nSubject: x\n\nx".encode(), sender="<>")

    assert result.sender == "jörg@bücher.example"


@pytest.mark.parametrize(
    "header",
    [
        "Message-ID: <[abc]>",
        "Date: Senin sore",
        "Date: Mon, 99 Zzz 99999 99:99:99 +9999",
        "From: " + "(" * 5000 + "a@example.org" + ")" * 5000,
        "To: " + "x@example.org, " * 9000,
        "Subject: " + "=?utf-8?q?a?= " * 400,
        "Content-Type: multipart/mixed",
        "Content-Type: ;;;=",
        "Content-Type: text/plain; charset*0*=utf'; charset*9=x",
        "Content-Disposition: attachment; filename*=utf-8''%",
        "Content-Transfer-Encoding: base63",
        "References: " + "<a@example.org> " * 500,
        "Authentication-Results: ;;;",
    ],
)
def test_a_header_that_breaks_parsers_breaks_nothing(header: str) -> None:
    """Headers known to raise in mail libraries leave the words readable."""
    assert "Jalan rusak" in message(f"{header}\n{HEAD}\nJalan rusak\n").text


def test_an_absurd_date_is_none() -> None:
    """A clock that stands in 1970, or none at all, is not believed."""
    dates = ["Thu, 1 Jan 1970 00:00:00 +0000", "Senin", "Mon, 5 Jan 2026 10:12:00 +0700"]
    times = [message(f"{HEAD}Date: {date}\n\nx").sent_at for date in dates]

    assert times == [None, None, datetime(2026, 1, 5, 3, 12, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\budi\\foto.png", "foto.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\x07b.png", "ab.png"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
        ("...", "file-1.png"),
        ("=?utf-8?q?foto_jalan=2Epng?=", "foto jalan.png"),
    ],
)
def test_a_file_name_is_no_path(written: str, shown: str) -> None:
    """Directories, direction marks and endless names are taken off a file's name."""
    assert [file.name for file in message(with_file(written)).attachments] == [shown]


def test_a_long_name_in_pieces_is_one_name() -> None:
    """RFC 2231: names in several pieces and in percent encoding."""
    disposition = "attachment; filename*0*=utf-8''jalan%20; filename*1*=r%C3%BCsak.png"
    mail = with_file("x").replace(b'attachment; filename="x"', disposition.encode())

    assert message(mail).attachments[0].name == "jalan rüsak.png"


@pytest.mark.parametrize(
    ("declared", "content", "kept_as"),
    [
        ("application/octet-stream", PNG, "image/png"),
        ("image/jpeg", PNG, "image/png"),
        ("image/png", b"<script>", "application/octet-stream"),
        (
            "application/vnd.android.package-archive",
            b"PK\x03\x04x",
            "application/vnd.android.package-archive",
        ),
        ("image/png", b"PK\x03\x04x", "application/zip"),
        ("text/csv", b"a,b", "text/csv"),
    ],
)
def test_the_kind_of_a_file_is_looked_at(declared: str, content: bytes, kept_as: str) -> None:
    """What the first bytes say counts more than what the mail says."""
    mail = with_file("x", content=content, declared=declared)

    assert [file.media_type for file in message(mail).attachments] == [kept_as]


def test_more_files_than_are_kept_are_mentioned() -> None:
    """Caps on number and size leave a note; the original mail keeps everything."""
    parts = "".join(
        f"--b\nContent-Type: text/csv; name={n}.csv\n\n{'x' * n * 4}\n" for n in range(1, 5)
    )
    mail = f'{HEAD}Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nLihat.\n{parts}--b--\n'
    result = message(mail, max_files=3, max_file_bytes=10)

    assert [file.name for file in result.attachments] == ["1.csv", "2.csv"]
    assert result.remarks == (
        "3.csv is too large and only in the original mail",
        "1 more files are only in the original mail",
    )


def test_a_nested_mail_is_kept_byte_for_byte() -> None:
    """A mail that was forwarded as a file can be proven with: it is stored as it came."""
    inner = b"From: x@example.org\r\nsubject:  odd   spacing\r\n\r\n\tbody \r\n"
    head = f'{HEAD}Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nLihat.\n--b\n'
    mail = head.replace("\n", "\r\n").encode() + b"Content-Type: message/rfc822\r\n\r\n" + inner
    result = message(mail + b"\r\n--b--\r\n")

    assert [(f.name, f.content) for f in result.attachments] == [("file-1.eml", inner)]


def test_sealed_mail_is_kept_and_said_to_be_sealed() -> None:
    """PGP and S/MIME are files nobody here can open, and a note for the officer."""
    mail = HEAD + (
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n'
        "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
        "--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN\n--b--\n"
    )
    result = message(mail)

    assert [file.media_type for file in result.attachments] == [
        "application/pgp-encrypted",
        "application/octet-stream",
    ]
    assert result.remarks == ("the mail is encrypted",)


def test_delsp_takes_the_space_of_a_soft_break() -> None:
    """format=flowed with delsp, as used for scripts without spaces."""
    head = f"{HEAD}Content-Type: text/plain; format=flowed; delsp=yes\n\n"
    mail = f"{head}mem \nperbaiki\n> kutip \n> an\n"

    assert message(mail).text == "memperbaiki\n> kutipan"


def test_unknown_multiparts_and_missing_ends_are_read() -> None:
    """A boundary that never closes, and text before and after the parts."""
    mail = (
        f"{HEAD}Content-Type: multipart/x-odd; boundary=b\n\npreamble\n--b\n\nIsi\n--b\n\nlanjut\n"
    )

    assert message(mail).text == "Isi\n\nlanjut"


def test_a_mail_without_headers_is_its_text() -> None:
    """Bytes that look like no mail at all are still somebody's words."""
    assert message("Jalan rusak di depan rumah saya").text == "Jalan rusak di depan rumah saya"


def test_two_authors_are_remarked() -> None:
    """Two From headers are a known trick; the officer is told."""
    assert "more than one From header" in message(f"From: x@example.org\n{HEAD}\nx").remarks


def hostile() -> Iterator[tuple[str, bytes]]:
    """Mails made to cost more time than they are worth."""
    head = HEAD.replace("\n", "\r\n").encode()
    mixed = head + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    level = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    html = b"--x\r\nContent-Type: text/html\r\n\r\n"
    yield "nested", head + b"".join(level % (n, n) for n in range(1000)) + b"\r\nhalo"
    yield "parts", mixed + b"--x\r\n\r\na\r\n" * 100_000
    yield "false boundaries", mixed + b"--xy\r\n" * 300_000
    yield "headers", head + b"X: y\r\n" * 200_000
    yield "one header", head + b"X: " + b"y" * 2_000_000
    yield "recipients", b"To: " + b"a@example.org, " * 8000 + b"\r\n" + head + b"\r\nx"
    yield "encoded words", b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\nx"
    yield "quotes", head + b"\r\n" + b"> > x\n" * 300_000
    yield "attributions", head + b"\r\n" + b"Pada 1\n" * 300_000
    yield "signatures", head + b"\r\n" + b"--\n" * 300_000
    yield "html", mixed + (html + b"<p>a" * 30_000 + b"\r\n") * 20
    yield "wide table", mixed + html + b"<table><tr><td>" + b"w" * 90_000 + b"<tr><td>a" * 9_000
    yield "padding", mixed + html + b"<div style='padding-left:99999em'>x</div>" * 3000
    yield "deep html", mixed + html + b"<div>" * 30_000 + b"x"


@pytest.mark.parametrize("mail", [pytest.param(mail, id=name) for name, mail in hostile()])
def test_a_hostile_mail_is_read_within_bounds(mail: bytes) -> None:
    """However a mail is built, what comes out of it is limited, and nothing raises."""
    result = message(mail)

    assert len(result.text) <= 200_000
    assert len(result.attachments) <= 20


FRAGMENTS = st.sampled_from(
    [
        b"From: a@example.org\r\n",
        b"To: lapor@localhost\r\n",
        b"Subject: =?utf-8?b?w6k=?=\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/report; boundary=b\r\n",
        b"Content-Type: text/html\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b'Content-Disposition: attachment; filename="x\r\n',
        b"; charset=utf-7\r\n",
        b"\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"aGFsbw=\r\n",
        b"<p>",
        b"+2AA-",
        b"\x00\xff\xed\xa0\x80",
        b"Pada 2026 menulis:\n",
    ]
)


@settings(max_examples=300)
@given(pieces=st.lists(FRAGMENTS | st.binary(max_size=8), max_size=25))
def test_any_heap_of_pieces_can_be_read(pieces: list[bytes]) -> None:
    """Pieces of mails in any order give a message or a reason, twice the same and storable."""
    payload = received(b"".join(pieces))
    result = mail_channel().parse(payload)

    assert isinstance(result, InboundMessage | DeliveryReport | Ignored | Unreadable)
    assert mail_channel().parse(payload) == result
    if isinstance(result, InboundMessage):
        words = [result.text, result.matter or "", result.title, result.name, result.sender]
        words += [file.name + file.media_type for file in result.attachments] + list(result.remarks)
        assert "\x00" not in "".join(words).encode().decode()


def test_the_key_is_the_same_by_every_route() -> None:
    """Servers put headers in front and fold others; the mail is still the same mail."""
    mail = b"Message-ID: <1@example.id>\r\nFrom: Budi <b@example.id>\r\nDate: x\r\n\r\nHalo\r\n"
    other = b"Received: from a\r\n" + mail.replace(b"From: Budi ", b"FROM:\tBudi\r\n ")

    assert external_id(other) == external_id(mail)
    assert external_id(mail).startswith("<1@example.id>:")


@pytest.mark.parametrize("field", [b"1@example.id", b"Budi", b"Mon", b"Halo"])
def test_different_mails_have_different_keys(field: bytes) -> None:
    """A Message-ID used again for another mail does not swallow it."""
    mail = b"Message-ID: <1@example.id>\r\nFrom: Budi <b@x>\r\nDate: Mon\r\n\r\nHalo\r\n"

    assert external_id(mail.replace(field, b"other")) != external_id(mail)


@pytest.mark.parametrize(
    "mail", [b"", b"\r\n", b"no header", b"Message-ID: <>\r\n\r\nx", b"\xff" * 99]
)
def test_without_message_id_the_key_is_a_hash(mail: bytes) -> None:
    """Mails without an id fold by their content alone."""
    key = external_id(mail)

    assert (key[:7], len(key)) == ("sha256:", 71)


def test_an_endless_message_id_is_cut() -> None:
    """A key fits into an index whatever the sender wrote."""
    key = external_id(b"Message-ID: <" + b"x\xff y" * 9000 + b">\r\n\r\nx")

    assert len(key) == 217
    assert key.isascii()


def test_what_is_needed_for_an_answer_is_kept() -> None:
    """The answer goes to the envelope sender, BATV and all, and continues the thread."""
    mail = f"{HEAD}Message-ID: <3@example.id>\nReferences: <1@example.id>\n <2@example.id>\n\nx"
    result = message(mail, sender=f"prvs=1234abcdef={CITIZEN}")

    assert result.sender == CITIZEN
    assert json.loads(result.return_address or "") == {
        "to": f"prvs=1234abcdef={CITIZEN}",
        "message_id": "<3@example.id>",
        "references": ["<1@example.id>", "<2@example.id>"],
        "subject": "Jalan",
    }


def test_bytes_that_are_no_capture_are_unreadable() -> None:
    """What our listener never wrote is kept for a person to look at."""
    assert isinstance(mail_channel().parse(b"\xff"), Unreadable)


def test_mail_to_us_from_nobody_is_a_message_without_answer() -> None:
    """A null sender that is no bounce may be a broken phone; it is read and never answered."""
    result = parsed(f"{HEAD}\nHalo", sender="<>")

    assert isinstance(result, InboundMessage)
    assert (result.sender, result.return_address) == (CITIZEN, None)


def with_file(name: str, *, content: bytes = PNG, declared: str = "image/png") -> bytes:
    """A mail with a word and a file."""
    head = f'{HEAD}Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nLihat.\n--b\n'
    part = (
        f'Content-Type: {declared}\nContent-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n\n{b64encode(content).decode()}\n--b--\n"
    )
    return (head + part).replace("\n", "\r\n").encode()
