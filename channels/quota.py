"""
How often somebody may ask in a minute, and the header fields that tell them.

Fixed windows that all begin together: what is remembered is gone with its minute, however many
names come by. Each process counts for itself. Fields: draft-ietf-httpapi-ratelimit-headers.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of a quota after one request."""

    quota: int
    remaining: int
    #: Seconds until all of it is there again.
    reset: int
    #: Whether this request was within the quota.
    admitted: bool

    def headers(self, policy: str) -> dict[str, str]:
        """RateLimit fields under this policy name; Retry-After where the request is refused."""
        fields = {
            "RateLimit-Policy": f'"{policy}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{policy}";r={self.remaining};t={self.reset}',
        }
        return fields if self.admitted else fields | {"Retry-After": str(self.reset)}


class Quota:
    """Counts the requests of each name; `clock` gives seconds from any beginning."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window = 0
        self._used: Counter[str] = Counter()

    def take(self, name: str, quota: int) -> Left:
        """Count one request; a refused one uses up nothing."""
        window, into = divmod(self._clock(), WINDOW_SECONDS)
        if int(window) != self._window:
            self._window, self._used = int(window), Counter()
        admitted = self._used[name] < quota
        self._used[name] += admitted
        return Left(
            quota=quota,
            remaining=quota - self._used[name],
            reset=max(1, math.ceil(WINDOW_SECONDS - into)),
            admitted=admitted,
        )
