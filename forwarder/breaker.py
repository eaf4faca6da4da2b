"""
Leaving a target alone while it is away, so that no row's attempts are wasted on it.

    taking ──threshold failures in a row──▶ paused ──time is up──▶ probing (one row)
       ▲                                      ▲                       │
       └────────────── an answer ─────────────┼───────────────────────┤
                                              └──────── failure ──────┘

A wait the other side asked for pauses at once and is kept even when an answer arrives meanwhile.
Trouble of the target as a whole (no credit, a wrong password) needs no threshold.
"""

from forwarder.backoff import Policy, wait_after


class Breaker:
    """One target's weather; times are milliseconds, `now` is given each time."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._failures = 0
        self._pauses = 0
        self._until = 0
        self._told_until = 0
        #: Why it is paused, for people.
        self.reason = ""

    @property
    def probing(self) -> bool:
        """Whether the target failed so often that only one row at a time may try."""
        return self._pauses > 0

    def paused(self, now: int) -> bool:
        """Whether nothing may be sent yet."""
        return now < max(self._until, self._told_until)

    def away(self, now: int) -> bool:
        """Whether the target gets nothing, or no more than a probe."""
        return self.probing or self.paused(now)

    def answered(self) -> None:
        """The other side took something, or refused it for what it is: it is there."""
        self._failures = self._pauses = self._until = 0

    def failed(self, now: int, chance: float, reason: str, told: float | None) -> None:
        """Count a failure and pause when there were enough, or when a wait was asked for."""
        self._failures += 1
        if told is not None:
            self._wait(now, chance, reason, told)
        # What was under way when the pause began says nothing new.
        if self._failures >= self._policy.threshold and not self.paused(now):
            self._pause(now, chance, reason)

    def troubled(self, now: int, chance: float, reason: str, told: float | None) -> None:
        """The target as a whole takes nothing: pause at once, then let one row try."""
        if not self.paused(now):
            self._pause(now, chance, reason)
        if told is not None:
            self._wait(now, chance, reason, told)

    def _pause(self, now: int, chance: float, reason: str) -> None:
        self._pauses += 1
        self._until = now + int(wait_after(self._policy, self._pauses, chance) * 1000)
        self.reason = reason

    def _wait(self, now: int, chance: float, reason: str, told: float) -> None:
        wait = wait_after(self._policy, 1, chance, told)
        self._told_until = max(self._told_until, now + int(wait * 1000))
        self.reason = reason

    def clock_went_back(self, milliseconds: int) -> None:
        """Keep the rest of a pause as long as it was."""
        self._until -= milliseconds
        self._told_until -= milliseconds
