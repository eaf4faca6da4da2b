"""What is learned of past reports: which village a street lies in, and how the gateway uses it."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from normalizing import SHIPPED, report, said

from channels.officer_table import read_table
from gateway.build_craft import build_rules
from gateway.cli import cli
from gateway.places_learn import Villages, past_in, past_of
from gateway.settings import read_settings
from normalizer.gazetteer import area_of, number_of, read_gazetteer
from normalizer.normalize import normalize
from normalizer.places import locate
from normalizer.record import Place
from normalizer.rules import read_rules

GAZETTEER = read_gazetteer(SHIPPED["places.csv"])
AREA = area_of("36.03")
SUKAMULYA = "36.03.18.1001"
HEAD = "Isi Laporan;Alamat;Kelurahan;Kecamatan"
ROWS = [f"lampu mati;Jl. Kenari Jingga No {n};SUKAMULYA;CIKUPA" for n in range(9)]


def table(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def config(folder: Path) -> Path:
    """An operator's folder of the regency of Tangerang."""
    (folder / "config").mkdir()
    (folder / "config" / "gateway.toml").write_text('[tenant]\narea = "36.03"\n')
    return folder / "config"


def learned(folder: Path, content: bytes) -> tuple[int, str]:
    """What `places learn` says of a table; exit code and output."""
    (folder / "data").mkdir()
    (folder / "past.csv").write_bytes(content)
    place = ["--config", str(config(folder)), "--data", str(folder / "data")]
    result = CliRunner().invoke(cli, ["places", "learn", str(folder / "past.csv"), *place])
    return result.exit_code, result.output


def test_a_table_of_past_reports_teaches_the_gateway_its_streets(tmp_path: Path) -> None:
    """The next report that names the street only is in the village."""
    code, says = learned(tmp_path, table(HEAD, *ROWS, "hujan;;Atlantis;"))
    settings = read_settings(tmp_path / "config", tmp_path / "data", {})

    located = locate("selokan mampet", "jalan kenari jingga 77", build_rules(settings).places)

    assert code == 0, says
    assert "9 reports from 1 villages" in says
    assert "1 reports name no village that places.csv has" in says
    assert located.code == SUKAMULYA
    assert [file.name for file in settings.data_dir.iterdir()] == ["streets.json"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (table("a;b", "1;2"), "expected a column such as text"),
        (table("isi;b", "1;2"), "expected a column such as code"),
        (b"", "no row with text in it"),
        (table(HEAD, "hujan;;Atlantis;"), "none of 1 reports names a village"),
    ],
)
def test_a_table_that_teaches_nothing_is_refused(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    """In one sentence, and no file is written."""
    code, says = learned(tmp_path, content)

    assert code == 1
    assert complaint in says
    assert not (tmp_path / "data" / "streets.json").exists()


@pytest.mark.parametrize(
    ("village", "district", "code"),
    [
        ("SUKAMULYA", "CIKUPA", SUKAMULYA),
        ("Sukamulya", "Sukamulya", "36.03.27.2002"),
        ("Sukamulya Cikupa", "Cikupa", SUKAMULYA),
        ("Kutabumy", "Pasar Kemis", "36.03.12.1010"),
        ("Kutabumi", "", "36.03.12.1010"),
        ("Sukamulya", "", None),
        ("Condongcatur", "Depok", None),
        ("", "", None),
    ],
)
def test_a_village_in_a_column_is_recognised(village: str, district: str, code: str | None) -> None:
    """With a letter wrong, but never where two are called so, nor outside the tenant's area."""
    assert Villages(GAZETTEER, AREA).named(village, district) == number_of(code or "")


def test_a_code_in_a_table_goes_before_the_name() -> None:
    """As exports of other systems have it."""
    rows = read_table(table("text;code;desa", f"air keruh;{SUKAMULYA};Bojong"), "a.csv")

    assert list(past_in(rows, GAZETTEER, AREA)) == [("", "air keruh", number_of(SUKAMULYA))]


def test_only_what_an_officer_confirmed_is_learned_from_records() -> None:
    """What the software thought itself would only teach it its own mistakes."""
    rules = read_rules(SHIPPED, tenant="36.03")
    record = normalize(report(said("Banjir di Desa Sukamulya Kec. Cikupa")), rules, ())
    place = Place(code=SUKAMULYA, name="Gang Rekaan", level="desa", by="officer")
    confirmed = msgspec.structs.replace(record, place=place)

    past = list(past_of([record, confirmed], GAZETTEER))

    assert record.place
    assert record.place.code == SUKAMULYA
    assert past == [("Gang Rekaan", record.text, number_of(SUKAMULYA))]


def test_without_a_gateway_that_ran_there_are_no_records_to_learn_from(tmp_path: Path) -> None:
    """One sentence, no traceback."""
    (tmp_path / "data").mkdir()
    place = ["--config", str(config(tmp_path)), "--data", str(tmp_path / "data")]

    result = CliRunner().invoke(cli, ["places", "learn", *place])

    assert result.exit_code != 0
    assert not (tmp_path / "data" / "streets.json").exists()


@pytest.mark.parametrize(
    ("area", "says"),
    [
        ("36.03", "of them in Kabupaten Tangerang, no streets learned"),
        ("34.04, 34.71", "of them in Kabupaten Sleman; Kota Yogyakarta"),
        ("35.78", "places.csv has nothing in 35.78: lapor-gateway places import"),
        ("", "places, no streets learned"),
    ],
)
def test_check_tells_what_is_known_of_places(tmp_path: Path, area: str, says: str) -> None:
    """And that the table has nothing of the office's own area, if so."""
    folder = config(tmp_path)
    (folder / "gateway.toml").write_text(
        f'[tenant]\narea = "{area}"\n[http]\npublic = "127.0.0.1:0"\ninternal = "127.0.0.1:0"\n'
    )

    result = CliRunner().invoke(
        cli, ["check", "--config", str(folder), "--data", str(tmp_path / "data")]
    )

    assert says in result.output
