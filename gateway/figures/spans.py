"""
How long something took, counted in steps of a tenth: what a median is told from.

A length is known to five per cent then, and a day of many reports is a few numbers.
"""

from collections.abc import Mapping
from math import floor, log

MINUTE_MS = 60_000
GROWTH = 1.1
MEDIAN, MOST = 0.5, 0.9


def step_of(length: int) -> int:
    """The step a length in milliseconds falls into; what is under a minute is the first."""
    return floor(log(max(length / MINUTE_MS, 1.0)) / log(GROWTH) + 1e-9)


def at_share(steps: Mapping[int, int], share: float) -> int | None:
    """The length in milliseconds within which this share of them was over; None for none."""
    total = sum(steps.values())
    if not total:
        return None
    wanted, passed = share * total, 0
    for step in sorted(steps):
        passed += steps[step]
        if passed >= wanted:
            within = 1 - (passed - wanted) / steps[step]
            return int(MINUTE_MS * GROWTH ** (step + within))
    return None
