"""A wall clock that is moved while the gateway runs (libfaketime); the monotonic one goes on."""

from pathlib import Path

LIBRARIES = "*/faketime/libfaketimeMT.so.1"


def lacking_faketime() -> str | None:
    """Why no clock can be moved here, or nothing."""
    return None if any(Path("/usr/lib").glob(LIBRARIES)) else "no libfaketime (apt: faketime)"


class MovedClock:
    """The clock of the processes that have `env` in their environment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = 0
        self.set(0)

    @property
    def env(self) -> dict[str, str]:
        """What makes a process look at this clock."""
        return {
            "LD_PRELOAD": str(next(Path("/usr/lib").glob(LIBRARIES))),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # Looked at again after so many seconds; at each look at the clock would cost more.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def forward(self, seconds: int) -> None:
        """Move it; back with a negative number."""
        self.set(self._ahead + seconds)

    def set(self, seconds: int) -> None:
        """Be so many seconds ahead of the real time, or behind it."""
        self._ahead = seconds
        # Whole at once: it is read at any moment.
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+}\n")
        new.replace(self._file)
