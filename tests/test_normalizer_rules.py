"""What operators may edit, and what the shipped rules make of everyday complaints."""

import pytest
from normalizing import RULES, SHIPPED

from normalizer.classify import classify
from normalizer.record import Urgency
from normalizer.rules import RulesError, read_rules
from normalizer.text import clean, words
from normalizer.urgency import urgency_of


def spoken(text: str) -> list[str]:
    return words(clean(text, RULES.abbreviations))


@pytest.mark.parametrize(
    ("text", "topic", "agency"),
    [
        ("Jalan berlubang di desa Sukamaju", "jalan_rusak",
         "Dinas Pekerjaan Umum dan Penataan Ruang"),
        ("lampu jln mati di perempatan, gelap", "pju_mati", "Dinas Perhubungan"),
        ("sampah menumpuk dan tdk diangkut", "sampah", "Dinas Lingkungan Hidup"),
        ("air PDAM keruh dan tidak mengalir", "air_mati", "Perumda Air Minum (PDAM)"),
        ("mati lampu dari PLN sejak pagi", "listrik_padam", "PLN"),
        ("cetak ktp di kecamatan lama sekali", "ktp",
         "Dinas Kependudukan dan Pencatatan Sipil"),
        ("warga miskin tidak dapat bansos pkh", "bansos", "Dinas Sosial"),
        ("gorong-gorong tersumbat", "saluran_tersumbat", "Dinas Pekerjaan Umum dan Penataan Ruang"),
        ("parkir liar dan juru parkir memaksa", "parkir_liar", "Dinas Perhubungan"),
        ("pungutan sekolah di SDN, wali murid keberatan", "biaya_sekolah", "Dinas Pendidikan"),
    ],
)  # fmt: skip
def test_everyday_complaints_find_their_office(text: str, topic: str, agency: str) -> None:
    """A fresh installation routes what people write most."""
    judged = classify(spoken(text), RULES)

    assert (judged.topic.value, judged.agency.value) == (topic, agency)


def test_a_judgement_gives_the_words_it_rests_on() -> None:
    """The officer sees why, in the citizen's own words, strongest first."""
    judged = classify(spoken("Lampu jalannya sudah lama gelap"), RULES)

    assert judged.topic.why == ("lampu jalannya", "gelap")


@pytest.mark.parametrize("text", ["", "Selamat pagi", "Mohon bantuannya Pak", "asdf qwerty"])
def test_what_the_words_do_not_tell_stays_open(text: str) -> None:
    """The report goes on unrouted: no office is better than a wrong one."""
    judged = classify(spoken(text), RULES)

    assert judged.topic.value is None
    assert judged.agency.value is None


def test_two_topics_of_equal_strength_are_both_offered() -> None:
    """No value, but the offices of both as alternatives, three at most."""
    judged = classify(spoken("jembatan dan sampah"), RULES)

    assert (judged.topic.value, judged.agency.value) == (None, None)
    assert "Dinas Lingkungan Hidup" in judged.agency.alternatives
    assert len(judged.agency.alternatives) == 3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Jalan rusak parah mohon diperbaiki", "pengaduan"),
        ("Mohon informasinya, apa saja syarat membuat KTP?", "permintaan_informasi"),
        ("Saya mengusulkan sebaiknya dibuatkan taman di alun-alun", "aspirasi"),
        ("Ada pungli oleh oknum petugas, dimintai uang", "pengaduan_pengawasan"),
        ("tes", "bukan_laporan"),
        ("Tes lampu jalan di RT 05 gagal, masih mati", "pengaduan"),
        ("", None),
    ],
)
def test_the_type_of_a_report_is_told_by_its_words(text: str, kind: str | None) -> None:
    """Only a few words can be no report at all."""
    assert classify(spoken(text), RULES).type.value == kind


def test_misconduct_goes_to_the_inspectorate_first() -> None:
    """The office that is complained about is only an alternative."""
    judged = classify(spoken("Pungli saat cetak ktp, oknum petugas minta uang"), RULES)

    assert judged.agency.value == "Inspektorat"


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("Kebakaran di pasar lama!", "darurat"),
        ("banjir setinggi dada, nenek saya terjebak", "darurat"),
        ("ada kecelakaan di simpang tiga", "darurat"),
        ("tetangga saya dipukuli suaminya", "darurat"),
        ("mobil pemadam kebakaran parkir di trotoar", "biasa"),
        ("lubang jalan ini sering menyebabkan kecelakaan", "biasa"),
        ("banjir setiap hujan di gang kami", "biasa"),
        ("pohon tumbang menutup jalan", "segera"),
    ],
)
def test_danger_is_recognised_and_its_name_alone_is_not_enough(text: str, urgency: str) -> None:
    """The first answer to an emergency says 112."""
    assert urgency_of(spoken(text), RULES.taxonomy).value == urgency


def test_an_emergency_of_several_words_names_them() -> None:
    """Words that mean danger only together are given as the reason together."""
    found = urgency_of(spoken("Air banjir naik, dua anak terjebak"), RULES.taxonomy)

    assert found == Urgency(value="darurat", why=("banjir", "terjebak"))


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("taxonomy.toml", "[limits]", "[limits]\ntypo = 1", "unknown field `typo`"),
        ("taxonomy.toml", "topic = 0.47", 'topic = "0.47"', "$.limits.topic"),
        ("taxonomy.toml", 'name = "aspirasi"', 'name = "wish"', "wish"),
        ("taxonomy.toml", 'name = "jembatan"', 'name = "jalan"', "jalan is defined twice"),
        ("taxonomy.toml", 'name = "aspirasi"', 'name = "pengaduan"', "pengaduan is defined twice"),
        ("agencies.toml", 'kabupaten = "inspektorat"', 'kabupaten = "x"', "names x"),
        ("agencies.toml", "jembatan = [", "jembatanx = [", "names jembatanx"),
        ("agencies.toml", 'pemakaman = ["perkim", "dlh"]', "pemakaman = []", "names no office"),
        ("abbreviations.toml", 'yg = "yang"', 'YG = "yang"', "words.YG must be lower case"),
        ("abbreviations.toml", 'short = "gg g"', 'short = "GG"', "meanings.GG must be lower case"),
        ("abbreviations.toml", "[words]", "[wordz]", "wordz"),
        ("abbreviations.toml", "[words]", "[words", "abbreviations.toml: "),
    ],
)
def test_a_mistake_in_a_file_ends_in_one_sentence(
    name: str, old: str, new: str, complaint: str
) -> None:
    """It names the file and the key, so that the operator finds it."""
    edited = SHIPPED[name].decode().replace(old, new, 1).encode()

    with pytest.raises(RulesError) as refused:
        read_rules({**SHIPPED, name: edited})

    assert complaint in str(refused.value)
    assert ".toml" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_missing_or_undecodable_file_is_named(name: str) -> None:
    """Both end in the same kind of error."""
    missing = {other: content for other, content in SHIPPED.items() if other != name}

    with pytest.raises(RulesError, match=f"{name} is missing"):
        read_rules(missing)
    with pytest.raises(RulesError, match=name):
        read_rules({**SHIPPED, name: b"\xff\xfe"})


def test_rules_may_be_empty_of_words() -> None:
    """An office that wants no keyword and no short form can have it so."""
    bare = b"keywords=[]\nkeep_before_dot=[]\n[address]\n[slashed]\n[words]\n"
    rules = read_rules({**SHIPPED, "abbreviations.toml": bare})

    assert clean("LAPOR jln rusak", rules.abbreviations) == "LAPOR jln rusak"


def test_the_lists_hold_what_they_promise() -> None:
    """Here kel is kelurahan, never keluarga; hundreds of short forms, none of them for itself."""
    abbreviations = RULES.abbreviations
    every = {**abbreviations.words, **abbreviations.address, **abbreviations.slashed}

    assert abbreviations.address["kel"] == "kelurahan"
    assert len(every) >= 500
    assert not [short for short, full in every.items() if short == full]
