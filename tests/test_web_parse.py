import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Ignored, InboundMessage, Refused, Reply, Unreadable
from channels.media_type import UNKNOWN, media_type
from channels.web import Web
from channels.web_filing import FiledFile, Filing, clean, is_blank
from channels.web_options import WebOptions

WEB = Web(WebOptions(), bytes(32))

# JSON-like values as msgpack, most of them close to a form.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NEARLY = st.fixed_dictionaries(
    {"form": st.just("lapor.web/1"), "text": VALUES},
    optional=dict.fromkeys(("place", "date", "contact", "files", "anonymous"), VALUES),
)
TEXT = st.text(alphabet=st.characters(codec="utf-8"))


@given(st.binary())
def test_any_bytes_are_read(payload: bytes) -> None:
    """Whatever the journal holds gives an answer and never an exception."""
    assert isinstance(WEB.parse(payload), InboundMessage | Ignored | Unreadable)


@given(st.one_of(VALUES, NEARLY))
def test_any_structure_is_read(value: object) -> None:
    """Well-formed msgpack of any shape gives an answer and never an exception."""
    assert isinstance(
        WEB.parse(msgspec.msgpack.encode(value)), InboundMessage | Ignored | Unreadable
    )


def test_deep_nesting_is_unreadable() -> None:
    """A payload nested ten thousand deep is refused like any other nonsense."""
    assert isinstance(WEB.parse(b"\x81\xa1x" + b"\x91" * 10_000), Unreadable)


@given(
    st.builds(Filing, text=TEXT, place=TEXT, date=TEXT, name=TEXT, contact=TEXT, trap=TEXT),
)
def test_words_are_kept(filing: Filing) -> None:
    """A form with something to see in it becomes a message with all of its text."""
    parsed = WEB.parse(msgspec.msgpack.encode(filing))

    if is_blank(filing.text):
        assert parsed == Ignored(reason="an empty form")
    else:
        assert isinstance(parsed, InboundMessage)
        assert parsed.text == clean(filing.text)
        assert parsed.return_address is None


@given(st.text(alphabet=st.characters()))
def test_clean_text_can_be_stored_everywhere(text: str) -> None:
    """No NUL and no lone surrogate is left, and cleaning twice changes nothing."""
    cleaned = clean(text)

    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("contact", "sender"),
    [
        ("0812-0000-1234", "+6281200001234"),
        ("+62 812 0000 1234", "+6281200001234"),
        ("Siti.Contoh@Example.ID", "siti.contoh@example.id"),
        ("siti@example", ""),
        ("siti@example.id, budi@example.id", ""),
        ("a@b.c\r\nBcc: d@example.id", ""),
        ("112", ""),
        ("titip di warung", ""),
        ("", ""),
    ],
)
def test_a_contact_becomes_a_sender_where_it_is_an_address(contact: str, sender: str) -> None:
    """Mail addresses and numbers are spelled as the other channels spell them; the rest is kept."""
    parsed = WEB.parse(msgspec.msgpack.encode(Filing(text="x", contact=contact)))

    assert isinstance(parsed, InboundMessage)
    assert parsed.sender == sender
    assert parsed.contact == " ".join(contact.split())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xd8\xff\xe1Exif", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "image/heic"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp4", "video/3gpp"),
        (b"RIFF\n\n\n\nWEBPVP8 ", "image/webp"),
        (b"%PDF-1.4", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", UNKNOWN),
        (b"<!doctype html><script>alert(1)</script>", UNKNOWN),
        (b"GIF8", UNKNOWN),
        (b"MZ\x90\x00", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, expected: str) -> None:
    """The media type comes from the content; what could run in a browser has none."""
    assert media_type(content) == expected


@given(st.binary(max_size=64), st.text())
def test_any_file_is_carried(content: bytes, name: str) -> None:
    """The bytes of a file arrive unchanged under any name."""
    name = clean(name)
    payload = msgspec.msgpack.encode(
        Filing(text="x", files=(FiledFile(name=name, content=content),))
    )
    parsed = WEB.parse(payload)

    assert isinstance(parsed, InboundMessage)
    assert [file.content for file in parsed.attachments] == [content]


async def test_the_form_cannot_be_answered() -> None:
    """Nobody waits behind a web form: an answer to it is refused, and the reason says why."""
    reply = Reply(id="1", to="", text="Halo")

    assert await WEB.reply(reply) == Refused(
        reason="the web form cannot be answered; the citizen looks the case up by its code"
    )
