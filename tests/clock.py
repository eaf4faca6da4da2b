"""A clock the test moves; nothing in the product reads the wall clock on its own."""

from datetime import UTC, datetime, timedelta

# A Saturday morning in Jakarta.
START = datetime(2026, 1, 3, 1, 30, tzinfo=UTC)


class Clock:
    """The time stands still until `advance`."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time now."""
        return self.now

    @property
    def milliseconds(self) -> int:
        """The time as the store writes it: milliseconds since 1970, UTC."""
        return int(self.now.timestamp() * 1000)

    def advance(self, seconds: float) -> datetime:
        """Let this much time pass."""
        self.now += timedelta(seconds=seconds)
        return self.now
