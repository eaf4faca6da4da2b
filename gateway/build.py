"""
From settings to objects: every part built once, by constructor calls one can step through.

Nothing here connects, listens or starts a task; `app.py` does that, in order.
"""

import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from channels.contract import (
    Channel,
    DeliveryReport,
    Ignored,
    InboundMessage,
    Outcome,
    Receipt,
    Refused,
    Reply,
    Signal,
    TryLater,
    Uncertain,
    Unreadable,
)
from forwarder.central.contract import Central
from forwarder.central.http import HttpCentral
from forwarder.central.sqlite import SqliteCentral
from forwarder.item import Item
from forwarder.ports import Transaction
from forwarder.target import Surroundings, Target, to_central, to_channel
from forwarder.worker import Worker
from gateway import records
from gateway.build_craft import build_channels, build_craft, read_topics
from gateway.codes import CaseCodes
from gateway.errors import SettingsError
from gateway.inbox import ChannelInbox
from gateway.journal import Journal
from gateway.metrics import Metrics
from gateway.pipeline import Pipeline, Timing
from gateway.reading import Opened
from gateway.rhythm import Rhythm
from gateway.settings import CentralSettings, Settings
from gateway.store import Store, StoreUnavailable
from gateway.troubles import Troubles
from gateway.turn import Made
from gateway.vault import Vault
from gateway.workshop import InProcess, InThread, Workshop

DAY_MS = 86_400_000
OWNER = "worker"
#: What each outcome is called in the metrics.
OUTCOMES = {Receipt: "delivered", TryLater: "later", Refused: "refused", Uncertain: "uncertain"}
KINDS = {
    InboundMessage: "message",
    Signal: "signal",
    DeliveryReport: "delivery_report",
    Ignored: "ignored",
    Unreadable: "unreadable",
}


def now_ms() -> int:
    """The wall clock, milliseconds since 1970, UTC; the only place that reads it."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a running gateway consists of."""

    settings: Settings
    vault: Vault
    store: Store
    journal: Journal
    channels: Mapping[str, Channel]
    inboxes: Mapping[str, ChannelInbox]
    centrals: Mapping[str, Central]
    metrics: Metrics
    troubles: Troubles
    rhythm: Rhythm
    workshop: Workshop
    pipeline: Pipeline
    workers: list[Worker] = field(default_factory=list)

    def poke_workers(self) -> None:
        """Something may be due in the outbox."""
        for worker in self.workers:
            worker.poke()


def build_centrals(settings: Settings) -> dict[str, Central]:
    """The central stores records go to."""
    return {name: _central(name, chosen, settings) for name, chosen in settings.centrals.items()}


def build(settings: Settings, key: bytes, store: Store) -> Parts:
    """Everything, wired."""
    vault = Vault(key)
    channels = build_channels(settings, vault)
    centrals = build_centrals(settings)
    metrics = Metrics(channels, centrals)
    journal = Journal(store, vault, clock=now_ms)
    troubles = Troubles(metrics.trouble, now_ms)
    topics = read_topics(settings)
    codes = CaseCodes(vault.derive("case codes"))
    workshop = _workshop(settings, key)
    parts = Parts(
        settings=settings,
        vault=vault,
        store=store,
        journal=journal,
        channels=channels,
        inboxes={
            name: ChannelInbox(
                name,
                journal=journal,
                codes=codes,
                database=store,
                vault=vault,
                metrics=metrics,
                troubles=troubles,
                topics=topics,
            )
            for name in channels
        },
        centrals=centrals,
        metrics=metrics,
        troubles=troubles,
        rhythm=Rhythm(store, now_ms, metrics.silent),
        workshop=workshop,
        pipeline=Pipeline(
            database=store,
            vault=vault,
            workshop=workshop,
            timing=Timing(
                part_timeout=int(settings.pipeline.part_timeout * 1000),
                match_window=settings.pipeline.match_window_days * DAY_MS,
            ),
            clock=now_ms,
            settled=lambda opened, made: _settled(parts, opened, made),
            crowded=lambda: journal.crowded,
        ),
    )
    parts.workers = _workers(parts)
    return parts


def _workshop(settings: Settings, key: bytes) -> Workshop:
    if settings.pipeline.own_process:
        return InProcess(settings, key)
    return InThread(build_craft(settings, key))


def _central(name: str, chosen: CentralSettings, settings: Settings) -> Central:
    options: Any = chosen.options
    if chosen.kind is SqliteCentral:
        return SqliteCentral(name, options, settings.data_dir)
    try:
        return HttpCentral(name, options, now_ms)
    except ValueError as exc:
        raise SettingsError(f"{settings.file}: central.{name}.secrets: {exc}") from exc


def _workers(parts: Parts) -> list[Worker]:
    around = Surroundings(
        database=parts.store,
        unavailable=StoreUnavailable,
        vault=parts.vault,
        policy=parts.settings.outbox,
        clock=now_ms,
        jitter=random.random,
        owner=f"{OWNER} {uuid.uuid4().hex[:12]}",
        on_delivered=_forwarded,
        on_settled=lambda target, _: (
            parts.poke_workers() if target.startswith("central:") else None
        ),
    )
    return [Worker(target, around) for target in _targets(parts)]


def _targets(parts: Parts) -> list[Target]:
    stores = [to_central(central) for central in parts.centrals.values()]
    doors = [to_channel(name, _replier(channel)) for name, channel in parts.channels.items()]
    return [_measured(target, parts.metrics) for target in stores + doors]


def _measured(target: Target, metrics: Metrics) -> Target:
    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        began = time.perf_counter()
        outcomes = await target.deliver(items)
        for outcome in outcomes:
            seconds = time.perf_counter() - began
            metrics.delivered(target.name, OUTCOMES[type(outcome)], seconds)
        return outcomes

    return replace(target, deliver=deliver)


def _replier(channel: Channel) -> Callable[[Item], Awaitable[Outcome]]:
    async def reply(item: Item) -> Outcome:
        return await channel.reply(msgspec.json.decode(item.body, type=Reply))

    return reply


def _forwarded(tx: Transaction, item: Item, now: int) -> None:
    records.forwarded(tx, item.record_id, now)


def _settled(parts: Parts, opened: Sequence[Opened], made: Made) -> None:
    for row in opened:
        parts.metrics.received(row.row.channel, KINDS[type(row.said)])
    if made.entries:
        parts.poke_workers()
