"""
Whether something is said more often than usual: pure arithmetic on counts.

Usual is what the same hours of the days before had. Few events come by chance as a Poisson process
has it; people also answer each other, so chance must be very small, and from one to three is no
news whatever the arithmetic says. Fewer than three days are no habit: then nothing is judged.
"""

from collections.abc import Sequence
from math import exp

#: So many days make a habit, and so many are looked at.
LEAST_DAYS, MOST_DAYS = 3, 7
#: Less than this is no rise.
LEAST = 5
#: What is rarely said counts as said so often all the same: its days of silence prove little.
FLOOR = 0.5
_TIMES = 2.0
_CHANCE = 0.001


def usual(before: Sequence[int]) -> float | None:
    """How often it is said in these hours, by the counts of the days before; None: not known."""
    if len(before) < LEAST_DAYS:
        return None
    # One more than was seen: what did not happen in some days may still be usual.
    return max(FLOOR, (sum(before) + 1) / len(before))


def rises(count: int, level: float) -> bool:
    """Whether so many are more than chance makes of this usual level."""
    return count >= LEAST and count >= _TIMES * level and chance(count, level) < _CHANCE


def chance(count: int, level: float) -> float:
    """How likely so many or more are by chance where `level` are usual (Poisson's upper tail)."""
    term = exp(-level)
    below = 0.0
    for number in range(count):
        below += term
        term *= level / (number + 1)
    return max(0.0, 1.0 - below)
