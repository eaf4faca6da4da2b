"""What an officer is asked to look at: fraud, promotion, spam, pranks, abuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import RULES, SHIPPED, report, said

from normalizer.flags import flags_of
from normalizer.normalize import normalize
from normalizer.rules import RulesError, read_rules


def values(text: str) -> list[str]:
    """The flags of a text."""
    return [flag.value for flag in flags_of(text, RULES.flags)]


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (
            "Selamat! No Anda mendapatkan hadiah Rp 90 jt, PIN pemenang X1 klik www.contoh.id",
            "fraud",
        ),
        (
            "Butuh dana? Kami menawarkan pinjaman tanpa jaminan 5jt-100jt, WA 0812 0000 0001",
            "fraud",
        ),
        ("Kami m3naw4rkan p1njaman t4npa agun4n, minat hub 081200000001", "fraud"),
        ("Mama minta tolong belikan pulsa 50 rb ke nomor ini 081200000002, jangan telpon", "fraud"),
        ("Daftar slot gacor maxwin hari ini di situs kami, deposit minimal 10rb", "fraud"),
        (
            "PROMO! Diskon 50% semua sepatu, gratis ongkir, buruan klik toko.example.com",
            "promotion",
        ),
        ("Beli kuota 10GB hanya 25rb/30hr di *123*4#, yuk isi ulang sekarang", "promotion"),
        ("Sebarkan pesan ini ke semua grup sebelum dihapus", "spam"),
        ("wkwkwk cuma iseng min, tapi boong", "prank"),
        ("Dasar pejabat goblok, makan uang rakyat", "abuse"),
    ],
)
def test_messages_that_are_something_else_are_flagged(text: str, flag: str) -> None:
    """An officer decides what they are."""
    assert flag in values(text)


@pytest.mark.parametrize(
    "text",
    [
        "Lampu jalan di Jl. Mawar RT 02 RW 05 mati sejak dua minggu, mohon diperbaiki",
        "Saya mendapat SMS katanya menang hadiah Rp 50 jt dan disuruh transfer, ini penipuan",
        "Petugas di kelurahan minta uang Rp 150 ribu untuk KTP, apakah memang tidak gratis?",
        "Banyak anjing liar di perumahan kami, warga takut digigit anjing",
        "Kapan bantuan sosial tahap dua cair? Saya cek di bank BNI saldo masih 0",
        "Ada warung jual miras dan togel di dekat sekolah, warga resah",
        "Nomor saya 0812 0000 0001, mohon info syarat pinjaman modal usaha dari dinas",
        "Halo, selamat pagi",
        "",
    ],
)
def test_complaints_are_not_flagged(text: str) -> None:
    """Money, numbers, links and dogs occur in complaints."""
    assert values(text) == []


def test_an_angry_complaint_is_a_complaint_with_a_flag() -> None:
    """Abuse is never a reason: type, topic and text stay as they would be."""
    words = "Jalan rusak di depan pasar tidak pernah diperbaiki, dasar tolol semua"
    record = normalize(report(said(words)), RULES, ())

    assert [flag.value for flag in record.flags] == ["abuse"]
    assert record.type.value == "pengaduan"
    assert record.text == words


def test_a_flag_tells_the_words_that_led_to_it() -> None:
    """The officer sees why, at most five reasons."""
    (flag,) = flags_of("Anda terpilih, hadiah Rp 10 jt, klik www.contoh.example.com", RULES.flags)

    assert flag.value == "fraud"
    assert "anda terpilih" in flag.why
    assert len(flag.why) <= 5
    assert 0.5 < flag.confidence <= 1.0
    assert flag.version == RULES.flags.version


def test_no_telephone_stands_among_the_reasons() -> None:
    """Whoever masks the text must not find it there again."""
    (flag,) = flags_of("Butuh dana? Pinjaman tanpa jaminan WA 081200000001", RULES.flags)

    assert not any("0000" in reason for reason in flag.why)


def test_more_words_make_a_flag_surer() -> None:
    """An officer may sort by it."""
    (weak,) = flags_of("Diskon 20%", RULES.flags)
    (strong,) = flags_of("Diskon 20%, promo gratis ongkir, buruan beli sekarang", RULES.flags)

    assert weak.confidence < strong.confidence


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever the sign."""
    for flag in flags_of(text, RULES.flags):
        assert 0 < flag.confidence <= 1


def test_a_misspelled_look_is_refused() -> None:
    """A weight nobody uses would go unnoticed."""
    edited = SHIPPED["flags.toml"].replace(b"dial_code", b"dialcode")

    with pytest.raises(RulesError, match=r"flags\.toml"):
        read_rules({**SHIPPED, "flags.toml": edited})
