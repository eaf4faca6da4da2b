"""The way back as a whole: what takes updates, where they come in, and what is made of them."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from channels.contract import Channel
from forwarder.central.contract import Central
from forwarder.ports import Database
from gateway.back import strays
from gateway.back.door import Door
from gateway.back.planning import plan
from gateway.back.poller import Poller
from gateway.back.speech import read_speech
from gateway.back.statuses import read_statuses
from gateway.back.take import Taken, Taker
from gateway.back.telling import Teller
from gateway.clock import now_ms
from gateway.metrics import Metrics
from gateway.settings import Settings
from gateway.vault import Vault

log = structlog.get_logger()

STRAYS_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The parts of it that run."""

    taker: Taker
    door: Door
    pollers: tuple[Poller, ...]
    teller: Teller
    database: Database

    def running(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """What one process at a time runs until it is cancelled, by name."""
        return [("notices", self.teller.run), ("stray updates", self._look_after_strays)]

    def asking(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """What asks the stores, with a lease for each."""
        return [(poller.name, poller.run) for poller in self.pollers]

    def renew(self, settings: Settings) -> Callable[[], None]:
        """Read words and sentences again; SettingsError, or what puts them in force."""
        statuses, speech = read_statuses(settings.config_dir), read_speech(settings.config_dir)

        def in_force() -> None:
            self.taker.statuses, self.teller.speech = statuses, speech

        return in_force

    async def _look_after_strays(self) -> None:
        """Take updates whose case is known by now."""
        while True:
            if await self.database.read(lambda tx: strays.known_now(tx, self.taker.vault)):
                await self.database.write(lambda tx: self.taker.take_strays(tx, now_ms()))
            await asyncio.sleep(STRAYS_SECONDS)


def build_way_back(  # noqa: PLR0913 (the composition root names each)
    settings: Settings,
    centrals: Mapping[str, Central],
    channels: Mapping[str, Channel],
    *,
    database: Database,
    upkeep: Database,
    vault: Vault,
    metrics: Metrics,
    owner: str,
    poke: Callable[[], None],
) -> WayBack:
    """
    Everything behind an update, wired.

    `upkeep` takes writes of one process at a time; `owner` names this one.
    """
    fold = int(settings.notices.fold * 1000)
    taker = Taker(
        vault=vault,
        statuses=read_statuses(settings.config_dir),
        on_news=lambda tx, news, now: plan(tx, news, fold=fold, now=now),
    )
    told = partial(_told, metrics)
    pollers = (
        Poller(
            central,
            database=database,
            taker=taker,
            policy=settings.outbox,
            clock=now_ms,
            jitter=random.random,
            owner=owner,
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
    teller = Teller(
        database=upkeep,
        vault=vault,
        channels=channels,
        speech=read_speech(settings.config_dir),
        manners=settings.notices,
        utc_hours=settings.tenant.utc_hours,
        clock=now_ms,
        told=poke,
    )
    return WayBack(taker=taker, door=door, pollers=tuple(pollers), teller=teller, database=upkeep)


def _told(metrics: Metrics, store: str, taken: Taken) -> None:
    metrics.updates(store, "new", taken.news)
    metrics.updates(store, "known", taken.known)
    metrics.updates(store, "stray", taken.strays)
    metrics.unknown_words(store, taken.unknown_words)
    if taken.news or taken.strays:
        log.info("updates taken", store=store, new=taken.news, strays=taken.strays)
    if taken.unknown_words:
        log.warning("status word not in statuses.toml", store=store, updates=taken.unknown_words)
