"""
Whether so much comes in that acknowledging it leaves no time for anything else.

What is in the journal is safe and can wait a moment; what is not acknowledged cannot. Two signs:
many messages share each commit, or so many come that the event loop has no rest, as with a few busy
mail sessions. A loop that is busy with making records of fifty messages a second is no crowd.
"""

# Rows to a commit from which on a burst is going on, and how long that holds.
ROWS = 8
LATELY_SECONDS = 0.1
# The share of its time the event loop works without rest, and over how long that is taken.
BUSY = 0.6
WINDOW_SECONDS = 0.05
# Rows a second, smoothed over so many windows, below which a busy loop is only busy.
RUSH = 300.0
WINDOWS = 5


class Crowd:
    """Told of every commit; all times in seconds, of any clock that only goes forward."""

    def __init__(self) -> None:
        #: How many rows share a commit, smoothed, and when the last commit was.
        self._together = 0.0
        self._committed_at = 0.0
        self._busy = 0.0
        self._rate = 0.0
        #: When the window began, the work until then, and the rows since.
        self._window = (0.0, 0.0)
        self._rows = 0

    def committed(self, rows: int, *, now: float, worked: float) -> None:
        """So many rows went in; `worked` is the processor time of the event loop so far."""
        self._together += (rows - self._together) / ROWS
        self._committed_at = now
        self._rows += rows
        began, before = self._window
        if (passed := now - began) >= WINDOW_SECONDS:
            self._busy = (worked - before) / passed
            self._rate += (self._rows / passed - self._rate) / WINDOWS
            self._window, self._rows = (now, worked), 0

    def is_there(self, now: float) -> bool:
        """Whether acknowledging comes first."""
        lately = now - self._committed_at < LATELY_SECONDS
        rush = self._rate >= RUSH and self._busy >= BUSY
        return lately and (self._together >= ROWS or rush)
