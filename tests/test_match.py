"""Whether a complaint is already known."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from normalizing import NOON, RULES, neighbour, report

from channels.contract import InboundMessage
from gateway.earlier import neighbour_of
from normalizer.match import compare, match
from normalizer.normalize import normalize
from normalizer.report import Complaint

LAMP = (
    "Lampu jalan di depan balai desa Sukamaju RT 05 RW 02 sudah dua minggu mati total sehingga "
    "jalan gelap dan rawan kecelakaan, mohon segera diperbaiki oleh dinas terkait, terima kasih"
)
HERE, ELSEWHERE = "36.03.01.2001", "36.03.01.2002"


def said(
    text: str, place: str = "", code: str | None = None, topic: str | None = None
) -> Complaint:
    """A complaint that comes in two hours after the others."""
    at = NOON + timedelta(hours=2)
    return Complaint(text=text, place=place, code=code, topic=topic, at=at)


def relation(one: Complaint, other: Complaint, *, same_sender: bool = False) -> str:
    return compare(one, other, same_sender=same_sender).relation


def test_the_same_words_are_the_same_complaint_whoever_sends_them() -> None:
    """A retry and a copied text fall into the cluster of the first."""
    found = match(said(LAMP), [neighbour(LAMP)])

    assert found is not None
    assert (found.cluster, found.relation, found.of, found.score, found.why) == (
        "cluster",
        "same",
        "earlier",
        1.0,
        ("same words",),
    )
    assert found.volume == 2


@pytest.mark.parametrize(
    "again",
    [
        f"Assalamualaikum, selamat pagi Pak.\n{LAMP.upper()}  Wassalam",
        f"RT @warga_sukamaju: {LAMP} https://contoh.example/1",
        f'Ini bagaimana ya: "{LAMP}"',
        LAMP.replace("kecelakaan", "kecelakan").replace("gelap", "glap"),
        LAMP.replace("sudah", "sdah"),
        LAMP.replace("Sukamaju", "Sukamju"),
        LAMP[:120],
        LAMP + ". Kemarin ada pengendara motor hampir jatuh di sana",
        "Mohon segera diperbaiki oleh dinas terkait. " + LAMP.split(", mohon", maxsplit=1)[0],
    ],
)
def test_what_is_added_around_or_typed_badly_does_not_make_it_another_one(again: str) -> None:
    """Greeting, retweet, quotation, typing errors, a cut end, a sentence more, another order."""
    assert relation(said(again), said(LAMP)) == "same"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RT 05", "RT 07"),
        ("Sukamaju", "Sukamulya"),
        ("Sukamaju", "Sukamuju"),
        ("sudah", "belum"),
        ("Lampu jalan", "Lampu jalan tidak"),
        ("dua minggu", "2 bulan"),
        ("RW 02", "RW 02 gang 3"),
        ("Lampu jalan", "Saluran got"),
    ],
)
@pytest.mark.parametrize("same_sender", [True, False])
def test_another_number_place_state_or_thing_is_another_complaint(
    old: str,
    new: str,
    same_sender: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    """Similarity alone never decides: one template is used for many streets."""
    assert relation(said(LAMP.replace(old, new)), said(LAMP), same_sender=same_sender) != "same"


def test_the_same_words_about_another_place_are_not_even_related() -> None:
    """A form filled in for two streets, whether the place is in the text or beside it."""
    template = (
        "Mohon pohon di jalan Mawar nomor {} dipangkas karena rindang dan dikhawatirkan roboh"
    )
    one, other = template.format(39), template.format(51)

    assert relation(said(one), said(other)) == "none"
    assert relation(said(LAMP, code=HERE), said(LAMP, code=ELSEWHERE)) == "none"
    assert relation(said(LAMP, "Jalan Melati 4"), said(LAMP, "Jalan Kenanga 9")) == "none"
    assert relation(said(LAMP, "jl Melati no 4"), said(LAMP, "Jalan Melati 4")) == "same"


def test_a_long_text_word_for_word_in_one_village_is_one_report_with_two_addresses() -> None:
    """A short one may be a form that was filled in for two houses."""
    long = LAMP + ". Kemarin malam Pak Darmo terjatuh dari sepeda di tikungan dekat warung Bu Sri"
    long += " karena gelap; anak-anak takut berangkat mengaji, ronda keliling membawa senter"

    assert relation(said(long, "Melati 4", HERE), said(long, "Kenanga 9", HERE)) == "same"
    assert relation(said(long, "Melati 4"), said(long, "Kenanga 9")) == "none"
    assert relation(said(LAMP, "Melati 4", HERE), said(LAMP, "Kenanga 9", HERE)) != "same"


def test_the_same_incident_in_other_words_is_related_where_place_and_topic_agree() -> None:
    """Suggested, not joined; and the reasons are told."""
    one = said("PJU padam total, gelap gulita", "Jalan Kenanga 12", HERE, "penerangan")
    other = said("lampu jalan mati sudah seminggu", "jl. Kenanga no 12", HERE, "penerangan")
    found = compare(one, other)

    assert found.relation == "related"
    assert found.why == ("same address", "same village", "same topic")
    assert relation(one, said(other.text, "Jalan Kenanga 12", HERE, "sampah")) == "none"
    assert relation(one, said(other.text, "Jalan Melati 3", ELSEWHERE, "penerangan")) == "none"


def test_a_reminder_weeks_later_is_linked_and_not_joined() -> None:
    """The same words after a week say that nothing has happened."""
    weeks = NOON - timedelta(days=20)
    found = match(said(LAMP, "Desa Sukamaju"), [neighbour(LAMP, place="Desa Sukamaju", at=weeks)])

    assert found is not None
    assert found.relation == "related"
    assert "20 days apart" in found.why


@pytest.mark.parametrize("ahead", [1, 30, 365, 366])
def test_a_clock_that_is_ahead_parts_no_reports(ahead: int) -> None:
    """A provider may say that it was written next year: it was not written after it came."""
    text = "Lampu jalan padam di Jalan Melati RT 02 RW 05 Kelurahan Sukamaju sejak tiga hari, gelap"
    message = InboundMessage(sender="x", text=text, sent_at=NOON + timedelta(days=ahead))
    earlier = normalize(report(replace(message, sent_at=NOON)), RULES, ())

    found = normalize(report(message), RULES, (neighbour_of(earlier),)).duplicate

    assert found
    assert found.relation == "same"


def test_a_short_text_matches_only_its_own_sender() -> None:
    """Two words are said in every village."""
    assert match(said("Lampu mati"), [neighbour("Lampu mati")]) is None
    found = match(said("Lampu mati"), [neighbour("lampu mati!", same_sender=True)])
    assert found is not None
    assert found.why == ("same sender", "same words")


def test_the_nearest_of_several_neighbours_is_named() -> None:
    """Same comes before related, then the higher score."""
    near = neighbour(LAMP + " di sini", same_sender=True)
    found = match(said(LAMP), [neighbour("Air mati sejak pagi tadi"), near, neighbour(LAMP)])

    assert found is not None
    assert (found.relation, found.score) == ("same", 1.0)


def test_a_text_that_fits_two_clusters_makes_them_one() -> None:
    """Every report of both counts, and this one."""
    one = replace(neighbour(LAMP), cluster="one", volume=4)
    two = replace(neighbour(LAMP), cluster="two", volume=3)
    found = match(said(LAMP), [one, two, one])

    assert found is not None
    assert (found.volume, {found.cluster, *found.joins}) == (8, {"one", "two"})


def test_a_text_without_words_is_no_duplicate() -> None:
    """A photo alone is nobody's duplicate."""
    assert match(said(""), [neighbour("", same_sender=True)]) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_any_two_texts_can_be_compared(one: str, other: str, here: str, there: str) -> None:
    """Comparing never fails, tells a score from 0 to 1, and always a reason."""
    found = compare(said(one, here), said(other, there), same_sender=True)

    assert 0 <= found.score <= 1
    assert all(found.why)
    assert found.why
