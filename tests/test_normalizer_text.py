"""What a citizen wrote, made readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import RULES

from normalizer.text import clean, title_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jln rusak yg parah, tlg diperbaiki", "jalan rusak yang parah, tolong diperbaiki"),
        ("Jl. Melati Gg.Mawar RT.05/rw02", "Jalan Melati Gang Mawar RT 05/rw02"),
        (
            "kel. Curug kec Cisauk kab. Tangerang",
            "kelurahan Curug kecamatan Cisauk kabupaten Tangerang",
        ),
        ("ds Suka, dsn Maju", "desa Suka, dusun Maju"),
        ("blm ada tindakan dr dinas", "belum ada tindakan dari dinas"),
        ("Tlg cek a/n warga s/d bln ini", "Tolong cek atas nama warga sampai dengan bulan ini"),
        ("TLG JLN DIPERBAIKI", "TOLONG JALAN DIPERBAIKI"),
        ("air pdam mati", "air PDAM mati"),
    ],
)
def test_short_forms_are_written_out(text: str, expected: str) -> None:
    """Administrative and SMS short forms, also in capitals where all is in capitals."""
    assert clean(text, RULES.abbreviations) == expected


@pytest.mark.parametrize(
    "text",
    [
        "lihat https://example.org/jl/yg?tdk=1",
        "kirim ke yg@example.org",
        "kata @tlg_dgn dan #jln",
        "kode TDK-YG-12 dan 5jt, 2rb",
        "dr. Sari di PT TLG",
        "kata Gan dan Aja",
        "KTP, SD, SMP dan TK",
    ],
)
def test_links_codes_numbers_and_names_stay_untouched(text: str) -> None:
    """What might be a name or a code is left alone."""
    assert clean(text, RULES.abbreviations) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TANGKAB jalan rusak", "jalan rusak"),
        ("tangkab: jalan rusak", "jalan rusak"),
        ("#TANGKAB - jalan rusak", "jalan rusak"),
        ("LAPOR jalan rusak", "jalan rusak"),
        ("@LAPOR1708 #lapor jalan rusak", "jalan rusak"),
        ("#lapor! jalan rusak", "jalan rusak"),
        ("Laporan saya belum dijawab", "Laporan saya belum dijawab"),
        ("LAPOR", "LAPOR"),
    ],
)
def test_the_keyword_of_an_advert_is_left_out(text: str, expected: str) -> None:
    """A keyword is optional, in any case, with any sign behind it; it is never the whole text."""
    assert clean(text, RULES.abbreviations) == expected


def test_signs_and_spacing_are_repaired() -> None:
    """Composed Unicode, no invisible or control signs, single blanks, no empty lines."""
    text = "Cafe\u0301\u200b  rusak\x00\x07 parah\r\n\r\n \ttolong\u00a0pak\ufeff "

    assert clean(text, RULES.abbreviations) == "Café rusak parah\ntolong pak"


@given(st.text())
def test_cleaning_twice_changes_only_what_was_uncovered(text: str) -> None:
    """A clean text has no NUL, no double blank and no edge of blanks."""
    tidy = clean(text, RULES.abbreviations)

    assert "\x00" not in tidy
    assert "  " not in tidy
    assert tidy == tidy.strip()


def test_a_title_leaves_out_the_greeting_and_ends_at_a_word() -> None:
    """Eighty signs at most; one endless word is cut all the same."""
    assert title_of("Assalamualaikum wr wb. Selamat pagi Pak, lampu mati") == "lampu mati"
    assert title_of("Bapak saya sakit") == "Bapak saya sakit"
    assert title_of("kata " * 30) == "kata " * 15 + "kata…"
    assert title_of("a" * 200) == "a" * 79 + "…"
    assert title_of("") == ""
