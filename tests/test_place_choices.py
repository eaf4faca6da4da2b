"""Finding a village or district by what an officer types."""

import pytest

from gateway.handling.place_choices import MOST_LISTED, MOST_OFFERED, Places

PLACES = Places(
    {
        "36": "Banten",
        "36.03": "Kabupaten Tangerang",
        "36.03.01": "Melati",
        "36.03.01.2001": "Kenanga",
        "36.03.01.2002": "Kenanga Timur",
        "36.03.01.2003": "Melati",
        "36.03.02": "Anggrek",
        "36.03.02.2001": "Kenanga",
        "36.03.02.2002": "Suka Makmur",
    }
)


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("36.03.02.2001", ["36.03.02.2001"]),
        (" 36.03.02 ", ["36.03.02"]),
        ("Anggrek", ["36.03.02"]),
        ("kec. anggrek", ["36.03.02"]),
        ("Kecamatan Melati", ["36.03.01"]),
        ("kel. melati", ["36.03.01.2003"]),
        ("SUKAMAKMUR", ["36.03.02.2002"]),
        ("kenanga timur", ["36.03.01.2002"]),
        ("kenanga", ["36.03.01.2001", "36.03.02.2001"]),
        ("Kenanga, Anggrek", ["36.03.02.2001"]),
        ("Melati", ["36.03.01", "36.03.01.2003"]),
        ("Melati, Melati", ["36.03.01.2003"]),
        ("Kabupaten Tangerang", []),
        ("36.03", []),
        ("", []),
        ("?", []),
    ],
)
def test_a_place_is_named_by_code_name_or_both(typed: str, codes: list[str]) -> None:
    """Spelled as one likes; regencies and provinces are no place a report is about."""
    assert [spot.code for spot in PLACES.named(typed)] == codes


def test_what_is_like_it_is_offered_those_that_begin_so_first() -> None:
    assert [spot.code for spot in PLACES.like("timur")] == ["36.03.01.2002"]
    assert next(spot.code for spot in PLACES.like("kena")) == "36.03.01.2001"
    assert PLACES.like("ke") == ()
    many = Places({f"36.03.{number:02}": f"Mawar {number}" for number in range(1, 40)})
    assert len(many.like("mawar")) == MOST_OFFERED


def test_a_short_list_is_offered_while_one_types_and_a_long_one_is_not() -> None:
    assert "Kenanga, Anggrek" in PLACES.listed
    names = {"36.03.01": "Melati"} | {
        f"36.03.01.{number:04}": f"Mawar {number}" for number in range(1, MOST_LISTED + 2)
    }
    assert Places(names).listed == ()
