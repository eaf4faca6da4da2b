"""The form of a text that is compared and classified."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalizing import RULES

from normalizer.text import clean, formal
from normalizer.text_morphology import active, written


def formed(text: str) -> str:
    return formal(clean(text, RULES.abbreviations), RULES.abbreviations)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("bersihin", "bersihkan"),
        ("dibersihin", "dibersihkan"),
        ("hubungin", "hubungi"),
        ("ngecek", "mengecek"),
        ("ngirim", "mengirim"),
        ("nyapu", "menyapu"),
        ("nyari", "mencari"),
        ("nutup", "menutup"),
        ("mukul", "memukul"),
        ("mbuang", "membuang"),
        ("ngabisin", "menghabiskan"),
        ("ketabrak", "tertabrak"),
        ("cepet", "cepat"),
        ("dibales", "dibalas"),
        ("ujan", "hujan"),
        ("rame", "ramai"),
        ("bgaimana", "bagaimana"),
        ("bapakk", "bapak"),
        # Ordinary words and names that only look alike.
        ("kerja", "kerja"),
        ("mesin", "mesin"),
        ("ingin", "ingin"),
        ("nyaman", "nyaman"),
        ("kemarin", "kemarin"),
        ("solihin", "solihin"),
        ("sukamaju", "sukamaju"),
        ("bank", "bank"),
    ],
)
def test_everyday_verbs_become_written_ones(word: str, expected: str) -> None:
    """A rule counts only where it ends at a known word."""
    assert written(word, RULES.abbreviations) == expected


@pytest.mark.parametrize(
    ("root", "verb"),
    [("kirim", "mengirim"), ("tutup", "menutup"), ("sapu", "menyapu"), ("pukul", "memukul"),
     ("proses", "memproses"), ("cek", "mengecek"), ("buang", "membuang"), ("cari", "mencari"),
     ("lapor", "melapor"), ("ambil", "mengambil")],
)  # fmt: skip
def test_the_prefix_of_verbs_follows_their_first_letter(root: str, verb: str) -> None:
    assert active(root) == verb


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gue udh nungguin lama banget nih", "saya sudah menunggu lama sekali"),
        ("Min, lampu di jalan mati dong", "admin, lampu di jalan mati"),
        ("suhu min 5 derajat", "suhu min 5 derajat"),
        ("jalan nya blm di perbaiki", "jalannya belum diperbaiki"),
        ("mohon di tindak lanjuti", "mohon ditindaklanjuti"),
        ("rumah kami \U0001f30a\U0001f64f", "rumah kami banjir mohon"),
        ("kata Gue di Desa Lo", "kata Gue di Desa Lo"),
        ("desa angke rusak", "desa angke rusak"),
        ("GUE GAK BISA LEWAT", "SAYA TIDAK BISA LEWAT"),
    ],
)
def test_everyday_speech_becomes_formal(text: str, expected: str) -> None:
    """Words of chats, particles, what is written apart, pictures; names stay."""
    assert formed(text) == expected


@settings(max_examples=40)
@given(st.from_regex(r"[0-9][0-9.,:/+-]{0,18}[0-9]", fullmatch=True))
def test_numbers_come_out_as_they_went_in(number: str) -> None:
    assert formed(f"gue liat {number} nih") == f"saya lihat {number}"


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_every_text_has_a_formal_form(text: str) -> None:
    """No text makes it fail; it is always the same."""
    assert formed(text) == formed(text)
