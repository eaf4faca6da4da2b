"""
What Prometheus reads: counters of what happened, gauges of what waits.

Times are exported as timestamps, never as ages: an age stands still when nobody updates it, and
then looks healthy. Every label value is known when the process starts; anything else is counted as
`other`, so no citizen and no provider can make the number of series grow. Names follow
https://prometheus.io/docs/practices/naming/
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from itertools import product
from typing import TypeVar, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder

from channels.contract import Trouble
from gateway.tally import Tally
from normalizer.deadlines import StepName

KINDS = ("message", "signal", "delivery_report", "ignored", "unreadable")
REASONS = ("not_stored", "refused_sender", "malformed", "too_large", "too_many")
OUTCOMES = ("delivered", "later", "refused", "uncertain")
LEVELS = ("at_risk", "overdue")
UPDATES = ("new", "known", "stray", "refused")
OPEN_NOTICES = ("waiting", "held")
SIGN_INS = ("in", "wrong", "wait", "busy")
OTHER = "other"

# From one fsync of a good disk to a store that is about to time out.
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

HELP = {
    "deliveries_accepted": "Deliveries on disk for the first time, acknowledged to the provider.",
    "duplicates": "Deliveries the journal already held.",
    "rejected": "Requests that were not acknowledged.",
    "accept_duration_seconds": "From a delivery's arrival until it is on disk.",
    "messages_received": "Journal rows read, by what they turned out to be.",
    "deliveries": "Attempts to deliver an outbox row.",
    "delivery_duration_seconds": "How long one attempt to deliver took.",
    "queue_messages": "Rows that wait.",
    "oldest_pending_timestamp_seconds": "When the oldest waiting row arrived; 0: nothing waits.",
    "central_asked_records": "Delivered records a store was last asked for.",
    "central_missing_records": "Of these, records it says it does not have.",
    "channel_up": "1 while the channel runs.",
    "channel_silent": "1 while a channel is quieter than its habit explains.",
    "channel_trouble": "1 for what is wrong with a channel as a whole.",
    "channel_restarts": "How often a channel failed and was started again.",
    "deadlines": "Cases whose next step is at risk or overdue.",
    "updates": "Updates of central stores, by what became of them.",
    "unknown_status_words": "Updates with a word for the state that is not in statuses.toml.",
    "notices": "Notices to citizens that wait, or are held for want of budget.",
    "spent_units": "What answers have cost this month, for SMS in segments.",
    "budget_units": "What may be spent in a month; 0: no bound.",
    "sign_ins": "Attempts to sign in to the console, by how they ended.",
    "tasks": "What is under way in the event loop; bounded, unless something leaks.",
    "ready": "1 while /health/ready says so.",
    "reload_last_success_timestamp_seconds": "When settings were last read without an error.",
}

M = TypeVar("M", Counter, Gauge, Histogram)


class Metrics:
    """Every metric of one process, on a registry of its own."""

    def __init__(
        self, channels: Iterable[str], stores: Iterable[str], fetching: Iterable[str] = ()
    ) -> None:
        self._registry = CollectorRegistry()
        #: Channels that failed and wait to be started again.
        self.down: set[str] = set()
        self._channels = channels = tuple(channels)
        self._stores = stores = tuple(stores)
        #: Where the outbox delivers to, in the outbox's words.
        self._connectors = connectors = (
            *(f"central:{name}" for name in stores),
            *(f"channel:{name}" for name in channels),
            *(f"media:{name}" for name in fetching),
        )
        self._queues = ("journal", "parked", *connectors)
        ProcessCollector(registry=self._registry)
        self._build = Info("gateway_build", "The running version.", registry=self._registry)
        self._build.info({"version": version("lapor-gateway")})

        self._coming_in = Tally((*channels, OTHER), HELP, SECONDS)
        self._registry.register(self._coming_in)
        counter, gauge = partial(self._labelled, Counter), partial(self._labelled, Gauge)
        histogram = partial(self._labelled, partial(Histogram, buckets=SECONDS))
        self._rejected = counter("rejected", channel=channels, reason=REASONS)
        self._received = counter("messages_received", channel=channels, kind=KINDS)
        self._deliveries = counter("deliveries", connector=connectors, outcome=OUTCOMES)
        self._asked = gauge("central_asked_records", connector=connectors)
        self._missing = gauge("central_missing_records", connector=connectors)
        self._delivery_time = histogram("delivery_duration_seconds", connector=connectors)
        self._updates = counter("updates", store=self._stores, outcome=UPDATES)
        self._unknown_words = counter("unknown_status_words", store=self._stores)
        self._waiting = gauge("queue_messages", queue=self._queues)
        self._oldest = gauge("oldest_pending_timestamp_seconds", queue=self._queues)
        self._notices = gauge("notices", state=OPEN_NOTICES)
        self._spent = gauge("spent_units", channel=channels)
        self._budget = gauge("budget_units", channel=channels)
        self._up = gauge("channel_up", channel=channels)
        self._trouble = gauge("channel_trouble", channel=channels, kind=get_args(Trouble))
        self._silent = gauge("channel_silent", channel=channels)
        self._deadlines = gauge("deadlines", step=get_args(StepName), level=LEVELS)
        self._restarts = counter("channel_restarts", channel=channels)
        self._sign_ins = counter("sign_ins", outcome=SIGN_INS)
        self._tasks = gauge("tasks")
        self._ready = gauge("ready")
        self._reloaded = gauge("reload_last_success_timestamp_seconds")

    # --- coming in -----------------------------------------------------------------------------

    def accepted(self, channel: str, *, new: int, known: int, seconds: float) -> None:
        """Deliveries are on disk, `known` of them since earlier."""
        # Every message passes here.
        self._coming_in.of(channel).add(new, known, seconds)

    def rejected(self, channel: str, reason: str) -> None:
        """A provider was told no; `reason` is one of REASONS."""
        self._rejected.labels(_known(channel, self._channels), _known(reason, REASONS)).inc()

    def received(self, channel: str, kind: str, count: int = 1) -> None:
        """Journal rows were read; `kind` is one of KINDS."""
        self._received.labels(_known(channel, self._channels), _known(kind, KINDS)).inc(count)

    # --- going out -----------------------------------------------------------------------------

    def delivered(self, connector: str, outcome: str, seconds: float, count: int = 1) -> None:
        """
        One attempt for so many rows ended in the same way.

        `connector` is the outbox target, `outcome` one of OUTCOMES.
        """
        connector = _known(connector, self._connectors)
        self._deliveries.labels(connector, _known(outcome, OUTCOMES)).inc(count)
        self._delivery_time.labels(connector).observe(seconds)

    # --- coming back ---------------------------------------------------------------------------

    def updates(self, store: str, outcome: str, count: int = 1) -> None:
        """Updates of a store were told; `outcome` is one of UPDATES."""
        self._updates.labels(_known(store, self._stores), _known(outcome, UPDATES)).inc(count)

    def unknown_words(self, store: str, count: int) -> None:
        """So many updates had a word for the state that nobody knows."""
        self._unknown_words.labels(_known(store, self._stores)).inc(count)

    def held(self, connector: str, *, asked: int, missing: int) -> None:
        """What a store said when it was asked for records it had taken."""
        connector = _known(connector, self._connectors)
        self._asked.labels(connector).set(asked)
        self._missing.labels(connector).set(missing)

    # --- how it is now -------------------------------------------------------------------------

    def waiting(self, queue: str, messages: int, oldest: datetime | None) -> None:
        """How many rows of a queue wait, and since when: journal, parked or an outbox target."""
        queue = _known(queue, self._queues)
        self._waiting.labels(queue).set(messages)
        self._oldest.labels(queue).set(oldest.timestamp() if oldest else 0)

    def notices(self, state: str, count: int) -> None:
        """How many notices wait or are held."""
        self._notices.labels(_known(state, OPEN_NOTICES)).set(count)

    def spent(self, channel: str, units: int, budget: int | None) -> None:
        """What a channel has cost this month, and what it may."""
        channel = _known(channel, self._channels)
        self._spent.labels(channel).set(units)
        self._budget.labels(channel).set(budget or 0)

    def channel_up(self, channel: str, *, up: bool) -> None:
        """A channel runs, or has failed and waits to be started again."""
        channel = _known(channel, self._channels)
        (self.down.discard if up else self.down.add)(channel)
        self._up.labels(channel).set(up)
        if not up:
            self._restarts.labels(channel).inc()

    def trouble(self, channel: str, kind: Trouble | None) -> None:
        """What is wrong with a channel as a whole, or None."""
        channel = _known(channel, self._channels)
        for each in get_args(Trouble):
            self._trouble.labels(channel, each).set(each == kind)

    def silent(self, channel: str, silent: bool) -> None:  # noqa: FBT001 (the whole of the news)
        """A channel is quieter than its habit explains, or is heard again."""
        self._silent.labels(_known(channel, self._channels)).set(silent)

    def deadlines(self, standing: Mapping[tuple[str, str], int]) -> None:
        """How many cases stand how, by step and level."""
        for step, level in product(get_args(StepName), LEVELS):
            self._deadlines.labels(step, level).set(standing.get((step, level), 0))

    def signed_in(self, outcome: str) -> None:
        """Somebody tried to sign in; `outcome` is one of SIGN_INS."""
        self._sign_ins.labels(_known(outcome, SIGN_INS)).inc()

    def tasks(self, count: int) -> None:
        """How many tasks the event loop has."""
        self._tasks.set(count)

    def ready(self, *, ready: bool) -> None:
        """Whether the gateway can accept and store."""
        self._ready.set(ready)

    def reloaded(self, at: datetime) -> None:
        """Settings were read without an error."""
        self._reloaded.set(at.timestamp())

    def render(self, accept: str) -> tuple[str, bytes]:
        """Content type and body for a scrape with this Accept header."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)

    def _labelled(self, kind: Callable[..., M], name: str, /, **labels: tuple[str, ...]) -> M:
        metric = kind(f"gateway_{name}", HELP[name], list(labels), registry=self._registry)
        # A series that appears with its first event hides that event from rate().
        for values in product(*labels.values()) if labels else ():
            metric.labels(*values)
        return metric


def _known(value: str, known: tuple[str, ...]) -> str:
    return value if value in known else OTHER
