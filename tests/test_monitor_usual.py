"""When something is said more often than usual, and when that is not known."""

import pytest

from gateway.monitor.glance import Glance
from gateway.monitor.item import Item, Subject
from gateway.monitor.rising import DAY, HOUR, rising
from gateway.monitor.usual import chance, rises, usual

NOW = 1_800_000_000_000


def item(at: int, *words: str, sender: str = "", place: str | None = None) -> Item:
    return Item(
        name=f"s{at}{sender}",
        channel="x",
        source="uji",
        at=at,
        sender=sender or str(at),
        text=" ".join(words),
        seen=Glance(words=frozenset(words), place_code=place),
    )


def quiet_days(number: int) -> list[Item]:
    return [item(NOW - day * DAY, "pagi") for day in range(1, number + 1)]


@pytest.mark.parametrize(
    ("count", "level", "is_one"),
    [(3, 0.5, False), (5, 0.5, True), (5, 1.0, False), (20, 10.0, False), (30, 10.0, True)],
)
def test_a_rise_is_more_than_chance_makes(count: int, level: float, *, is_one: bool) -> None:
    assert rises(count, level) == is_one


def test_from_one_to_three_is_no_news() -> None:
    assert not rises(3, usual([1] * 7) or 0)
    assert not rises(3, usual([0] * 7) or 0)


def test_two_days_are_no_habit() -> None:
    assert usual([0, 0]) is None
    assert usual([4, 2, 3]) == pytest.approx(10 / 3)


def test_chance_is_that_of_poisson() -> None:
    """P(X >= 2) for a mean of 1 is 1 - 2/e; P(X >= 0) is certain."""
    assert chance(2, 1.0) == pytest.approx(1 - 2 * 0.36787944117)
    assert chance(0, 1.0) == 1


def test_who_repeats_themselves_makes_no_alert() -> None:
    shouted = [item(NOW - minute * 60_000, "diskon", sender="@satu") for minute in range(9)]
    [rise] = rising([*quiet_days(8), *shouted], NOW)

    assert (rise.senders, rise.alerts) == (1, False)


def test_the_same_hours_of_other_days_are_usual() -> None:
    """Every morning as many: no rise; the same number in the afternoon is one."""
    mornings = [
        item(NOW - day * DAY - number * 60_000, "macet", sender=f"{number}")
        for day in range(8)
        for number in range(6)
    ]
    later = [
        item(NOW + 8 * HOUR - number * 60_000, "macet", sender=f"x{number}") for number in range(6)
    ]

    assert rising(mornings, NOW) == []
    assert [rise.subjects for rise in rising([*mornings, *later], NOW + 8 * HOUR)] == [
        (Subject("word", "macet"),)
    ]


def test_nothing_is_judged_before_there_is_a_habit() -> None:
    crowd = [item(NOW - number * 1000, "banjir") for number in range(50)]

    assert rising([*quiet_days(2), *crowd], NOW) == []


def test_a_word_and_its_place_are_one_piece_of_news() -> None:
    crowd = [item(NOW - number * 60_000, "banjir", place="36.74.01") for number in range(7)]
    [rise] = rising([*quiet_days(8), *crowd], NOW)

    assert set(rise.subjects) == {Subject("word", "banjir"), Subject("place", "36.74.01")}
    assert (len(rise.items), rise.senders, rise.since) == (7, 7, NOW - 360_000)
