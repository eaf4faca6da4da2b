"""The way back as a whole: what takes updates, where they come in, and what is made of them."""

import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from forwarder.central.contract import Central
from forwarder.ports import Database, Vault
from gateway.back.door import Door
from gateway.back.poller import Poller
from gateway.back.statuses import Statuses, read_statuses
from gateway.back.take import Taken, Taker
from gateway.clock import now_ms
from gateway.metrics import Metrics
from gateway.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The parts of it that run."""

    taker: Taker
    door: Door
    pollers: tuple[Poller, ...]

    def running(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """What runs until it is cancelled, by name."""
        return [(poller.name, poller.run) for poller in self.pollers]

    def renew(self, statuses: Statuses) -> None:
        """Go on with another table of words."""
        self.taker.statuses = statuses


def build_way_back(
    settings: Settings,
    centrals: Mapping[str, Central],
    *,
    database: Database,
    vault: Vault,
    metrics: Metrics,
) -> WayBack:
    """Everything behind an update, wired."""
    taker = Taker(vault=vault, statuses=read_statuses(settings.config_dir), on_news=lambda *_: None)
    told = partial(_told, metrics)
    pollers = (
        Poller(
            central,
            database=database,
            taker=taker,
            policy=settings.outbox,
            clock=now_ms,
            jitter=random.random,
            owner=uuid.uuid4().hex,
            told=told,
        )
        for central in centrals.values()
        if central.poll_every is not None
    )
    door = Door(
        centrals,
        database=database,
        taker=taker,
        clock=now_ms,
        told=told,
        refused=lambda store: metrics.updates(store, "refused"),
    )
    return WayBack(taker=taker, door=door, pollers=tuple(pollers))


def _told(metrics: Metrics, store: str, taken: Taken) -> None:
    metrics.updates(store, "new", taken.news)
    metrics.updates(store, "known", taken.known)
    metrics.updates(store, "stray", taken.strays)
    metrics.unknown_words(store, taken.unknown_words)
    if taken.news or taken.strays:
        log.info("updates taken", store=store, new=taken.news, strays=taken.strays)
    if taken.unknown_words:
        log.warning("status word not in statuses.toml", store=store, updates=taken.unknown_words)
