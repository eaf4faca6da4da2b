"""What tells who wrote a report is taken out; what it is about stays. All names are invented."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import RULES, report, said

from channels.contract import Attachment, InboundMessage
from normalizer.normalize import normalize
from normalizer.privacy_hidden import blank, hidden_message, hidden_record, without_self
from normalizer.privacy_self import self_spans

OWN = [
    ("Nama saya Budi Santoso, lampu mati", "Nama saya [name], lampu mati"),
    ("saya Rina Wati dari Curug", "saya [name] dari Curug"),
    ("Perkenalkan saya Joko, warga Cisoka", "Perkenalkan saya [name], warga Cisoka"),
    ("hubungi 0812-0000-0001 ya", "hubungi [phone] ya"),
    ("NIK 3603121203900001 belum jadi", "NIK [nik] belum jadi"),
    ("alamat rumah saya Jl. Mawar No 5 RT 02", "alamat rumah saya [address]"),
    ("surel budi.s@example.org", "surel [email]"),
    ("Jalan rusak.\nTerima kasih,\nSiti Aminah", "Jalan rusak.\nTerima kasih,\n[name]"),
    ("Air mati\n-- \nSiti Aminah\nKetua Yayasan", "Air mati\n-- \n[name]"),
    ("Hormat saya, joko w", "Hormat saya, [name]"),
    ("motor saya B 1234 XYZ ditilang", "motor saya [plate] ditilang"),
    ("pelapor: siti aminah", "pelapor: [name]"),
]
OTHERS = [
    "Pak Lurah Sutrisno minta uang",
    "Oknum bernama Sutrisno memungut di loket",
    "Mobil dinas B 1234 XYZ parkir di trotoar",
    "disuruh transfer ke rekening BRI 123456789012",
    "Jalan Mawar RT 02 RW 05 rusak",
    "Lampu mati. Terima kasih banyak pak",
    "Salam hormat, warga Tangerang",
    "saya warga Cibodas mohon bantuan",
]


@pytest.mark.parametrize(("text", "masked"), OWN)
def test_what_tells_who_wrote_it_is_taken_out(text: str, masked: str) -> None:
    """Names, numbers, the home, the signature."""
    assert without_self(text) == masked


@pytest.mark.parametrize("text", OTHERS)
def test_what_a_report_is_about_stays(text: str) -> None:
    """Who is complained about, their car, their account, and where it is."""
    assert without_self(text) == text


@given(st.text(max_size=400))
def test_any_text_is_masked_once_and_its_spans_are_in_order(text: str) -> None:
    """Total, within the text, without overlaps."""
    spans = self_spans(text)
    ends = [0, *(span.end for span in spans)]

    assert all(end <= span.start < span.end for end, span in zip(ends, spans, strict=False))
    assert ends[-1] <= len(text)


def test_a_message_goes_on_without_its_sender_and_with_its_matter() -> None:
    """Names of files, contact, the post it was: gone before anything is derived from them."""
    message = InboundMessage(
        sender="x",
        text="Saya Budi Santoso. Sampah di Curug",
        matter="Saya Budi Santoso. Sampah di Curug",
        name="Budi Santoso",
        contact="budi@example.org",
        source_url="https://social.example/budi/1",
        attachments=(Attachment(name="budi di rumah.JPG", media_type="image/jpeg", content=b"x"),),
        remarks=("KTP budi.pdf is too large and only in the original mail",),
        anonymous=True,
    )
    hidden = hidden_message(message)

    assert (hidden.text, hidden.matter) == (("Saya [name]. Sampah di Curug",) * 2)
    assert (hidden.name, hidden.contact, hidden.source_url) == ("", "", "")
    assert [file.name for file in hidden.attachments] == ["berkas-1.jpg"]
    assert hidden.remarks == ("a file is too large and only in the original mail",)


def test_a_record_that_becomes_anonymous_repeats_nothing_that_was_taken_out() -> None:
    """Neither as title, street, reason nor remark; of a masked one it is itself."""
    text = "Saya Budi Santoso, alamat rumah saya Jl. Kenanga Indah No 5 RT 02. Lampu mati."
    record = normalize(report(said(text)), RULES, ())
    hidden = hidden_record(record)
    spelled = msgspec.json.encode(hidden).decode()

    assert "Lampu mati" in hidden.text
    assert not [word for word in ("Budi", "Santoso", "Kenanga") if word in spelled]
    assert hidden_record(hidden) == hidden


def test_a_blank_record_tells_that_there_was_one() -> None:
    """When, its code and what it was counted as; no word of the citizen, not even as a reason."""
    record = normalize(report(said("Lampu jalan mati di Jl. Flamboyan RT 02")), RULES, ())
    left = blank(record, "p", "2026-03-02")

    assert (left.case_code, left.topic.value) == (record.case_code, record.topic.value)
    assert left.topic.why == left.type.why == left.agency.why == ()
    assert "lampu" not in msgspec.json.encode(left).decode().lower()
