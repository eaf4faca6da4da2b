"""The wall clock."""

import time


def now_ms() -> int:
    """Milliseconds since 1970, UTC; the only place that reads it."""
    return time.time_ns() // 1_000_000
