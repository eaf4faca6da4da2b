"""What of a text is the matter, and the one line that stands for it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normalizer.text_parts import matter_in, parts_of
from normalizer.text_title import TITLE_LENGTH, title_of


@pytest.mark.parametrize(
    ("text", "matter"),
    [
        ("Selamat pagi Pak, lampu mati. Terima kasih", "lampu mati."),
        ("Assalamualaikum wr wb. Jalan rusak\nWassalamualaikum wr wb\nBudi, RT 05", "Jalan rusak"),
        ("Jalan rusak. Demikian laporan saya, atas perhatiannya terima kasih", "Jalan rusak."),
        ("Jalan rusak tolong diperbaiki terima kasih", "Jalan rusak tolong diperbaiki"),
        ("Jalan rusak.\nHormat kami,\nWarga Desa Sukamaju", "Jalan rusak."),
        ("Air mati\n\nSent from my phone", "Air mati"),
        ("Air mati\n> kapan air hidup?\n> salam", "Air mati"),
        ("Masih mati\nPada Sen, 2 Mar 2026 Layanan menulis:\n> baik\n> terima kasih", "Masih mati"),
        ("Jalan rusak parah\n#viral #jalanrusak", "Jalan rusak parah"),
        ("Sampah menumpuk. NKRI harga mati!", "Sampah menumpuk."),
        # Thanks that are about something, and words after thanks, are the matter.
        ("Terima kasih, jalan sudah diaspal", "Terima kasih, jalan sudah diaspal"),
        ("Terima kasih atas jawabannya. Tapi lampu di gang kami masih mati",
         "Terima kasih atas jawabannya. Tapi lampu di gang kami masih mati"),
        ("Bapak saya sakit", "Bapak saya sakit"),
        ("Selamat pagi", "Selamat pagi"),
        ("Selamat pagi. Terima kasih", "Selamat pagi. Terima kasih"),
        ("", ""),
    ],
)  # fmt: skip
def test_courtesies_are_told_from_the_matter(text: str, matter: str) -> None:
    """Greeting, thanks, name, quoted mail and slogans; a text is never emptied by this."""
    assert matter_in(text) == matter


@settings(max_examples=40)
@given(st.text(alphabet=st.sampled_from("a> .,\n#!") | st.characters(), max_size=200))
def test_parts_cover_a_text_in_order(text: str) -> None:
    """Nothing is lost between them and nothing said twice."""
    parts = parts_of(text)

    assert "".join(text[part.start : part.end] for part in parts) == text


@pytest.mark.parametrize(
    ("text", "where", "title"),
    [
        ("Selamat pagi. Saya mau lapor jalan berlubang", "Jalan Melati",
         "jalan berlubang (Jalan Melati)"),
        ("Lampu mati di jalan melati", "Jalan Melati", "Lampu mati di jalan melati"),
        ("Saya warga Desa Sukamaju ingin melaporkan bahwa air mati", "", "air mati"),
        ("Mohon maaf. Ada sampah di Jl. Mawar no. 5. Baunya menyengat", "",
         "Ada sampah di Jl. Mawar no. 5. Baunya menyengat"),
        ("Saya Budi warga Desa Sukamaju. Saya mau lapor lampu mati di sini.", "",
         "lampu mati di sini"),
        ("Yth. Bapak Bupati, jembatan kami ambruk", "", "jembatan kami ambruk"),
        ("Rusak", "Desa Sukamaju", "Rusak (Desa Sukamaju)"),
        ("kata " * 30, "Desa Sukamaju", "kata " * 11 + "kata… (Desa Sukamaju)"),
        ("Jalan di kecamatan Mlati rusak", "Mlati, Kabupaten Sleman",
            "Jalan di kecamatan Mlati rusak (Kabupaten Sleman)"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_title_says_what_and_where(text: str, where: str, title: str) -> None:
    """Without greeting and introduction; the place is added where the line does not tell it."""
    assert title_of(text, where) == title


@settings(max_examples=40)
@given(st.text(max_size=400), st.text(max_size=60))
def test_a_title_is_one_short_line(text: str, where: str) -> None:
    title = title_of(text, where)

    assert len(title) <= TITLE_LENGTH
    assert "\n" not in title
