"""What the words of a report say of its sender's wishes and of its place."""

import pytest
from normalizing import RULES, said

from channels.contract import Attachment, InboundMessage
from normalizer.dialog_flags import flagged
from normalizer.dialog_places import answers_where, does_not_know, tells_place
from normalizer.text import clean


@pytest.mark.parametrize(
    ("text", "flags", "matter"),
    [
        ("ANONIM jalan rusak", "a", "jalan rusak"),
        ("anonim: jalan rusak", "a", "jalan rusak"),
        ("#rahasia pungli di SD", "c", "pungli di SD"),
        ("Rahasia/anonim pungli", "ac", "pungli"),
        ("ANONIM DAN RAHASIA\npungli", "ac", "pungli"),
        ("Jalan rusak\nANONIM", "a", "Jalan rusak"),
        ("Kepala desa pungli. RAHASIA", "c", "Kepala desa pungli."),
        ("tolong rahasiakan identitas saya, ada pungli", "a", None),
        ("nama saya jangan disebut ya, pungli", "a", None),
        ("Nomor saya mohon tidak disebarkan, pungli", "", None),
        ("jangan sebut nama saya. Pungli di SD", "a", None),
        ("Please keep me anonymous. The road is broken", "a", None),
        ("Rahasia umum kalau pungli", "", None),
        ("Nama saya Budi, jalan rusak", "", None),
        ("Jalan rusak", "", None),
    ],
)
def test_a_wish_to_stay_hidden_is_heard(text: str, flags: str, matter: str | None) -> None:
    """As a first or last word, on a line of its own, or in a sentence; the text stays."""
    heard = flagged(said(text))

    assert heard.text == text
    assert (heard.anonymous, heard.confidential) == ("a" in flags, "c" in flags)
    assert heard.matter == matter


def test_the_subject_of_a_mail_may_say_it() -> None:
    """ANONIM stands where mails begin."""
    heard = flagged(InboundMessage(sender="", title="ANONIM: pungli", text="Di kantor camat."))

    assert heard.anonymous


def test_below_a_photo_the_word_alone_is_enough() -> None:
    """Its words come with the next message."""
    photo = Attachment(name="a.jpg", media_type="image/jpeg", content=b"x")
    heard = flagged(InboundMessage(sender="", text="ANONIM", attachments=(photo,)))

    assert heard.anonymous
    assert heard.matter == ""


def test_hearing_a_message_twice_changes_nothing() -> None:
    """What is flagged stays as it is."""
    once = flagged(said("ANONIM dan RAHASIA: jalan rusak"))

    assert flagged(once) == once


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Jalan berlubang di depan SDN 3 Sukamaju", True),
        ("jln mawar rusak", True),
        ("Lampu jalan padam di Flamboyan", True),
        ("sampah di rt 5", True),
        ("Kec. Curug banjir", True),
        ("street light broken near the mosque", True),
        ("Jalan rusak parah", False),
        ("jalan desa rusak", False),
        ("Lampu jalan mati sudah seminggu", False),
        ("Lampu di depan rumah saya mati", False),
        ("PUNGLI DI SEKOLAH", False),
        ("Air tidak mengalir", False),
    ],
)
def test_a_report_that_says_where_is_not_asked(text: str, *, tells: bool) -> None:
    """By simple words of addresses and by names."""
    assert tells_place(clean(text, RULES.abbreviations)) is tells


@pytest.mark.parametrize(
    "text",
    [
        "Jl. Mawar no 3",
        "di depan masjid Al Ikhlas",
        "Flamboyan",
        "sukamaju",
        "Puskesmas Curug",
        "RT 05 RW 02",
        "Desa Sukamaju kecamatan Curug",
        "Perumahan Griya Asri blok C2 no 4",
        "lokasinya di pasar kenanga",
        "-6.2001, 106.5002",
    ],
)
def test_a_place_answers_where(text: str) -> None:
    """With a name, an address, or what stands near it."""
    assert answers_where(text, RULES)


@pytest.mark.parametrize(
    "text",
    [
        "Lampu mati di RT 5",
        "Ada begal di Jl. Merdeka",
        "Sampah di Jl. Mawar menumpuk",
        "Rumah saya kebakaran",
        "Air mati",
        "kapan diperbaiki",
        "tolong segera pak",
        "Di Jl. Mawar " + "ada rumah " * 8,
    ],
)
def test_what_complains_or_chats_does_not_answer_where(text: str) -> None:
    """A complaint taken for an answer would be hidden in another report."""
    assert not answers_where(text, RULES)


@pytest.mark.parametrize("text", ["tidak tahu", "gak tau.", "Saya lupa", "kurang tahu"])
def test_not_knowing_is_an_answer(text: str) -> None:
    """Who does not know is not asked again."""
    assert does_not_know(text)
