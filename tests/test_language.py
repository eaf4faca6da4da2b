"""The language of a text, told by its small words."""

import pytest

from normalizer.language import LANGUAGES, language_of
from normalizer.language_words import BEGINNINGS, ENDINGS, LETTERS


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Jalan di desa kami rusak dan belum diperbaiki", "id"),
        ("jln rusak pak tolong", "id"),
        ("min lampu jln depan gg mawar blm nyala jg, gmn nih", "id"),
        ("The street light in front of our house is broken", "en"),
        ("Dalan ngarep omahku wis rusak suwe nanging durung didandani", "jv"),
        ("Jalan payuneun bumi abdi parantos lami ruksak, nyuhunkeun diomean", "su"),
        ("Jalan di muko rumah ambo alah lamo rusak tapi indak ado nan mampaelok", "min"),
        ("Margi ring ajeng umah tiange sampun uwug, durung wenten sane menahin", "ban"),
        ("Lorong e adha'na bengko kaula ampon abit rosak, gi' ta' bada se mabagus", "mad"),
        ("Jalan di muka rumah ulun sudah lawas rusak wan balum ada nang mambaiki", "bjn"),
        ("Jalan di keue rumoh lon ka trep reuloh tapi golom na nyang peugot", "ace"),
        ("Jalan di jolo ni jabungku nunga leleng sega alai ndang adong na padengganhon", "bbc"),
        ("Laleng ri olona bolaku maitta ni masolang naekiya de'pa gaga pakessingi", "bug"),
        ("Jalan hung baun huma ikei jari tahi rusak tapi hindai tege ije mahaga", "nij"),
        ("Aye mau nanye, lampu di depan rume aye ame rume tetangge kenape mati aje", "bew"),
    ],
)
def test_the_language_is_told_by_small_words(text: str, language: str) -> None:
    """Twelve languages of the archipelago and English."""
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["12345", "", "PJU", "???", "🚨🚨"])
def test_where_no_word_tells_nothing_is_claimed(text: str) -> None:
    """The record has null, and the answer is Indonesian."""
    assert language_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Mohon lampu jalan di dusun kami dibenahi, wis suwe mati pak",
        "Tolong dong bang, jalan di depan pasar rusak parah, kagak ada yang benerin",
        "Petugas di kelurahan bilang sistem error, please help pak karena saya butuh KTP",
        "Hatur nuhun sudah dibantu pak, tapi air di perumahan kami masih belum jalan",
    ],
)
def test_indonesian_with_words_of_another_language_stays_indonesian(text: str) -> None:
    """Most chat is mixed; one local word does not change the answer's language."""
    assert language_of(text) == "id"


def test_accents_and_curly_signs_do_not_matter() -> None:
    """Half of the writers leave them out."""
    assert language_of("Ieu jalan téh parantos lami rusak") == "su"
    assert language_of("Ieu jalan teh parantos lami rusak") == "su"
    assert language_of("Lorong ta\u2019 bhagus, tadha\u2019 se mabhagus") == "mad"


def test_looks_belong_to_languages_that_have_words() -> None:
    """A misspelled code in the tables would go unnoticed."""
    for table in (BEGINNINGS, ENDINGS, LETTERS):
        assert set(table) <= set(LANGUAGES)
