from hypothesis import given
from hypothesis import strategies as st

from forwarder.backoff import Policy, retry_after, wait_after
from forwarder.breaker import Breaker

POLICY = Policy(base=1.0, cap=300.0, told_cap=3600.0)
NOON = 1_767_441_600.0  # Sat, 03 Jan 2026 12:00:00 GMT

chances = st.floats(0, 1)
failures = st.integers(0, 10**9)


def test_waits_double_up_to_the_cap() -> None:
    """Without luck the waits are 1, 2, 4 … seconds, and never longer than the cap."""
    waits = [wait_after(POLICY, count, 1.0) for count in (1, 2, 3, 9, 10, 1000)]

    assert waits == [1.0, 2.0, 4.0, 256.0, 300.0, 300.0]


@given(failures, chances)
def test_own_waits_stay_between_half_and_whole(count: int, chance: float) -> None:
    """Chance takes away at most half of a wait and adds nothing."""
    whole = wait_after(POLICY, count, 1.0)

    assert whole / 2 <= wait_after(POLICY, count, chance) <= whole <= POLICY.cap


@given(failures, chances, st.floats(allow_nan=False))
def test_a_told_wait_is_a_minimum_within_the_cap(count: int, chance: float, told: float) -> None:
    """Whatever number the other side names, we wait as long, but never beyond our own cap."""
    wait = wait_after(POLICY, count, chance, told)

    assert wait >= min(told, POLICY.told_cap)
    assert wait <= max(POLICY.cap, POLICY.told_cap * 1.1)


def test_told_waits_are_spread() -> None:
    """Queues that were sent away together do not come back together."""
    assert wait_after(POLICY, 1, 0.0, 100.0) == 100.0
    assert 100.0 < wait_after(POLICY, 1, 0.5, 100.0) < wait_after(POLICY, 1, 1.0, 100.0) <= 110.1


def test_retry_after_in_both_forms() -> None:
    """Seconds and all three forms of an HTTP date are understood; the past means now."""
    assert retry_after("120", NOON) == 120.0
    assert retry_after(" 0 ", NOON) == 0.0
    assert retry_after("Sat, 03 Jan 2026 12:01:30 GMT", NOON) == 90.0
    assert retry_after("Saturday, 03-Jan-26 12:01:30 GMT", NOON) == 90.0
    assert retry_after("Sat Jan  3 12:01:30 2026", NOON) == 90.0
    assert retry_after("Sat, 03 Jan 2026 11:00:00 GMT", NOON) == 0.0


def test_retry_after_garbage_is_ignored() -> None:
    """A negative or broken header counts as none, and a huge number is only long."""
    for garbage in ("", "-5", "soon", "1.5", "12 minutes", "٣", "Sat, 99 Jan 2026", "\x00"):
        assert retry_after(garbage, NOON) is None
    assert wait_after(POLICY, 1, 0.0, retry_after("9" * 5000, NOON)) == POLICY.told_cap
    assert wait_after(POLICY, 1, 0.0, retry_after("Fri, 31 Dec 9999 23:59:59 GMT", NOON)) == 3600


@given(st.text())
def test_retry_after_reads_any_text(header: str) -> None:
    """No header makes the parser fail, and none asks for a negative wait."""
    told = retry_after(header, NOON)

    assert told is None or told >= 0


def test_a_target_is_paused_after_failures_in_a_row() -> None:
    """Single failures pause nothing; the threshold does, and each failed probe pauses longer."""
    breaker = Breaker(Policy(threshold=3, base=1.0, cap=4.0))
    pauses = []

    for _ in range(2):
        breaker.failed(0, 1.0, "down", None)
    assert not breaker.paused(0)
    now = 0
    for _ in range(4):
        breaker.failed(now, 1.0, "down", None)
        pauses.append(next(ms for ms in range(0, 10_000, 500) if not breaker.paused(now + ms)))
        now += pauses[-1]

    assert pauses == [1000, 2000, 4000, 4000]
    assert breaker.probing


def test_failures_under_way_lengthen_no_pause() -> None:
    """What was sent before the pause and fails during it is no further failed probe."""
    breaker = Breaker(Policy(threshold=1, base=1.0))

    for _ in range(50):
        breaker.failed(0, 1.0, "down", None)

    assert not breaker.paused(1000)


def test_an_answer_ends_a_pause_but_not_a_told_one() -> None:
    """A target that answers is there again; a wait it asked for is kept all the same."""
    breaker = Breaker(Policy(threshold=1))
    breaker.failed(0, 1.0, "down", None)
    breaker.answered()
    assert not breaker.paused(0)

    breaker.failed(0, 0.0, "busy", 60.0)
    breaker.answered()

    assert breaker.paused(59_999)
    assert not breaker.paused(60_000)
