"""
From settings to objects: every part built once, by constructor calls one can step through.

Nothing here connects, listens or starts a task; `app.py` does that, in order.
"""

import random
import time
import uuid
from collections import Counter
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
from forwarder.target import Surroundings, Target, to_central, to_channel
from forwarder.worker import Worker
from gateway.build_craft import build_channels, build_craft, build_files, read_topics
from gateway.codes import CaseCodes
from gateway.conversation import Timing
from gateway.craft import Composed
from gateway.errors import SettingsError
from gateway.fetching import MEDIA, fetchings
from gateway.following import Following
from gateway.inbox import ChannelInbox
from gateway.journal import Journal
from gateway.metrics import Metrics
from gateway.naming import moment
from gateway.pipeline import Pipeline
from gateway.reading import Opened
from gateway.rhythm import Rhythm
from gateway.settings import CentralSettings, Settings
from gateway.store import Store, StoreUnavailable
from gateway.troubles import Troubles
from gateway.vault import Vault
from gateway.workshop import InProcess, InThread, Workshop

DAY_MS = 86_400_000
OWNER = "worker"
# A film over a village's line takes longer than any answer.
FILE_LEASE = 240.0
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
    following: Following
    pipeline: Pipeline
    workers: list[Worker] = field(default_factory=list)

    def poke_workers(self) -> None:
        """Something may be due in the outbox."""
        for worker in self.workers:
            worker.poke()


def build_centrals(settings: Settings) -> dict[str, Central]:
    """The central stores records go to."""
    return {name: _central(name, chosen, settings) for name, chosen in settings.centrals.items()}


def build(settings: Settings, key: bytes, store: Store, workshop: InProcess | None = None) -> Parts:
    """Everything, wired; without a workshop of its own the thinking is done in a thread."""
    vault = Vault(key)
    channels = build_channels(settings, vault)
    centrals = build_centrals(settings)
    metrics = Metrics(channels, centrals, [name for name, each in channels.items() if each.fetches])
    journal = Journal(store, vault, clock=now_ms)
    troubles = Troubles(metrics.trouble, now_ms)
    topics = read_topics(settings)
    codes = CaseCodes(vault.derive("case codes"))
    thinking: Workshop = workshop or InThread(build_craft(settings, key))
    if workshop:
        workshop.furnish(settings, key)
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
        workshop=thinking,
        following=Following(
            vault=vault,
            centrals=tuple(centrals),
            channels=channels,
            fetchings=fetchings(channels, build_files(settings)),
        ),
        pipeline=Pipeline(
            database=store,
            vault=vault,
            workshop=thinking,
            timing=Timing(
                part_timeout=int(settings.pipeline.part_timeout * 1000),
                match_window=settings.pipeline.match_window_days * DAY_MS,
                quiet_time=int(settings.pipeline.quiet_time * 1000),
                album_time=int(settings.pipeline.album_time * 1000),
            ),
            clock=now_ms,
            centrals=tuple(settings.centrals),
            settled=lambda opened, made: _settled(parts, opened, made),
            crowded=lambda: journal.crowded,
        ),
    )
    parts.workers = _workers(parts)
    return parts


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
        on_delivered=parts.following.forwarded,
        on_ended=parts.following.ended,
        on_settled=lambda target, _: (
            parts.poke_workers() if target.startswith("central:") else None
        ),
    )
    patient = replace(
        around,
        policy=msgspec.structs.replace(around.policy, lease=max(FILE_LEASE, around.policy.lease)),
    )
    return [
        Worker(target, patient if target.name.startswith(MEDIA) else around)
        for target in _targets(parts)
    ]


def _targets(parts: Parts) -> list[Target]:
    stores = [to_central(central) for central in parts.centrals.values()]
    doors = [
        _watched(_door(name, channel), name, parts.troubles)
        for name, channel in parts.channels.items()
    ]
    media = [
        _watched(fetching.target(), target.removeprefix(MEDIA), parts.troubles)
        for target, fetching in parts.following.fetchings.items()
    ]
    return [_measured(target, parts.metrics) for target in stores + doors + media]


def _measured(target: Target, metrics: Metrics) -> Target:
    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        began = time.perf_counter()
        outcomes = await target.deliver(items)
        seconds = time.perf_counter() - began
        for kind, count in Counter(map(type, outcomes)).items():
            metrics.delivered(target.name, OUTCOMES[kind], seconds, count)
        return outcomes

    return replace(target, deliver=deliver)


def _door(name: str, channel: Channel) -> Target:
    return to_channel(name, _replier(channel), channel.keeps, resend=channel.idempotent)


def _watched(target: Target, channel: str, troubles: Troubles) -> Target:
    """What a provider says about the channel as a whole is noted, and taken back by a success."""
    noted = False

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        nonlocal noted
        outcomes = await target.deliver(items)
        for outcome in outcomes:
            if isinstance(outcome, TryLater) and outcome.trouble:
                noted = True
                troubles.note(channel, outcome.trouble, outcome.reason)
            elif noted and isinstance(outcome, Receipt):
                noted = False
                troubles.note(channel, None)
        return outcomes

    return replace(target, deliver=deliver)


def _replier(channel: Channel) -> Callable[[Item], Awaitable[Outcome]]:
    decoder = msgspec.json.Decoder(Reply)

    async def reply(item: Item) -> Outcome:
        return await channel.reply(replace(decoder.decode(item.body), now=moment(now_ms())))

    return reply


def _settled(parts: Parts, opened: Sequence[Opened], made: Composed) -> None:
    kinds = Counter((row.row.channel, KINDS[type(row.said)]) for row in opened)
    for (channel, kind), count in kinds.items():
        parts.metrics.received(channel, kind, count)
    if made.outgoing:
        parts.poke_workers()
