"""Where invented reports are about: codes, levels, candidates, and no guess."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalizing import RULES, SHIPPED, report, said

from normalizer.gazetteer import area_of, number_of
from normalizer.normalize import normalize
from normalizer.places import Located, Places, locate
from normalizer.places_heard import Learned
from normalizer.places_streets import Streets, StreetsError, learn_streets, read_streets
from normalizer.rules import RulesError, read_rules

COMMON = read_rules(SHIPPED).places.common
AREAS = {
    code: Places(SHIPPED["places.csv"], COMMON, area_of(code))
    for code in (
        *("", "36.03", "36.03.18", "34", "34.04", "34.04, 34.71"),
        *("51", "51.03", "13", "21.71", "82.72", "33.28"),
    )
}
SUKAMULYA = ("36.03.18.1001", "36.03.27.2002")


def found(tenant: str, text: str, address: str = "") -> Located:
    return locate(text, address, AREAS[tenant])


@pytest.mark.parametrize(
    ("tenant", "text", "code"),
    [
        ("36.03", "Jalan rusak di Desa Sukamulya Kec Cikupa", "36.03.18.1001"),
        ("36.03", "pju mati kel. kutabumi kec. pasar kemis", "36.03.12.1010"),
        ("36.03", "PJU MATI DI KELURAHAN KUTABUMI PASAR KEMIS", "36.03.12.1010"),
        ("34.04", "Lampu mati di Condongcatur, Depok, Sleman", "34.04.07.2003"),
        ("34", "jalan desa Condongcatur kapanewon Depok berlubang", "34.04.07.2003"),
        ("51.03", "sampah di kelurahan Kerobokan Kelod, Kuta Utara", "51.03.06.1001"),
        ("51", "sampah di kel Kerobokan Kelod kec Kuta Utara kab Badung", "51.03.06.1001"),
        ("13", "jalan nagari Koto Gadang kecamatan IV Koto kabupaten Agam", "13.06.05.2008"),
        ("21.71", "air mati di kelurahan Tiban Baru kecamatan Sekupang", "21.71.03.1006"),
        ("82.72", "jalan rusak di kelurahan Gurabati kec tidore selatan", "82.72.04.1005"),
        ("", "jalan rusak desa Condongcatur kec Depok kab Sleman", "34.04.07.2003"),
        ("36.03", "KTP warga desa Tibubeneng Kuta Utara belum jadi", "51.03.06.2004"),
        ("36.03", "jalan rusak desa Condongcatut kec Depok kab Sleman", "34.04.07.2003"),
        ("34.04, 34.71", "lampu mati di Condongcatur, Depok", "34.04.07.2003"),
        ("51.03", "banjar Tegal Gundul desa Tibubeneng gelap", "51.03.06.2004"),
    ],
)
def test_a_village_with_its_district_is_found(tenant: str, text: str, code: str) -> None:
    """However it is abbreviated, and in every pilot area."""
    located = found(tenant, text)

    assert (located.code, located.level) == (code, "desa")
    assert located.confidence > 0.8
    assert located.why


@pytest.mark.parametrize(
    ("tenant", "text", "code", "level"),
    [
        ("36.03", "banjir di kecamatan Cikupa", "36.03.18", "kecamatan"),
        ("33.28", "jalan berlubang di kec Slawi", "33.28.10", "kecamatan"),
        ("36.03", "pasar di kabupaten Tangerang kotor", "36.03", "kabupaten"),
        ("36.03", "macet di Kota Tangerang", "36.71", "kota"),
        ("36.03", "sampah di Tangsel", "36.74", "kota"),
        ("", "jembatan di kota Tegal", "33.76", "kota"),
        ("", "jembatan di kab. Tegal", "33.28", "kabupaten"),
        ("", "layanan di provinsi Sumbar", "13", "provinsi"),
        ("36.03", "KTP saya dari kabupaten Mamuju Utara", "76.01", "kabupaten"),
        ("36.03", "macet di kota Tanggerang", "36.71", "kota"),
        ("36.03", "jalan rusak di kab. Semarangg", "33.22", "kabupaten"),
        ("36.03", "kereta dari Solo penuh", "33.72", "kota"),
        ("36.03.18", "banjir di Tangerang", "36.03", "kabupaten"),
        ("34", "pasar di kapanewon Depok Sleman kotor", "34.04.07", "kecamatan"),
    ],
)
def test_larger_places_are_found_by_their_cue(
    tenant: str, text: str, code: str, level: str
) -> None:
    """The regency and the city of one name are told apart, and old names are known."""
    located = found(tenant, text)

    assert (located.code, located.level) == (code, level)


def test_tangerang_is_the_tenants_own_where_there_is_one() -> None:
    """Without a tenant or a cue it may be the regency or the city, so both are candidates."""
    here = found("36.03", "banjir di Tangerang")
    anywhere = found("", "banjir di Tangerang")

    assert here.code == "36.03"
    assert anywhere.code is None
    assert [candidate.code for candidate in anywhere.candidates] == ["36.03", "36.71"]


def test_namesakes_are_candidates_and_never_guessed() -> None:
    """There are two villages of Sukamulya; the district or a cue decides."""
    located = found("36.03", "jalan desa Sukamulya rusak")

    assert located.code is None
    assert {candidate.code for candidate in located.candidates} == set(SUKAMULYA)
    assert {candidate.level for candidate in located.candidates} == {"desa"}
    assert all("Kabupaten Tangerang" in candidate.name for candidate in located.candidates)


def test_a_misspelled_name_is_understood_behind_its_cue() -> None:
    """With one letter wrong, and only where a word announces a name."""
    assert found("34.04", "lampu mati di desa Condongcatut kec Depok").code == "34.04.07.2003"
    assert found("34.04", "lampu mati Condongcatut").code is None


@pytest.mark.parametrize(
    "text",
    [
        "air keruh sejak kemarin, mohon dibantu",
        "jalan baru di desa kami rusak",
        "tanah longsor di dekat rumah warga",
        "pasar malam ramai",
        "bapak kepala desa tidak ada di kantor",
        "",
        "12345",
    ],
)
@pytest.mark.parametrize("tenant", ["", "36.03", "13"])
def test_ordinary_words_are_no_places(tenant: str, text: str) -> None:
    """Villages are called Air, Baru, Tanah or Pasar; a text that says no more tells no place."""
    located = found(tenant, text)

    assert (located.code, located.candidates) == (None, ())


def test_a_common_word_counts_behind_a_cue() -> None:
    """Then it is a name."""
    assert found("36.03", "jalan di kelurahan Bojong kecamatan Cikupa").code == "36.03.18.2014"


def test_the_small_parts_of_an_address_are_kept_in_the_citizens_words() -> None:
    """Street with its kilometre, landmark, hamlet, RT and RW; no house number."""
    text = "lampu mati Jl Raya Serang km 14 depan SDN 3, dusun Pogung Kidul RT 05/RW 012"
    parts = found("36.03", text).parts

    assert parts.street == "Jalan Raya Serang km 14"
    assert parts.landmark == "depan SDN 3"
    assert parts.hamlet == "Pogung Kidul"
    assert (parts.rt, parts.rw) == ("5", "12")
    assert found("36.03", "rumah di jl. Mawar no 12 berbau").parts.street == "Jalan Mawar"


@pytest.mark.parametrize(
    "text",
    [
        "lokasi -6.2088,106.4456",
        "lokasi -6.2088, 106.4456 depan toko",
        "https://maps.google.com/?q=-6.2088,106.4456",
        "https://www.google.com/maps/@-6.2088,106.4456,17z",
        "https://www.google.com/maps/place/x/data=!3d-6.2088!4d106.4456",
        "https://www.openstreetmap.org/?mlat=-6.2088&mlon=106.4456#map=17/-6.2088/106.4456",
        "https://www.openstreetmap.org/#map=17/-6.2088/106.4456",
        "geo:-6.2088,106.4456",
        "6.2088 LS, 106.4456 BT",
        "lat -6.2088 long 106.4456",
        "Latitude: -6.2088, Longitude: 106.4456",
        "6°12'31.68\"S 106°26'44.16\"E",
        "6°12'31,68\" LS 106°26'44,16\" BT",
    ],
)
def test_coordinates_and_map_links_are_a_point(text: str) -> None:
    """Of the ways people share a place."""
    assert found("36.03", text).point == (-6.2088, 106.4456)


@pytest.mark.parametrize(
    "text", ["harga 1.500, 200.000", "51.5074,0.1278", "10.25, 300.75", "-6,2"]
)
def test_other_numbers_are_no_point(text: str) -> None:
    """Nor is a place outside Indonesia."""
    assert found("36.03", text).point is None


@settings(max_examples=200)
@given(st.text(max_size=200), st.text(max_size=80))
def test_any_text_can_be_located(text: str, address: str) -> None:
    """And the same one always in the same way."""
    assert found("36.03", text, address) == found("36.03", text, address)


def test_a_long_text_is_read_in_a_bounded_time() -> None:
    """Its first pages say where."""
    assert found("36.03", "desa Sukamulya kec Cikupa " * 100_000).code == SUKAMULYA[0]


def test_the_record_carries_what_was_found() -> None:
    """Name, code, level, reasons, and the point of a link; the citizen's own words stay first."""
    rules = read_rules(SHIPPED, tenant="36.03")
    text = "Jalan rusak di Desa Sukamulya Kec. Cikupa https://maps.google.com/?q=-6.2088,106.4456"
    record = normalize(report(said(text)), rules, ())

    assert record.place is not None
    assert record.place.code == SUKAMULYA[0]
    assert record.place.name == "Sukamulya, Cikupa, Kabupaten Tangerang"
    assert (record.place.by, record.place.why) == ("rules", ("sukamulya", "cikupa"))
    assert record.point is not None
    assert (record.point.lat, record.point.lon) == (-6.2088, 106.4456)
    assert normalize(report(said("mohon bantuan")), RULES, ()).place is None


def test_an_area_that_is_none_is_told() -> None:
    """In one sentence, at the start."""
    with pytest.raises(RulesError, match="Tangerang is no code of an area"):
        read_rules(SHIPPED, tenant="Tangerang")
    with pytest.raises(RulesError, match=r"streets\.json"):
        read_rules({**SHIPPED, "streets.json": b"[]"})


def streets() -> Streets:
    """Learned from invented reports of two villages."""
    here, there = number_of("36.03.18.1001"), number_of("36.03.12.1010")
    return learn_streets(
        [
            *((f"Jl. Kenari Jingga No {n}", "lampu mati", here) for n in range(12)),
            *((f"perum Griya Elang Putih blok C{n}", "air mati", there) for n in range(12)),
            ("rumah Pak Rekaan Utomo", "tolong", here),
        ]
    )


def test_streets_learned_from_past_reports_tell_the_village() -> None:
    """No name of a village stands in the new report."""
    learned = Learned.of(read_streets(streets().encode()))
    area = Places(SHIPPED["places.csv"], COMMON, area_of("36.03"), learned)
    located = locate("banjir setinggi lutut", "jalan kenari jingga 77", area)

    assert located.code == SUKAMULYA[0]
    assert located.learned
    assert locate("banjir setinggi lutut", "jalan rajawali", area).code is None


def test_what_tells_neighbours_apart_is_learned() -> None:
    """A long street runs through two villages; the lane beside it decides."""
    here, there = number_of("36.03.18.1001"), number_of("36.03.12.1010")
    learned = learn_streets(
        [
            *((f"jl raya elang gang pipit no {n}", "", here) for n in range(5)),
            *((f"jl raya elang gang gagak no {n}", "", there) for n in range(5)),
        ]
    )

    scores = learned.scores({"elang": 1.0, "pipit": 1.0})

    assert scores[here] - scores[there] > 0.2
    assert learned.scores({"merpati": 1.0}) == {}


def test_a_phrase_that_decides_nothing_is_no_trouble() -> None:
    """Its counts are known, and no village has a weight for it."""
    village = number_of("36.03.18.1001")
    learned = learn_streets([("jl merpati", "", village)] * 3)
    content = json.loads(learned.encode()) | {"weights": {}}
    streets_only = Learned.of(read_streets(json.dumps(content).encode()))
    area = Places(SHIPPED["places.csv"], COMMON, area_of("36.03"), streets_only)

    assert locate("lampu mati di jl merpati", "", area).code in (None, SUKAMULYA[0])


def test_no_person_and_no_house_number_is_learned() -> None:
    """A phrase of one report stays only behind a street word; numbers of houses never do."""
    content = streets().encode().decode()

    assert "kenarijinga" in content
    assert "utomo" not in content
    assert "/" not in content.split('"phrases"')[1]


def test_the_learned_table_is_bounded_and_independent_of_the_order() -> None:
    """The phrases that tell most are kept."""
    village = number_of("36.03.18.1001")
    many = [
        (f"jl nama{chr(97 + n % 26)}{chr(97 + n // 26)} indah", "", village) for n in range(400)
    ]

    assert len(learn_streets(many, most_phrases=100)) == 100
    assert learn_streets(many).encode() == learn_streets(reversed(many)).encode()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"version":"0","villages":[],"reports":[],"phrases":{}}']
)
def test_a_table_that_was_not_learned_here_is_refused(content: bytes) -> None:
    """In one sentence."""
    with pytest.raises(StreetsError, match=r"streets\.json"):
        read_streets(content)
