"""What is private in a text: where it stands, of which kind, and the text without it."""

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import RULES, report, said

from normalizer.normalize import normalize
from normalizer.privacy import IDENTIFYING, KINDS, kinds_of, masked, spans_in, taken_out
from normalizer.privacy_numbers import is_citizen_number
from normalizer.record import PrivateSpan


def found(text: str) -> list[tuple[str, str]]:
    """The kinds and pieces of a text."""
    return [(span.kind, text[span.start : span.end]) for span in spans_in(text)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("NIK 3603010101900001", [("nik", "3603010101900001")]),
        ("ktp saya 3603-0141-0190-0001 ya", [("nik", "3603-0141-0190-0001")]),
        ("nomornya 3603014101900001 a.n. Sari", [("nik", "3603014101900001"), ("name", "Sari")]),
        ("No KK: 3603010101200002", [("kk", "3603010101200002")]),
        ("hub 0812-0000-0001", [("phone", "0812-0000-0001")]),
        ("WA.081200000001/wa", [("phone", "081200000001")]),
        ("hp +62 812 0000 0002", [("phone", "+62 812 0000 0002")]),
        ("telp (021) 0000001", [("phone", "(021) 0000001")]),
        ("kantor 0274 000001", [("phone", "0274 000001")]),
        ("sari@example.org", [("email", "sari@example.org")]),
        ("rek BRI 0000-01-000001-50-1", [("account", "0000-01-000001-50-1")]),
        ("ID pelanggan PLN 520000000001", [("account", "520000000001")]),
        ("mobil B 1234 XYZ parkir", [("plate", "B 1234 XYZ")]),
        ("motor nopol ab12cd ngebut", [("plate", "ab12cd")]),
        ("Nama saya Sari Contoh, warga RT 02", [("name", "Sari Contoh")]),
        ("nama : budi contoh\ntelp -", [("name", "budi contoh")]),
        ("alamat: jl mawar no 3 rt 02 rw 05 ", [("address", "jl mawar no 3 rt 02 rw 05")]),
        ("a/n BUDI CONTOH. Terima kasih", [("name", "BUDI CONTOH")]),
        ("menurut Bpk. Moh. Contoh dan Ibu Sari", [("name", "Moh. Contoh"), ("name", "Sari")]),
        ("saya tinggal di Jl. Melati No. 7B Balaraja", [("address", "Jl. Melati No. 7B")]),
        ("ayah saya sakit stroke", [("health", "sakit stroke")]),
        ("anak saya belum dapat KIP", [("child", "anak saya")]),
        ("ada balita usia 2 tahun", [("child", "balita usia 2 tahun")]),
    ],
)
def test_private_data_is_found_with_its_place(text: str, pieces: list[tuple[str, str]]) -> None:
    """The offsets cut out exactly what must be hidden."""
    assert found(text) == pieces


@pytest.mark.parametrize(
    "text",
    [
        "rt 05 rw 02 nomor 17, kode 12345678901234567890",
        "nomor 9903010101900001 bukan provinsi",
        "tanggal 01-02-2026 pukul 08.00 sampai 17.30",
        "Blok B 12 RT 02 RW 05, lebar 200 M",
        "Yth. Bapak Bupati, Ibu Camat, Pak Lurah dan Bapak Ketua RT",
        "tolong pak. Terima kasih",
        "Hormat saya sampaikan keluhan ini",
        "Lampu mati di depan Jl. Mawar No. 5 RT 02 RW 05",
        "nama jalan belum ada, nama desa salah",
        "banyak demam berdarah (DBD) di kampung ini",
        "anak-anak sekolah lewat sini",
        "tarif Rp 1.500.000 per 3 bulan",
        "",
    ],
)
def test_what_belongs_to_the_complaint_is_left(text: str) -> None:
    """A place, an office, a date and a sum must stay readable."""
    assert found(text) == []


@pytest.mark.parametrize(
    ("digits", "can_be"),
    [
        ("3603010101900001", True),
        ("3603014101900001", True),
        ("3603017101900001", True),
        ("3603013201900001", False),
        ("3603010113900001", False),
        ("3603010001900001", False),
        ("9903010101900001", False),
        ("3600010101900001", False),
        ("360301010190", False),
    ],
)
def test_a_nik_has_a_province_and_a_birthday(digits: str, *, can_be: bool) -> None:
    """A woman's day is 40 higher; cards and tickets have 16 digits too."""
    assert is_citizen_number(digits) == can_be


def test_kinds_are_told_once_in_a_fixed_order() -> None:
    """As the record shows them."""
    text = "Ibu Sari 081200000001, NIK 3603010101900001, atau 081200000002"

    assert kinds_of(spans_in(text)) == ("nik", "phone", "name")


def test_the_record_tells_kinds_of_title_and_text_and_places_in_the_text() -> None:
    """Offsets count in the text as the citizen wrote it."""
    record = normalize(report(said("Tolong hub 081200000001")), RULES, ())
    (span,) = record.privacy_spans

    assert record.privacy == ("phone",)
    assert record.text[span.start : span.end] == "081200000001"


def test_a_masked_text_names_nobody_and_still_tells_what_happened() -> None:
    """Health and children are what a complaint may be about."""
    text = "Ibu Sari (081200000001): anak saya sakit tipus sejak Senin"

    assert masked(text, spans_in(text)) == (
        "Ibu [name] ([phone]): anak saya sakit tipus sejak Senin"
    )


PIECES = st.sampled_from(
    [
        "081200000001",
        "3603010101900001",
        "Pak Budi",
        " ",
        "a/n ",
        "nama",
        "B 1 A",
        "@",
        ".",
        "é",
        "\n",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=20).map("".join))
def test_masking_loses_nothing(text: str) -> None:
    """Whatever the text, spans lie in it one behind the other, and all around them is left."""
    spans = spans_in(text)
    ends = [0, *(span.end for span in spans)]

    assert all(end <= span.start < span.end for end, span in zip(ends, spans, strict=False))
    assert all(span.kind in KINDS for span in spans)
    marked = [span for span in spans if span.kind in IDENTIFYING]
    left = [text[end:start] for end, start in _around(marked, len(text))]
    marks = [f"[{span.kind}]" for span in marked]
    assert masked(text, spans) == "".join(chain(*zip_longest(left, marks, fillvalue="")))
    assert "".join(chain(*zip_longest(left, taken_out(text, spans), fillvalue=""))) == text


def _around(spans: Sequence[PrivateSpan], length: int) -> Iterator[tuple[int, int]]:
    """From where to where the pieces between spans reach, those at both ends too."""
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    return zip([0, *ends], [*starts, length], strict=True)
