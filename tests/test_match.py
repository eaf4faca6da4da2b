"""Whether a complaint is already known."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normalizing import neighbour

from normalizer.match import keys, match

LAMP = (
    "Lampu jalan di depan balai desa Sukamaju RT 05 RW 02 sudah dua minggu mati total sehingga "
    "jalan gelap dan rawan kecelakaan, mohon segera diperbaiki oleh dinas terkait, terima kasih"
)


def test_the_same_words_are_the_same_complaint_whoever_sends_them() -> None:
    """A retry and a copied text fall into the cluster of the first."""
    found = match(LAMP, [neighbour(LAMP)])

    assert found is not None
    assert (found.cluster, found.relation, found.of, found.score, found.why) == (
        "cluster",
        "same",
        "earlier",
        1.0,
        ("same words",),
    )


def test_greeting_courtesy_case_and_spacing_do_not_count() -> None:
    """What is added around a complaint does not make it another one."""
    found = match(
        f"Assalamualaikum, selamat pagi Pak.\n{LAMP.upper()}  Wassalam", [neighbour(LAMP)]
    )

    assert found is not None
    assert found.relation == "same"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RT 05", "RT 07"),
        ("Sukamaju", "Sukamulya"),
        ("sudah", "belum"),
        ("Lampu jalan", "Lampu jalan tidak"),
        ("dua minggu", "2 bulan"),
        ("balai desa", "balai kota"),
        ("RW 02", "RW 02 gang 3"),
    ],
)
def test_another_number_place_or_state_is_another_complaint(old: str, new: str) -> None:
    """Similarity alone never decides: one template is used for many streets."""
    assert match(LAMP.replace(old, new), [neighbour(LAMP)]) is None


def test_a_typing_error_does_not_hide_a_repetition() -> None:
    """Two letters in a long word are a typing error, unless a name is expected there."""
    found = match(LAMP.replace("kecelakaan", "kecelakan"), [neighbour(LAMP)])

    assert found is not None
    assert found.relation == "same"


def test_the_same_sender_saying_more_is_related() -> None:
    """A follow-up is linked, not joined."""
    more = LAMP + ". Kemarin ada pengendara motor hampir jatuh karena gelap di sana"
    found = match(more, [neighbour(LAMP, same_sender=True)])

    assert found is not None
    assert (found.relation, found.why[0]) == ("related", "same sender")
    assert match(more, [neighbour(LAMP)]) is None


def test_a_short_text_matches_only_its_own_sender() -> None:
    """Two words are said in every village."""
    assert match("Lampu mati", [neighbour("Lampu mati")]) is None
    assert match("Lampu mati", [neighbour("lampu mati!", same_sender=True)]) is not None


def test_two_places_told_apart_from_the_text_keep_equal_texts_apart() -> None:
    """The web form asks for the place, so the text need not hold it."""
    known = [neighbour(LAMP, same_sender=True, place="Desa Sukamaju")]

    assert match(LAMP, known, "Desa Sukasari") is None
    assert match(LAMP, known, "desa Sukamaju, RT 05") is not None
    assert match(LAMP, known) is not None


def test_the_nearest_of_several_neighbours_is_named() -> None:
    """Same comes before related, then the higher score."""
    near = neighbour(LAMP + " di sini", same_sender=True)
    found = match(LAMP, [neighbour("Air mati sejak pagi tadi"), near, neighbour(LAMP)])

    assert found is not None
    assert (found.relation, found.score) == ("same", 1.0)


def test_a_text_without_words_has_no_keys_and_no_duplicate() -> None:
    """A photo alone is nobody's duplicate."""
    assert keys("") == ()
    assert keys("?! 😡") == ()
    assert match("", [neighbour("", same_sender=True)]) is None


def test_near_equal_texts_share_a_key_and_equal_ones_the_first() -> None:
    """That is how neighbours are found among a million."""
    edited = keys(LAMP.replace("dua minggu", "tiga minggu") + " pak")

    assert keys("Selamat siang. " + LAMP)[0] == keys(LAMP)[0]
    assert set(keys(LAMP)) & set(edited)
    assert not set(keys(LAMP)) & set(keys("Air PDAM keruh sejak kemarin sore di perumahan kami"))


def test_keys_are_stable_between_processes() -> None:
    """They stand in the database: another process must compute the same ones."""
    code = "import sys; from normalizer.match import keys; print(keys(sys.argv[1]))"
    elsewhere = subprocess.run(
        [sys.executable, "-c", code, LAMP], capture_output=True, text=True, check=True
    )

    assert elsewhere.stdout.strip() == str(keys(LAMP))


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_text_has_few_small_keys_and_can_be_compared(one: str, other: str) -> None:
    """At most eight, each fits a signed 64-bit column, and comparing never fails."""
    found = keys(one)
    match(one, [neighbour(other, same_sender=True)])

    assert len(found) <= 8
    assert all(0 <= key < 2**63 for key in found)
