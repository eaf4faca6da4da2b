"""What a reply on X may say: how long it is, what counts as a link, how it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from x_server import length

from channels.x_text import MOST, has_link, shorten, weight, without_links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Laporan Anda", 12),
        ("é" * 10, 10),
        ("e\u0301" * 10, 10),  # one letter once it is composed
        ("…", 2),
        ("\u2013\u2014''", 4),
        ("漢字", 4),
        ("😀", 2),
        ("https://contoh.example/sebuah/alamat/yang/sangat/panjang/sekali", 23),
        ("lihat contoh.go.id ya", 6 + 23 + 3),
    ],
)
def test_characters_weigh_as_x_weighs_them(text: str, expected: int) -> None:
    """Latin counts one, everything beyond two, a link 23 however long it is."""
    assert weight(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/x",
        "http://a",
        "lapor.go.id",
        "www.lapor.go.id/x?y",
        "Contoh.COM",
        "a.b.co.id",
    ],
)
def test_whatever_x_would_link_is_a_link(text: str) -> None:
    """A bare domain is a link as well, and costs as much."""
    assert has_link(f"Lihat {text} ya")
    assert without_links(f"Lihat {text} ya") == "Lihat ya"


@pytest.mark.parametrize(
    "text",
    ["Jl. Contoh No. 5", "pukul 10.30", "warga@contoh.go.id", "Selesai. Baik", "1.000.000", "v1.2"],
)
def test_what_is_no_link_stays(text: str) -> None:
    """Abbreviations, numbers and mail addresses are no links."""
    assert not has_link(text)
    assert without_links(text) == text


def test_a_short_text_is_left_alone() -> None:
    """Nothing is cut that fits, not even by one character."""
    text = "a" * 140 + "漢" * 70

    assert weight(text) == MOST
    assert shorten(text, "") == text


def test_whole_sentences_are_kept_first() -> None:
    """A cut falls between two sentences, if that leaves half of the room."""
    text = "Laporan Anda kami terima. " * 20

    assert shorten(text, "") == ("Laporan Anda kami terima. " * 10).strip()


def test_the_case_code_is_never_cut_off() -> None:
    """A code at the end of a long text moves before the cut."""
    text = "Laporan Anda mengenai jalan berlubang " * 10 + "kodenya 7K3M9QW2X"
    short = shorten(text, "7K3M9QW2X")

    assert weight(short) <= MOST
    assert short.endswith("… 7K3M9QW2X")


@given(st.text(max_size=600), st.sampled_from(["", "7K3M9QW2X"]))
def test_a_cut_text_always_fits(text: str, code: str) -> None:
    """Any characters of any script: what comes out is at most 280, by X's count too."""
    short = shorten(f"{text} {code}", code)

    assert weight(short) <= MOST
    assert code in short
    assert length(without_links(short)) <= 2 * MOST


@given(st.text(max_size=100))
def test_taking_links_out_leaves_none(text: str) -> None:
    """What is left after a link is no new link that costs."""
    assert not has_link(without_links(f"{text} https://a.example b.go.id"))
