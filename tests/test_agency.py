"""Who gets a report: by layer of government, by place, by name; offices are a table to edit."""

import pytest
from normalizing import RULES, SHIPPED

from normalizer.classify import Classification, classify
from normalizer.places import locate
from normalizer.rules import Rules, RulesError, read_rules
from normalizer.text import clean, words

TANGERANG = read_rules(SHIPPED, "36.03")
BALI = read_rules(SHIPPED, "51")


def judged(text: str, rules: Rules = RULES) -> Classification:
    plain = clean(text, rules.abbreviations)
    return classify(words(plain), rules, located=locate(plain, "", rules.places))


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("Jalan nasional di depan pasar rusak parah", "Balai Besar Pelaksanaan Jalan Nasional"),
        ("jalan bergaris kuning? jalan provinsi berlubang besar", "Dinas Bina Marga Provinsi"),
        ("jalan kabupaten berlubang", "Dinas Pekerjaan Umum dan Penataan Ruang"),
        ("jalan desa rusak dan becek", "Pemerintah desa atau kelurahan setempat"),
        ("lubang di jalan tol dekat gerbang tol", "Badan Pengatur Jalan Tol"),
        ("jalan rusak, bukan jalan provinsi tapi milik kabupaten",
         "Dinas Pekerjaan Umum dan Penataan Ruang"),
        ("listrik padam sejak pagi", "PLN"),
        ("air pdam tidak mengalir", "Perumda Air Minum (PDAM)"),
        ("sertifikat tanah PTSL belum jadi", "Kantor Pertanahan (ATR/BPN)"),
        ("antrean paspor di kantor imigrasi lama", "Kantor Imigrasi"),
        ("perpanjang SIM dipersulit di satpas", "Kepolisian Negara Republik Indonesia"),
        ("buku nikah di KUA belum keluar", "Kementerian Agama"),
        ("iuran komite di SMA negeri terlalu mahal", "Dinas Pendidikan Provinsi"),
        ("pungutan sekolah di SD negeri", "Dinas Pendidikan"),
        ("guru SMP sering tidak masuk", "Dinas Pendidikan"),
        ("guru madrasah belum terima tunjangan profesi", "Kementerian Agama"),
        ("penebangan liar di hutan lindung", "Dinas Kehutanan Provinsi"),
        ("tanggul sungai Cisadane retak, takut banjir", "Balai Besar Wilayah Sungai"),
        ("saluran irigasi kering, kewenangan provinsi",
         "Dinas Sumber Daya Air Provinsi"),
        ("tambang pasir ilegal di bukit", "Dinas Energi dan Sumber Daya Mineral Provinsi"),
        ("gaji di bawah umk di pabrik", "Dinas Tenaga Kerja Provinsi"),
        ("pajak kendaraan naik dua kali lipat", "Badan Pendapatan Daerah Provinsi (Samsat)"),
        ("jadwal kereta api terlambat terus", "PT Kereta Api Indonesia"),
        ("bpjs kesehatan saya nonaktif", "BPJS Kesehatan"),
        ("situs judi online belum diblokir", "Kementerian Komunikasi dan Digital"),
    ],
)  # fmt: skip
def test_the_words_tell_the_layer_of_government(text: str, agency: str) -> None:
    """Roads, schools, rivers and firms belong to the village, the regency, the province, or all."""
    assert judged(text).agency.value == agency


def test_a_layer_that_was_told_is_among_the_reasons() -> None:
    """First what told whose it is, then what it is about."""
    assert judged("lampu jalan mati di jalan provinsi").agency.why[0] == "jalan provinsi"


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("lampu jalan mati di Ciputat, Tangerang Selatan", "Pemerintah Kota Tangerang Selatan"),
        ("jalan rusak di Kabupaten Sleman", "Pemerintah Kabupaten Sleman"),
        ("jalan provinsi berlubang di Kabupaten Badung", "Pemerintah Provinsi Bali"),
        ("jalan nasional berlubang di Kabupaten Badung", "Balai Besar Pelaksanaan Jalan Nasional"),
        ("jalan provinsi berlubang di Kota Tangerang", "Dinas Bina Marga Provinsi Banten"),
        ("lampu jalan mati di Kecamatan Cikupa", "Dinas Perhubungan"),
        ("mohon perhatian untuk Kabupaten Sleman", "Pemerintah Kabupaten Sleman"),
    ],
)
def test_what_lies_elsewhere_goes_to_the_government_there(text: str, agency: str) -> None:
    """A neighbour's matter is forwarded with the neighbour's name on it, never refused."""
    assert judged(text, TANGERANG).agency.value == agency


def test_a_neighbours_matter_says_which_words_tell_the_place() -> None:
    """So that an officer sees why it is not theirs."""
    agency = judged("jalan rusak di Kabupaten Sleman", TANGERANG).agency

    assert "sleman" in " ".join(agency.why).lower()
    assert "Pemerintah Kabupaten Sleman" not in agency.alternatives
    assert agency.alternatives[0] == "Dinas Pekerjaan Umum dan Penataan Ruang"


def test_a_province_passes_on_what_belongs_to_its_regencies() -> None:
    """The roads of a regency are not the province's."""
    assert judged("lampu jalan mati di Kuta, Kabupaten Badung", BALI).agency.value == (
        "Pemerintah Kabupaten Badung"
    )
    assert judged("iuran SMA negeri di Kabupaten Badung mahal", BALI).agency.value == (
        "Dinas Pendidikan Provinsi Bali"
    )


def test_the_village_that_is_meant_is_named() -> None:
    """Where the place tells the village or the district, its government is named with it."""
    agency = judged("jalan desa berlubang di Desa Talaga, Kecamatan Cikupa", TANGERANG).agency

    assert agency.value == "Pemerintah Desa Talaga"


def test_an_office_that_is_named_is_suggested_where_nothing_else_is_told() -> None:
    """A name alone is no proof: half sure."""
    agency = judged("Mohon disampaikan kepada Basarnas").agency

    assert (agency.value, agency.confidence) == ("Basarnas", 0.5)
    assert agency.why == ("basarnas",)


def test_an_office_that_is_named_is_at_least_an_alternative() -> None:
    """Its topic is somebody else's, but the citizen may know better."""
    agency = judged("Lampu jalan dan tiang PJU mati, gelap, sudah ke kelurahan dan PLN").agency

    assert agency.value == "Dinas Perhubungan"
    assert agency.alternatives[0] == "PLN"


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("pungli saat cetak ktp, oknum petugas minta uang", "Inspektorat"),
        ("oknum guru SMA negeri minta uang, pungli", "Inspektorat Provinsi"),
        ("pungli oleh oknum petugas di kantor imigrasi, paspor dipersulit", "Kantor Imigrasi"),
    ],
)
def test_misconduct_is_looked_into_on_its_own_layer(text: str, agency: str) -> None:
    """The inspectorate of a regency has no say in the province or in a national office."""
    assert judged(text).agency.value == agency


def edited(old: str, new: str) -> Rules:
    shipped = SHIPPED["agencies.toml"].decode()
    assert old in shipped
    return read_rules({**SHIPPED, "agencies.toml": shipped.replace(old, new, 1).encode()}, "36.03")


def test_an_office_changes_its_table_without_code() -> None:
    """A road of the province by its name, only in one district."""
    rules = edited(
        "[called]",
        '[[instead]]\ntopics = ["jalan"]\nwords = ["jalan raya serang"]\nplaces = ["36.03.04"]\n'
        'offices = ["bina_marga_prov"]\n\n[called]',
    )

    cikupa = judged("jalan raya serang berlubang", rules)
    assert cikupa.agency.value == "Dinas Pekerjaan Umum dan Penataan Ruang"
    rules = edited(
        "[called]",
        '[[instead]]\ntopics = ["jalan"]\nwords = ["jalan raya serang"]\nplaces = ["36"]\n'
        'offices = ["bina_marga_prov"]\n\n[called]',
    )
    assert judged("jalan raya serang berlubang", rules).agency.value == (
        "Dinas Bina Marga Provinsi Banten"
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('pln = "PLN"', 'pln = ""', "offices.pusat.pln has no name"),
        ('pln = "PLN"', 'dishub = "PLN"', "offices.pusat.dishub is defined twice"),
        ('"{kecamatan}"', '"Kecamatan {kec}"', "{kec}"),
        ("[offices.desa]", "[offices.dusun]", "dusun"),
        ('jalan = ["pupr"', 'jalan = ["puprx"', "topics.jalan names puprx"),
        ('sampah = ["dlh", "desa"]', "sampah = []", "topics.sampah names no office"),
        ('places = ["36"]', 'places = ["3x"]', "3x, which is no code"),
        ('topics = ["jalan"]\nwords', 'topics = ["jalanan"]\nwords', "instead 1 names jalanan"),
        ('offices = ["bpjt"]', 'offices = ["jalan_tol"]', "names jalan_tol"),
        ('ombudsman = ["ombudsman"]', 'ombudsmen = ["ombudsman"]', "called names ombudsmen"),
        ('provinsi = "inspektorat_prov"', 'provinsi = "x"', "supervision names x"),
        ('"Pemerintah {kabupaten}"', '"Pemerintah {kota}"', "elsewhere.kabupaten has {kota}"),
    ],
)
def test_a_mistake_in_the_table_is_one_sentence(old: str, new: str, complaint: str) -> None:
    """It names the file and the place in it; the old table stays in force."""
    text = SHIPPED["agencies.toml"].decode()
    text = text.replace(
        "\n[[instead]]",
        '\n[[instead]]\ntopics = ["jalan"]\nwords = ["x"]\nplaces = ["36"]\noffices = ["pupr"]\n\n'
        "[[instead]]",
        1,
    )
    assert old in text

    with pytest.raises(RulesError) as refused:
        read_rules({**SHIPPED, "agencies.toml": text.replace(old, new, 1).encode()})

    assert complaint in str(refused.value)
    assert str(refused.value).startswith("agencies.toml: ")
    assert "\n" not in str(refused.value)


def test_an_entry_without_words_and_places_is_refused() -> None:
    """It would fit every report of its topics."""
    with pytest.raises(RulesError, match="neither words nor places"):
        edited("[called]", '[[instead]]\ntopics = ["jalan"]\noffices = ["desa"]\n\n[called]')
