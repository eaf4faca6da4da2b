"""Short forms and careless spelling, written out in what the officer reads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalizing import RULES

from normalizer.text import clean, words


def cleaned(text: str) -> str:
    return clean(text, RULES.abbreviations)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kel Curug", "kelurahan Curug"),
        ("kartu kel saya hilang", "kartu keluarga saya hilang"),
        ("satu kel kena demam", "satu keluarga kena demam"),
        ("ds Sukamaju", "desa Sukamaju"),
        ("ds Krajan desa Sukamaju", "dusun Krajan desa Sukamaju"),
        ("yth bpk bupati", "yang terhormat bapak bupati"),
        ("temuan bpk belum dibuka", "temuan BPK belum dibuka"),
        ("gg Mawar", "gang Mawar"),
        ("gg bisa tidur", "tidak bisa tidur"),
        ("no hp petugas", "nomor hp petugas"),
        ("rumah no. 5", "rumah nomor 5"),
        ("there is no water", "there is no water"),
        ("jam 7 sd 9", "jam 7 sampai dengan 9"),
        ("sd lapor dua kali", "sudah lapor dua kali"),
        ("guru sd Sukamaju", "guru SD Sukamaju"),
        ("anak kelas 6 sd belum libur", "anak kelas 6 sd belum libur"),
        ("SD lama di sini", "SD lama di sini"),
        ("perum Melati dan perum bulog", "perumahan Melati dan perum bulog"),
        ("dipakai sehari2", "dipakai sehari-hari"),
        ("sdm smp skrg", "sdm sampai sekarang"),
        ("no kk dan ktp", "nomor KK dan KTP"),
        ("makasih kk admin", "terima kasih kk admin"),
        ("bayar 50 rb", "bayar 50 ribu"),
        ("sedalam 30 cm", "sedalam 30 cm"),
        ("ket rt 5", "ketua RT 5"),
        ("surat ket tidak mampu", "surat keterangan tidak mampu"),
        ("id plg PLN", "id pelanggan PLN"),
        ("kep riau", "kepulauan riau"),
        ("panjang 200 mtr", "panjang 200 meter"),
        ("naik mtr", "naik motor"),
        ("jalan dr sutomo dr Dr Cipto", "jalan dr sutomo dari Dr Cipto"),
    ],
)
def test_neighbours_decide_between_two_meanings(text: str, expected: str) -> None:
    """The same letters mean another thing beside other words; in doubt they stay."""
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tolooong", "tolong"),
        ("maaaaf ya", "maaf ya"),
        ("Paraaaah bangeeeet", "Parah banget"),
        ("bisaa jugaa", "bisa juga"),
        ("jln2 dan rumah2nya", "jalan-jalan dan rumah-rumahnya"),
        ("berkali2 lapor", "berkali-kali lapor"),
        ("jlnnya rusak, lmpunya mati", "jalannya rusak, lampunya mati"),
        ("airny keruh", "airnya keruh"),
        ("j4l4n rus4k, s4mp4h", "jalan rusak, sampah"),
        ("pnjlsn ptgs", "penjelasan petugas"),
        ("Gak ada air. Udah lapor", "Tidak ada air. Sudah lapor"),
        ("tolongg dongg, sekarng", "tolong dong, sekarang"),
        ("dirumah saya", "di rumah saya"),
        ("kec. Curug, kab. Tangerang", "kecamatan Curug, kabupaten Tangerang"),
        ("a.n. warga dan u.p. camat", "atas nama warga dan untuk perhatian camat"),
    ],
)
def test_careless_spelling_ends_at_a_known_word(text: str, expected: str) -> None:
    """Letters held down, doubled words, digits for letters, words without vowels."""
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Jalan Mawar III dan gang viii",
        "blok A1 gang2 lantai3 rt05",
        "Bu XXX di 0812xxxx0001",
        "kode 7k3m9qtr dan b-12-yg",
        "lihat bpk.go.id atau peta.example.org/jln",
        "desa solokan dan kampung lobang",
        "Pak Hadi dan Bu Ninii",
        "www.example.org",
        "m² dan 45°C",
        "PDAM, BPJS, KTP-el",
        "harga Rp50.000,00 per m3",
    ],
)
def test_what_tells_nothing_about_itself_stays(text: str) -> None:
    """Roman numerals, house numbers, masked names, codes, links, villages and units."""
    assert cleaned(text) == text


@settings(max_examples=40)
@given(st.from_regex(r"[0-9][0-9.,:/+-]{0,18}[0-9]", fullmatch=True))
def test_numbers_stay_as_they_are(number: str) -> None:
    """Prices, times, coordinates, phone and account numbers."""
    assert cleaned(f"tlg cek {number} yg td") == f"tolong cek {number} yang tadi"


@settings(max_examples=40)
@given(
    st.from_regex(
        r"https?://[a-z0-9-]{1,12}\.[a-z]{2,4}(?:/[A-Za-z0-9_.?=&%-]{0,20}){0,3}", fullmatch=True
    )
)
def test_links_stay_as_they_are(link: str) -> None:
    """A link with short forms in it still leads there."""
    assert cleaned(f"lht {link} yg").split(" ")[1] == link


@settings(max_examples=40)
@given(st.from_regex(r"[A-Z][a-z]*[aeiou][a-z]*", fullmatch=True).filter(lambda n: len(set(n)) > 2))
def test_names_stay_as_they_are(name: str) -> None:
    """A word with a capital and a vowel may be a name, unless a letter in it was held down."""
    held = any(
        a == b == c
        for a, b, c in zip(name.lower(), name.lower()[1:], name.lower()[2:], strict=False)
    )
    if not held and name.lower() not in RULES.abbreviations.address:
        assert cleaned(f"kata Pak {name} di Desa {name}") == f"kata Pak {name} di Desa {name}"


@settings(max_examples=40)
@given(st.from_regex(r"[0-9A-HJKMNP-TV-Z]{8}[A-HJKMNP-TV-Z]", fullmatch=True))
def test_case_codes_stay_as_they_are(code: str) -> None:
    """STATUS with a code must find the case."""
    assert cleaned(f"tlg lihat laporan saya dgn kode {code} ya").split(" ")[6] == code


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_cleaning_is_total_and_settles(text: str) -> None:
    """No text makes it fail, and the memory of settled pieces changes nothing."""
    first = cleaned(text)

    assert cleaned(text) == first
    assert words(first) == words(first)


def test_the_list_is_long_and_every_form_is_short_for_something() -> None:
    """At least 800 forms, in lower case; the longer list is for odd spellings."""
    table = RULES.abbreviations
    forms = {**table.words, **table.address, **table.slashed}

    assert len(forms) >= 800
    assert [short for short, full in forms.items() if short == full] == []
