"""What citizens are told."""

from itertools import permutations

import pytest
from normalizing import RULES, SHIPPED

from channels.gsm7 import is_gsm7, units
from gateway.answering import TITLE
from normalizer.privacy import IDENTIFYING
from normalizer.replies import kinds_told, phrase
from normalizer.rules import LANGUAGES, RulesError, read_rules
from normalizer.wording import SENTENCES, STATES, Sentence

LONGEST_CODE = "WWWWWWWWW"
# What somebody typed in place of a code is repeated in the answer, up to 14 signs.
LONGEST_GIVEN = "WWWW-WWWW-WWW1"


def lists_of_kinds(language: str) -> list[str]:
    """What a warning may have to name."""
    return [kinds_told(RULES, kinds, language) for kinds in permutations(IDENTIFYING, 4)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_fits_one_sms(sentence: Sentence, language: str) -> None:
    """160 septets with the longest values, and never a sign that turns the SMS into UCS-2."""
    code = LONGEST_GIVEN if sentence == "status_unknown" else LONGEST_CODE
    rest = {"other": LONGEST_GIVEN, "title": "W" * TITLE, "count": "9"}
    # The office's own words may make it several; ours leave room for a few of them.
    rest["kinds"] = max(lists_of_kinds(language), key=len)
    rest |= {"agency": "W" * TITLE, "text": "W" * TITLE, "steps": "W" * TITLE}
    for state in STATES:
        command = f"BATAL {LONGEST_CODE}" if sentence == "prove" else "RAHASIA"
        text = phrase(RULES, sentence, language, code=code, state=state, command=command, **rest)

        assert is_gsm7(text)
        assert units(text) <= 160


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_emergency_hears_of_112_before_anything_else(language: str) -> None:
    """The number stands before the case code."""
    text = phrase(RULES, "receipt_emergency", language, code=LONGEST_CODE)

    assert text.index("112") < text.index(LONGEST_CODE)


def test_a_receipt_tells_the_code_and_how_to_follow_it() -> None:
    """The citizen needs nothing else to ask again."""
    text = phrase(RULES, "receipt", "id", code="0000000AA")

    assert "STATUS 0000000AA" in text


@pytest.mark.parametrize("language", [None, "jv", "id"])
def test_who_writes_in_another_language_is_answered_in_indonesian(language: str | None) -> None:
    """We answer in a language we have sentences for."""
    assert phrase(RULES, "subject_help", language) == "Cara melapor"


def test_states_are_told_in_words_and_unknown_ones_as_they_are() -> None:
    """A newer central store may know states we do not."""
    known = phrase(RULES, "status", "en", code="0000000AA", state="ditindaklanjuti")
    unknown = phrase(RULES, "status", "en", code="0000000AA", state="disposisi")

    assert known == "Report 0000000AA: being followed up by the agency."
    assert unknown == "Report 0000000AA: disposisi."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("claim", ["gratis", "pulsa", "free", "hari kerja", "Telkomsel", "working"])
def test_nothing_is_claimed_about_cost_operators_or_deadlines(claim: str, language: str) -> None:
    """Sources disagree on all three."""
    assert claim not in SHIPPED[f"replies/{language}.toml"].decode().split("\n\n", 1)[1]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("{code}. Simpan", "Simpan", None),
        ("{code}", "", "replies/id.toml: receipt must have {code} and has no placeholder."),
        (
            "{code}",
            "{kode}",
            "replies/id.toml: receipt must have {code} and has {kode}.",
        ),
        ("{code}", "{code:x}", "replies/id.toml: receipt must have {code} and has {code:x}."),
        ("{code}", "{code", "replies/id.toml: receipt has an unpaired brace."),
        ("subject_help =", "subject_hilfe =", "subject_hilfe"),
        ('selesai = "selesai"', "", "selesai"),
        ('"Batalkan"', '"Batalkan laporan ini saja"', "buttons.withdraw must have 1 to 20 letters"),
    ],
)
def test_a_reply_file_with_a_hole_is_refused_when_it_is_read(
    old: str, new: str, complaint: str | None
) -> None:
    """The sentence names the file and what is wrong; nothing is found out while answering."""
    edited = SHIPPED["replies/id.toml"].decode().replace(old, new).encode()
    files = {**SHIPPED, "replies/id.toml": edited}

    if complaint is None:
        assert read_rules(files)
        return

    with pytest.raises(RulesError) as refused:
        read_rules(files)
    assert complaint in str(refused.value)
    assert str(refused.value).startswith("replies/id.toml: ")
