"""The table of place names: how it is read, looked up and made."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from normalizing import SHIPPED

from gateway.commands.places import places
from normalizer.gazetteer import (
    Gazetteer,
    GazetteerError,
    code_of,
    level_of,
    lies_in,
    number_of,
    read_gazetteer,
    spelling,
)

GAZETTEER = read_gazetteer(SHIPPED["places.csv"])
VILLAGES = 83_763


def codes(name: str, gazetteer: Gazetteer = GAZETTEER) -> list[str]:
    return [code_of(number) for number in gazetteer.find(spelling(name))]


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("36", "provinsi"),
        ("36.03", "kabupaten"),
        ("36.71", "kota"),
        ("36.03.18", "kecamatan"),
        ("36.03.18.1001", "desa"),
    ],
)
def test_a_code_tells_the_level_and_survives_being_a_number(code: str, level: str) -> None:
    """Inside it is a number of ten digits."""
    assert code_of(number_of(code)) == code
    assert level_of(number_of(code)) == level


@pytest.mark.parametrize("word", ["", "3", "36.3", "36.03.", "36.03.18.10", "٣٦", "3603"])
def test_what_is_no_code_is_no_number(word: str) -> None:
    """0 stands for no place."""
    assert number_of(word) == 0


def test_a_place_lies_in_what_its_code_begins_with() -> None:
    """And everything lies in 0, the country."""
    village = number_of("36.03.18.1001")

    assert lies_in(village, number_of("36"))
    assert lies_in(village, number_of("36.03.18"))
    assert not lies_in(village, number_of("36.71"))
    assert lies_in(village, 0)


@pytest.mark.parametrize(
    "name", ["Kuta Utara", "KUTA UTARA", "kutautara", "Kuta-Utara", " kuta  utara "]
)
def test_blanks_case_and_signs_do_not_matter(name: str) -> None:
    """People write one name in many ways."""
    assert codes(name) == ["51.03.06"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Sumbar", "13"),
        ("Tangsel", "36.74"),
        ("Toba Samosir", "12.12"),
        ("Mamuju Utara", "76.01"),
        ("Maluku Tenggara Barat", "81.03"),
        ("Ujung Pandang", "73.71"),
        ("Irian Jaya", "91"),
    ],
)
def test_short_and_old_names_lead_to_the_place_of_today(name: str, code: str) -> None:
    """Regencies were split and renamed; people go on saying the old name."""
    assert codes(name) == [code]


def test_the_shipped_table_holds_the_pilot_areas_and_every_regency() -> None:
    """So that another regency is recognised as one."""
    numbers = GAZETTEER.within(0)

    assert sum(level_of(n) == "provinsi" for n in numbers) == 38
    assert sum(level_of(n) in ("kabupaten", "kota") for n in numbers) == 514
    for area in ("36.03", "34.04", "51.03", "13.06", "21.71", "82.72", "33.28"):
        villages = [n for n in GAZETTEER.within(number_of(area)) if level_of(n) == "desa"]
        assert len(villages) > 30, area


def test_the_table_names_its_source_and_licence() -> None:
    """The Open Database License asks for it."""
    head = SHIPPED["places.csv"][:600].decode()

    assert "idn-area-data" in head
    assert "ODbL" in head


def test_a_place_is_called_with_what_it_lies_in() -> None:
    """There are many villages of one name."""
    assert GAZETTEER.called(number_of("36.03.18")) == "Cikupa, Kabupaten Tangerang"
    assert GAZETTEER.called(number_of("51")) == "Bali"


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (b"36,Banten\n36.3,Tangerang\n", 2),
        (b"# note\ncode,name\n36\n", 3),
        (b"36,\n", 1),
        (b"\xff\xfe", 1),
        (b"36,Banten\n\n36.03,Kabupaten Tangerang\nx,y\n", 4),
    ],
)
def test_a_line_that_does_not_fit_is_named(table: bytes, line: int) -> None:
    """In one sentence with the number of the line."""
    with pytest.raises(GazetteerError, match=f"places.csv: line {line}: expected code,name"):
        read_gazetteer(table)


def test_a_table_may_come_from_a_spreadsheet() -> None:
    """With a byte order mark, Windows line ends, quoted cells and other names."""
    gazetteer = read_gazetteer(b'\xef\xbb\xbfcode,name,others\r\n36.03,"Tanah, Baru",Baru|TB\r\n')

    assert codes("TB", gazetteer) == codes("tanah baru", gazetteer) == ["36.03"]


def country(folder: Path) -> Path:
    """Tables of an invented country with as many villages as the real one."""
    folder.mkdir()
    districts = [f"{11 + n // 700}.{1 + n // 70 % 10:02}.{1 + n % 70:02}" for n in range(7_000)]
    regencies = sorted({code[:5] for code in districts})
    (folder / "provinces.csv").write_text(
        "code,name\n" + "".join(f"{p},NEGERI {p}\n" for p in sorted({r[:2] for r in regencies}))
    )
    (folder / "regencies.csv").write_text(
        "code,province_code,name\n"
        + "".join(f"{r},{r[:2]},KABUPATEN WILAYAH {r[3:]}\n" for r in regencies)
    )
    (folder / "districts.csv").write_text(
        "code,regency_code,name\n" + "".join(f"{d},{d[:5]},Bagian {d[3:]}\n" for d in districts)
    )
    villages = (f"{districts[n % 7_000]}.{2001 + n // 7_000}" for n in range(VILLAGES))
    (folder / "villages.csv").write_text(
        "code,district_code,name\n"
        + "".join(f"{v},{v[:8]},Desa Rekaan {n % 50_000}\n" for n, v in enumerate(villages))
    )
    return folder


def test_the_whole_country_is_imported_in_seconds(tmp_path: Path) -> None:
    """The table stands there whole and can be read at once."""
    source = country(tmp_path / "data")
    config = tmp_path / "config"
    config.mkdir()
    started = time.process_time()

    result = CliRunner().invoke(places, ["import", str(source), "--config", str(config)])
    spent = time.process_time() - started

    assert result.exit_code == 0, result.output
    assert str(VILLAGES + 7_000 + 100 + 10) in result.output
    assert len(read_gazetteer((config / "places.csv").read_bytes())) == VILLAGES + 7_110
    assert [file.name for file in config.iterdir()] == ["places.csv"]
    assert spent < 10


def test_an_import_can_be_kept_to_one_area(tmp_path: Path) -> None:
    """Every regency stays, villages and districts of that area only; beside a village table too."""
    source = country(tmp_path / "data")
    arguments = ["--within", "11.01", "--config", str(tmp_path)]

    result = CliRunner().invoke(places, ["import", str(source / "villages.csv"), *arguments])
    kept = read_gazetteer((tmp_path / "places.csv").read_bytes())

    assert result.exit_code == 0, result.output
    assert {code_of(n)[:5] for n in kept.within(0) if level_of(n) == "desa"} == {"11.01"}
    assert sum(level_of(n) == "kabupaten" for n in kept.within(0)) == 100
    assert kept.name(number_of("11.01")) == "Kabupaten Wilayah 01"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a,b\n1,2\n", "expected the columns code and name"),
        ("code,name\nx,y\n", "row 2: expected a code such as"),
        ("code,name\n36,\n", "has no name"),
        ("code,name\n", "no place was found"),
    ],
)
def test_a_wrong_file_leaves_the_old_table(tmp_path: Path, content: str, complaint: str) -> None:
    """The mistake is told, and nothing is written."""
    (tmp_path / "mine.csv").write_text(content)
    (tmp_path / "places.csv").write_text("36,Banten\n")
    arguments = ["import", str(tmp_path / "mine.csv"), "--config", str(tmp_path)]

    result = CliRunner().invoke(places, arguments)

    assert result.exit_code == 1
    assert complaint in result.output
    assert (tmp_path / "places.csv").read_text() == "36,Banten\n"


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    """As is an area that is none."""
    folder = tmp_path / "data"
    folder.mkdir()
    config = ["--config", str(tmp_path)]

    assert CliRunner().invoke(places, ["import", str(folder), *config]).exit_code == 1
    wrong = CliRunner().invoke(places, ["import", str(folder), "--within", "Bali", *config])
    assert "Bali is no code" in wrong.output


def test_places_are_shown_by_name_and_by_code(tmp_path: Path) -> None:
    """Every one that has the name; exit 1 where there is none."""
    (tmp_path / "places.csv").write_bytes(SHIPPED["places.csv"])
    config = ["--config", str(tmp_path)]

    by_name = CliRunner().invoke(places, ["show", "Tangerang", *config])
    by_code = CliRunner().invoke(places, ["show", "36.03.18", *config])
    nothing = CliRunner().invoke(places, ["show", "Negeri Antah Berantah", *config])

    assert "Kabupaten Tangerang" in by_name.output
    assert "Kota Tangerang" in by_name.output
    assert "Cikupa, Kabupaten Tangerang" in by_code.output
    assert nothing.exit_code == 1
