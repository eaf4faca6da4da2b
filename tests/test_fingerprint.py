"""The numbers a complaint is found by."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from normalizer.fingerprint import PAIRS, Fingerprints, drawn, is_incident

SECRET = bytes(32)
MADE = Fingerprints(SECRET)
LAMP = (
    "Lampu jalan di depan balai desa Sukamaju RT 05 RW 02 sudah dua minggu mati total sehingga "
    "jalan gelap dan rawan kecelakaan, mohon segera diperbaiki oleh dinas terkait, terima kasih"
)


def test_near_equal_texts_share_keys_and_equal_ones_the_first() -> None:
    """That is how neighbours are found among a million."""
    keys = MADE.of_words(LAMP)
    edited = MADE.of_words(LAMP.replace("dua minggu", "tiga minggu") + " pak")

    assert MADE.of_words("Selamat siang. " + LAMP)[0] == keys[0]
    assert len(set(keys) & set(edited)) > PAIRS // 2
    assert not set(keys) & set(MADE.of_words("Air PDAM keruh sejak kemarin sore di perumahan"))


def test_rare_pairs_are_drawn_before_what_everybody_says() -> None:
    """Of a long text those are kept that few others have."""
    names = " ".join(f"Sukamaju{letter} Wonorejo{letter}" for letter in "abcdefgh")
    pairs = drawn(f"jalan rusak lampu mati air keruh sampah bau {names}".lower().split())

    assert len(pairs) == PAIRS
    assert all("sukamaju" in pair or "wonorejo" in pair for pair in pairs)


def test_without_the_secret_keys_tell_nothing() -> None:
    """Who has the table alone cannot try out words."""
    assert not set(MADE.of_words(LAMP)) & set(Fingerprints(b"another").of_words(LAMP))


def test_an_incident_has_a_key_where_place_and_topic_are_known() -> None:
    """Others who tell of it in other words have the same; a kabupaten is too wide for one."""
    [key] = MADE.of_incident("36.03.01.2001", "penerangan")

    assert is_incident(key)
    assert not any(map(is_incident, MADE.of_words(LAMP)))
    assert MADE.of_incident("36.03", "penerangan") == ()
    assert MADE.of_incident("36.03.01.2001", "penerangan") == (key,)
    assert MADE.of_incident("36.03.01.2002", "penerangan") != (key,)
    assert MADE.of_incident(None, "penerangan") == MADE.of_incident("36.03", None) == ()


def test_a_text_without_words_has_no_keys() -> None:
    """A photo alone is looked for by nothing; two words only as a whole."""
    assert MADE.of_words("") == MADE.of_words("?!") == ()
    assert len(MADE.of_words("lampu mati")) == 1


def test_keys_are_stable_between_processes() -> None:
    """They stand in the database: another process must compute the same ones."""
    code = (
        "import sys; from normalizer.fingerprint import Fingerprints as F;"
        "print(F(bytes(32)).of_words(sys.argv[1]))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code, LAMP], capture_output=True, text=True, check=True
    )

    assert elsewhere.stdout.strip() == str(MADE.of_words(LAMP))


@given(st.text())
def test_any_text_has_few_small_keys(text: str) -> None:
    """At most thirteen, each of 32 bits."""
    keys = MADE.of_words(text)

    assert len(keys) <= PAIRS + 1
    assert all(0 <= key < 2**32 for key in keys)
