"""
What came in, by channel: two counters and a histogram, put together when somebody scrapes.

Prometheus' own objects lock and look up labels with each event. That costs as much as half the
sealing of a message, and every message passes here; these are plain numbers of one event loop.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

ACCEPTED = "deliveries_accepted"
DUPLICATES = "duplicates"
SECONDS = "accept_duration_seconds"


class Tally(Collector):
    """
    `help_texts` by the three names above; `bounds` of the histogram in seconds, ascending.

    What is added for a channel that is not known counts for the last one.
    """

    def __init__(
        self, channels: Sequence[str], help_texts: Mapping[str, str], bounds: Sequence[float]
    ) -> None:
        self._help = help_texts
        self._bounds = bounds
        self._counts = {channel: Counts(bounds) for channel in channels}
        self._other = self._counts[channels[-1]]

    def of(self, channel: str) -> "Counts":
        """The counts of a channel, to be added to."""
        return self._counts.get(channel, self._other)

    def collect(self) -> Iterator[Metric]:
        """As the registry asks for it."""
        new, known = self._counter(ACCEPTED), self._counter(DUPLICATES)
        times = HistogramMetricFamily(f"gateway_{SECONDS}", self._help[SECONDS], labels=["channel"])
        limits = [*map(floatToGoString, self._bounds), "+Inf"]
        for channel, counts in self._counts.items():
            new.add_metric([channel], counts.new)
            known.add_metric([channel], counts.known)
            reached = list(zip(limits, accumulate(counts.calls), strict=True))
            times.add_metric([channel], reached, counts.seconds)
        yield from (new, known, times)

    def _counter(self, name: str) -> CounterMetricFamily:
        return CounterMetricFamily(f"gateway_{name}", self._help[name], labels=["channel"])


class Counts:
    """What came in by one channel."""

    __slots__ = ("_bounds", "calls", "known", "new", "seconds")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.new = self.known = 0
        self.seconds = 0.0
        #: Calls of `accept` by how long they took.
        self.calls = [0] * (len(bounds) + 1)

    def add(self, new: int, known: int, seconds: float) -> None:
        """One call of `accept` ended well; `known` of its deliveries were there already."""
        self.new += new
        self.known += known
        self.seconds += seconds
        self.calls[bisect_left(self._bounds, seconds)] += 1
