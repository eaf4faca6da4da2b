"""What makes the first answer say 112, and what only sounds like it; all sentences are invented."""

import pytest
from normalizing import RULES

from normalizer.record import Urgency
from normalizer.text import clean, words
from normalizer.urgency import urgency_of


def urgency(text: str) -> Urgency:
    return urgency_of(words(clean(text, RULES.abbreviations)), RULES.taxonomy)


@pytest.mark.parametrize(
    "text",
    [
        "Kebakaran di pasar lama, api sudah merambat ke kios sebelah",
        "tolong rumah tetangga terbakar",
        "ada ledakan tabung gas di gang melati",
        "banjir setinggi dada, nenek saya terjebak di dalam rumah",
        "Kami terjebak banjir sejak semalam, belum dievakuasi",
        "air sudah sampai atap, banjir, anak anak masih di dalam",
        "ada anak hanyut di sungai belakang sekolah",
        "perahu terbalik, dua orang tenggelam di waduk",
        "longsor menimpa rumah, warga tertimbun longsor",
        "tertimpa pohon, korban tergeletak di jalan",
        "ada kecelakaan di simpang tiga, korban luka parah",
        "barusan tabrakan motor, korban tergeletak butuh ambulans",
        "kabel listrik putus menjuntai ke jalan, ada yang kesetrum",
        "bau gas bocor menyengat di dapur warung",
        "tetangga saya dipukuli suaminya sekarang",
        "ada orang bawa senjata tajam di depan minimarket",
        "sedang tawuran di jembatan, pakai celurit",
        "teman saya mau bunuh diri, tolong",
        "ibu saya tidak sadarkan diri, tolong kirim ambulans",
        "istri saya mau melahirkan, jalan tertutup banjir",
        "a house is burning, please send help",
    ],
)
def test_somebody_in_danger_is_an_emergency(text: str) -> None:
    """The receipt says 112 at once; the report goes on all the same."""
    found = urgency(text)

    assert found.value == "darurat"
    assert found.why


@pytest.mark.parametrize(
    "text",
    [
        # Denied.
        "tidak ada kebakaran, hanya asap pembakaran sampah",
        "ini bukan kecelakaan, hanya ban pecah",
        # Past.
        "kemarin ada kebakaran di pasar, sekarang sudah padam",
        "rumah saya terbakar tahun lalu, kapan bantuan bedah rumah cair",
        "pernah terjadi kecelakaan di sini waktu saya kecil",
        "kebakaran gudang sudah dipadamkan, terima kasih petugas",
        "dua bulan lalu anak saya dikeroyok, laporan belum ditindak",
        # Every day.
        "lubang ini sering menyebabkan kecelakaan",
        "di tikungan ini sudah beberapa kali terjadi kecelakaan",
        "maraknya tawuran membuat warga resah",
        # Might be.
        "takut terjadi kebakaran karena kabel semrawut",
        "kalau ada kebakaran mobil damkar tidak bisa masuk gang",
        "jangan sampai ada korban kecelakaan lagi",
        "pohon ini dikhawatirkan roboh menimpa orang lewat",
        "jalan gelap rawan begal dan rawan kecelakaan",
        # Only words.
        "Indonesia darurat sampah",
        "pejabatnya kebakaran jenggot setelah viral",
        "pingsan lihat tagihan air bulan ini",
        "mobil pemadam kebakaran parkir di trotoar",
        "cara klaim jaminan kecelakaan kerja bagaimana?",
        "mohon sosialisasi pencegahan kebakaran di kampung kami",
        "banjir setiap hujan di gang kami",
        "bekas kebakaran pasar belum dibersihkan",
        "loket IGD tidak ramah",
    ],
)
def test_what_only_sounds_like_danger_is_no_emergency(text: str) -> None:
    """Denied, past, of every day, feared, or a figure of speech."""
    assert urgency(text).value != "darurat"


@pytest.mark.parametrize(
    "text",
    [
        "tiang listrik miring mau roboh di depan SD",
        "pohon tumbang menutup jalan",
        "sudah tiga hari belum makan, kami kelaparan",
        "rawan tawuran, tiap malam minggu tawuran",
    ],
)
def test_harm_that_is_near_is_soon(text: str) -> None:
    """Somebody must look before the usual time."""
    assert urgency(text).value == "segera"


def test_an_old_danger_does_not_hide_a_new_one() -> None:
    """Each phrase of danger is weighed by the words around it alone."""
    text = (
        "Tahun lalu pernah kebakaran di blok ini dan kami semua sudah lapor ke kantor desa, "
        "malam ini rumah nomor empat terbakar lagi"
    )

    assert urgency(text).value == "darurat"


def test_words_far_apart_are_no_danger_together() -> None:
    """A long letter has "banjir" on its first page and "evakuasi" on its third."""
    far = " ".join(["selokan tersumbat lumpur"] * 20)

    assert urgency(f"banjir setiap tahun {far} evakuasi").value != "darurat"
