"""Tables of other systems: read as they are, shown before they are imported, imported once."""

import contextlib
import csv
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it publishes none
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import officer_table
from channels.contract import InboundMessage
from channels.officer import Officer
from channels.officer_columns import field_of
from channels.officer_dates import read_date
from channels.officer_options import OfficerOptions
from channels.officer_plan import Plan, deliveries, plan, preview
from channels.officer_table import NoTable, read_table

HEADINGS = ["No", "Nomor Laporan", "Tanggal", "Nama Pelapor", "No. HP", "Isi Laporan", "Kelurahan",
            "Kecamatan", "Kategori", "Status"]  # fmt: skip
ROWS = [
    HEADINGS,
    ["1", "LPR-1", "03/01/2026 08.30", "Warga Satu", "0800-0000-0001", "Lampu jalan padam",
     "Melati", "Contoh", "pju", "Selesai"],
    ["2", "LPR-2", "kemarin", "Warga Dua", "", "Sampah menumpuk; bau, kotor", "Mawar", "", "", ""],
    ["3", "LPR-3", "", "Warga Tiga", "", "", "", "", "", "Baru"],
]  # fmt: skip


def as_csv(rows: Sequence[Sequence[str]], delimiter: str = ";") -> str:
    """A CSV file as a program writes it."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def as_xlsx(rows: Sequence[Sequence[Any]], *, first_sheet_empty: bool = False) -> bytes:
    """A spreadsheet as Excel writes it."""
    book = openpyxl.Workbook()
    if first_sheet_empty:
        book.create_sheet()
    for row in rows:
        book.worksheets[-1].append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def planned(rows: Sequence[Sequence[str]], **named: Any) -> Plan:  # noqa: ANN401 (as plan)
    """The plan for a CSV file of these rows."""
    return plan(read_table(as_csv(rows).encode(), "laporan.csv"), **named)


def texts(made: Plan) -> list[str]:
    """The texts that would be imported."""
    return [row.found.text for row in made.good]


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_is_read_in_any_usual_form(delimiter: str, encoding: str) -> None:
    """Delimiter and encoding are found out; a text may hold the other delimiters."""
    rows = [["isi", "nama"], ["Lampu; mati, gelap | seram\té", "Renée"], ["Dua\nbaris", "x"]]
    table = read_table(as_csv(rows, delimiter).encode(encoding), "a.csv")

    assert [list(row.cells) for row in table.rows] == rows
    assert [row.number for row in table.rows] == [1, 2, 3]
    assert table.how.startswith("CSV, ")


def test_excels_own_first_line_is_understood() -> None:
    """`sep=;` says what separates, and is no row."""
    table = read_table(b"sep=|\r\nisi|nama\r\na;b;c;d|x\r\n", "a.csv")

    assert [row.cells for row in table.rows] == [("isi", "nama"), ("a;b;c;d", "x")]
    assert table.rows[0].number == 2


def test_one_column_is_a_table_too() -> None:
    """A list of complaints, one in each line."""
    table = read_table(b"keluhan\nLampu padam\n\nJalan rusak\n", "a.csv")

    assert texts(plan(table)) == ["Lampu padam", "Jalan rusak"]
    assert [row.number for row in table.rows] == [1, 2, 4]


def test_a_spreadsheet_is_read_as_text() -> None:
    """Dates, numbers and truth values as one would type them; a formula stays the text it is."""
    moment = datetime(2026, 1, 3, 8, 30)  # noqa: DTZ001 (Excel knows no zones)
    rows: list[list[Any]] = [
        ["isi", "a", "b", "c", "d"],
        ["Lampu", 62800000001.0, moment, True, "=1+1"],
        [None] * 5,
    ]
    table = read_table(as_xlsx(rows), "a.xlsx")

    assert [row.cells for row in table.rows] == [
        ("isi", "a", "b", "c", "d"),
        ("Lampu", "62800000001", "2026-01-03T08:30:00", "true", "=1+1"),
    ]
    assert table.how == "XLSX"


def test_the_first_sheet_with_text_is_read() -> None:
    """A cover sheet may be empty."""
    table = read_table(as_xlsx([["isi"], ["Lampu"]], first_sheet_empty=True), "a.xlsx")

    assert len(table.rows) == 2


def bomb() -> bytes:
    """A spreadsheet that unpacks to more than anybody can hold."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", bytes(officer_table.MOST_UNPACKED + 1))
    return out.getvalue()


def with_entities() -> bytes:
    """A spreadsheet with the definitions of an XML bomb."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    return out.getvalue()


def zipped() -> bytes:
    """A zip file that is no spreadsheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("foto.jpg", b"x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no row"),
        (b" ; ; \n\n", "no row"),
        (b"x" * (officer_table.MOST_BYTES + 1), "larger than 20 MiB"),
        (b"isi\n" + b"x\n" * (officer_table.MOST_ROWS + 1), "more than 100000 rows"),
        (b"isi," + b"x," * 300 + b"\n" + b"a," * 300 + b"b\n", "columns"),
        (b'isi\n"' + b"x" * 200_000 + b'"\n', "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as"),
        (b"PK\x03\x04 cut short", "damaged"),
        (zipped(), "no spreadsheet in it"),
        (bomb(), "unpacks to more"),
        (with_entities(), "definitions"),
    ],
    ids=range(11),
)
def test_what_is_no_table_is_refused_with_a_reason(content: bytes, why: str) -> None:
    """In words an officer can act on; nothing is unpacked before its size is known."""
    with pytest.raises(NoTable, match=why):
        read_table(content, "a")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_none(content: bytes) -> None:
    """No file breaks the import."""
    with contextlib.suppress(NoTable):
        assert read_table(content, "a").rows


SHEET = as_xlsx(ROWS)


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_spreadsheet_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever a library makes of broken bytes, the officer hears a sentence."""
    start = data.draw(st.integers(0, len(SHEET)))
    piece = data.draw(st.binary(max_size=20))
    with contextlib.suppress(NoTable):
        assert read_table(SHEET[:start] + piece + SHEET[start + len(piece) :], "a").rows


# --- the plan ----------------------------------------------------------------------------------


def test_columns_are_recognised_by_their_headings() -> None:
    """In Indonesian or English, with dots and capitals; a running number is nobody's id."""
    made = planned(ROWS)

    assert made.columns == (
        ("No", ""), ("Nomor Laporan", "id"), ("Tanggal", "written_at"), ("Nama Pelapor", "author"),
        ("No. HP", "contact"), ("Isi Laporan", "text"), ("Kelurahan", "place"),
        ("Kecamatan", "place"), ("Kategori", "topic"), ("Status", ""),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("KELUHAN", "text"), ("Message", "text"), ("No. Telp.", "contact"), ("E-mail", "contact"),
        ("Alamat", "place"), ("tgl", "written_at"), ("Created At", "written_at"), ("URL", "link"),
        ("No", ""), ("Nomor", ""), ("#", ""), ("", ""), ("Warna", ""), ("Tracking ID", "id"),
    ],
)  # fmt: skip
def test_each_heading_has_its_meaning(heading: str, field: str) -> None:
    """What is not known for sure is left to the officer."""
    assert field_of(heading) == field


def test_rows_are_good_doubtful_or_bad() -> None:
    """A date nobody can read costs no report; a row without words is none."""
    made = planned(ROWS)
    first, second = (row.found for row in made.good)

    assert (first.text, first.author, first.contact) == (
        "Lampu jalan padam", "Warga Satu", "0800-0000-0001"
    )  # fmt: skip
    assert (first.place, first.topic, first.id) == ("Melati, Contoh", "pju", "LPR-1")
    assert first.written_at == datetime(2026, 1, 3, 1, 30, tzinfo=UTC)
    assert first.other == {"No": "1", "Status": "Selesai"}
    assert (second.written_at, second.other) == (None, {"No": "2", "written_at": "kemarin"})
    assert made.good[1].doubts == ("the date is not clear",)
    assert [(bad.number, bad.why) for bad in made.bad] == [
        (4, "there is neither text nor link in it")
    ]


def test_a_title_above_the_headings_is_stepped_over() -> None:
    """Offices put the name of the report and the month on top."""
    made = planned([["Rekap Pengaduan"], ["Januari 2026", "", ""], ["Nama", "Isi", "Lokasi"],
                    ["Warga", "Lampu padam", "Melati"]])  # fmt: skip

    assert texts(made) == ["Lampu padam"]
    assert made.good[0].number == 4


def test_of_two_columns_the_one_that_says_something_counts() -> None:
    """An e-mail address where there is no telephone; what is left over is kept."""
    made = planned([["Isi", "Email", "Telepon"], ["a", "a@example.org", ""],
                    ["b", "b@example.org", "0800"]])  # fmt: skip

    assert [row.found.contact for row in made.good] == ["a@example.org", "0800"]
    assert made.good[1].found.other == {"Email": "b@example.org"}


def test_an_officer_can_say_which_column_is_which() -> None:
    """For headings nobody can guess."""
    made = planned([["A", "B"], ["x", "Lampu padam"]], mapping={"text": "B", "author": "A"})

    assert texts(made) == ["Lampu padam"]
    assert made.good[0].found.author == "x"


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ({}, "no column is recognised"),
        ({"text": "C"}, "no column C"),
        ({"colour": "A"}, "no field"),
    ],
)
def test_a_mapping_that_says_nothing_is_refused(mapping: dict[str, str], why: str) -> None:
    """The sentence names what there is."""
    with pytest.raises(NoTable, match=why):
        planned([["A", "B"], ["x", "y"]], mapping=mapping)


def test_a_row_that_is_there_twice_is_imported_once() -> None:
    """By its id, or where there is none by all it says."""
    by_id = planned([["ID", "Isi"], ["1", "a"], ["1", "a"], ["2", "a"]])
    by_text = planned([["Isi"], ["a"], ["b"], ["a"]])

    assert [bad.why for bad in by_id.bad] == ["it is row 2 again"]
    assert [bad.number for bad in by_text.bad] == [4]
    assert len(by_id.good) == len(by_text.good) == 2


def test_a_code_that_repeats_is_no_id() -> None:
    """`Kode` may be the district's: two reports of one district are two reports."""
    made = planned([["Kode", "Isi"], ["32.04", "a"], ["32.04", "b"]])

    assert texts(made) == ["a", "b"]
    assert made.columns[0] == ("Kode", "")
    assert made.good[0].found.other == {"Kode": "32.04"}


def test_cells_without_a_heading_are_kept() -> None:
    """Nothing of a row is lost, and two columns of one name stay two."""
    made = plan(read_table(b"Isi;Warna;Warna;\na;x;y;z;w\n", "a.csv"))

    assert set(made.good[0].found.other.values()) == {"x", "y", "z", "w"}


def test_the_preview_shows_what_would_happen() -> None:
    """How it was read, what each column is, the first rows, what is doubtful, what is not taken."""
    shown = "\n".join(preview(planned(ROWS), rows=1))

    assert shown.startswith("laporan.csv: CSV, UTF-8, separated by ;")
    assert "  Isi Laporan -> text" in shown
    assert "  Status -> kept, not used" in shown
    assert "2 rows can be imported, 1 cannot" in shown
    assert "  row 2: Lampu jalan padam" in shown
    assert "  row 3: the date is not clear" in shown
    assert "  row 4: not imported, there is neither text nor link in it" in shown
    assert "Sampah" not in shown


# --- the import --------------------------------------------------------------------------------


def test_importing_twice_adds_nothing() -> None:
    """Also as a spreadsheet instead of CSV, by another officer, with the rows in another order."""
    first = deliveries(planned(ROWS), "sp4n-2024", "Petugas Satu")
    sheet = plan(read_table(as_xlsx([ROWS[0], *reversed(ROWS[1:])]), "laporan.xlsx"))
    again = deliveries(sheet, "sp4n-2024", "Petugas Dua")
    elsewhere = deliveries(planned(ROWS), "sp4n-2025")
    names = {one.external_id for one in first}

    assert len(names) == 2
    assert {one.external_id for one in again} == names
    assert not names & {one.external_id for one in elsewhere}


def test_the_original_author_is_kept() -> None:
    """What is imported says who complained, which system it comes from and who imported it."""
    [first, _] = deliveries(planned(ROWS), "sp4n-2024", "Petugas Satu")
    message = Officer(OfficerOptions(), bytes(32)).parse(first.payload)

    assert isinstance(message, InboundMessage)
    assert (message.name, message.contact) == ("Warga Satu", "0800-0000-0001")
    assert message.sender == "sp4n-2024:0800-0000-0001"
    assert message.remarks == ("source: sp4n-2024", "entered by: Petugas Satu")
    assert message.text == "Lampu jalan padam"


def test_what_no_field_holds_stays_in_the_journal() -> None:
    """A column nobody knows is shown to nobody, and not thrown away either."""
    [first, _] = deliveries(planned(ROWS), "sp4n-2024")

    assert json.loads(first.payload)["other"] == {"No": "1", "Status": "Selesai"}


# --- dates -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-03T08:30:00+07:00", "2026-01-03T01:30:00"),
        ("2026-01-03T08:30:00", "2026-01-03T01:30:00"),
        ("2026-01-03 08:30", "2026-01-03T01:30:00"),
        ("2026-01-03", "2026-01-02T17:00:00"),
        ("03/01/2026", "2026-01-02T17:00:00"),
        ("3-1-2026 08.30", "2026-01-03T01:30:00"),
        ("03/01/2026 08:30:15", "2026-01-03T01:30:15"),
        ("3 Januari 2026", "2026-01-02T17:00:00"),
        ("Sabtu, 3 Januari 2026 pukul 08.30 WIB", "2026-01-03T01:30:00"),
        ("3 Januari 2026, 10.30 WIT", "2026-01-03T01:30:00"),
        ("17-Agt-2025", "2025-08-16T17:00:00"),
        ("Jum'at, 2 Mei 2025", "2025-05-01T17:00:00"),
        ("3 January 2026", "2026-01-02T17:00:00"),
    ],
)
def test_dates_are_read_as_offices_write_them(written: str, moment: str) -> None:
    """Day before month; without a zone the office's own time."""
    assert read_date(written) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["", "kemarin", "01/03", "31/02/2026", "2026-13-01", "3 Blablabla 2026", "03/01/26",
     "0001-01-01", "03/01/2026 sore", "03/01/2026 25.00", "46025"],
)  # fmt: skip
def test_what_is_not_clear_is_no_date(written: str) -> None:
    """Better none than a wrong one."""
    assert read_date(written) is None


@given(st.text(max_size=40) | st.text("0123456789-/.: TZ", max_size=20))
def test_any_text_is_a_date_or_none(written: str) -> None:
    """No cell breaks the import; what is a date lies in UTC and in years of this office."""
    moment = read_date(written)

    # An hour of New Year's Eve may be one of the year before or after in UTC.
    assert moment is None or (moment.tzinfo is UTC and 1989 <= moment.year <= 2100)


def test_an_office_in_the_east_has_its_own_time() -> None:
    """WITA is eight hours ahead of UTC."""
    assert read_date("03/01/2026 08.30", 8) == datetime(2026, 1, 3, 0, 30, tzinfo=UTC)
