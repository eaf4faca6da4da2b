"""The tree of topics: 38 branches as in the national system, topics, leaves."""

from collections import Counter

import pytest
from normalizing import RULES, SHIPPED

from normalizer.classify import classify
from normalizer.record import ReportType
from normalizer.rules import RulesError, read_rules
from normalizer.text import clean, words

TAXONOMY = RULES.taxonomy


def topic(text: str) -> str | None:
    return classify(words(clean(text, RULES.abbreviations)), RULES).topic.value


def test_the_tree_has_every_branch_of_the_national_one() -> None:
    """A report can be handed on under the branch SP4N files it by."""
    assert len(set(TAXONOMY.groups.values())) == 38
    assert {"SRGI", "SP4N-LAPOR!", "Topik lainnya"} <= set(TAXONOMY.groups.values())


def test_a_leaf_has_the_branch_of_its_topic_and_a_title_of_its_own() -> None:
    """Leaves are finer words for the same thing."""
    assert TAXONOMY.under["jalan_rusak"] == "jalan"
    assert TAXONOMY.groups["jalan_rusak"] == TAXONOMY.groups["jalan"]
    assert Counter(TAXONOMY.titles.values()).most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cetak ktp belum jadi", "ktp"),
        ("akta kelahiran anak saya salah", "akta_lahir"),
        ("kependudukan: mohon bantuan dukcapil", "kependudukan"),
        ("jalur zonasi PPDB tidak adil", "ppdb"),
        ("iuran komite sekolah mahal", "biaya_sekolah"),
        ("pasang lampu jalan di gang kami, belum ada penerangan jalan", "pju_baru"),
        ("sampah liar di pinggir kali, tumpukan sampah", "sampah_liar"),
        ("bau kandang ayam dekat rumah", "bau_ternak"),
        ("tambang pasir ilegal", "pertambangan"),
        ("ular masuk rumah", "hewan_liar"),
        ("tiang internet dan kabel semrawut", "kabel_tiang"),
        ("hapus akun saya", "hapus_laporan"),
    ],
)
def test_the_leaf_is_told_where_the_words_tell_it(text: str, value: str) -> None:
    """Else the topic itself is the value."""
    assert topic(text) == value


def test_a_leaf_never_makes_its_topic_less_sure() -> None:
    """Words of two leaves speak for their topic together."""
    judged = classify(words("akta kelahiran dan kartu keluarga"), RULES)

    assert judged.topic.value == "kependudukan"
    assert judged.topic.confidence >= 0.8


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Kapan jadwal perekaman KTP di kecamatan?", "permintaan_informasi"),
        ("apakah kartu lama masih berlaku?", "permintaan_informasi"),
        ("Usul saya sebaiknya ditambah halte di depan pasar", "aspirasi"),
        ("oknum perangkat desa minta uang pelicin", "pengaduan_pengawasan"),
        ("sudah dua minggu sampah menumpuk tidak diangkut", "pengaduan"),
        ("kerbau tetangga masuk kebun saya", "pengaduan"),
        ("halo", "bukan_laporan"),
    ],
)
def test_types_are_told_by_their_words(text: str, kind: ReportType) -> None:
    """Who writes a whole sentence without a question or a wish most likely complains."""
    assert classify(words(text), RULES).type.value == kind


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('under = "jalan"', 'under = "jalanan"', "is under jalanan, which is no topic"),
        ('under = "jalan"', 'under = "ktp"', "is under ktp, which is no topic"),
        ('group = "Agama"', 'group = "Aagama"', "has the group 'Aagama', not one of groups"),
        ('group = "Agama"', "", "has the group '', not one of groups"),
        ("[urgency.not_now]", "[urgency.not_yet]", "not_yet"),
    ],
)
def test_a_mistake_in_the_tree_is_one_sentence(old: str, new: str, complaint: str) -> None:
    """It names the file and the topic."""
    text = SHIPPED["taxonomy.toml"].decode()
    assert old in text

    with pytest.raises(RulesError) as refused:
        read_rules({**SHIPPED, "taxonomy.toml": text.replace(old, new, 1).encode()})

    assert complaint in str(refused.value)
    assert str(refused.value).startswith("taxonomy.toml: ")
