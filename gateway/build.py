"""
From settings to objects: every part built once, by constructor calls one can step through.

Nothing here connects, listens or starts a task; `app.py` does that, in order.
"""

import random
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec

from channels.contract import (
    Channel,
    DeliveryReport,
    Ignored,
    InboundMessage,
    Signal,
    Unreadable,
)
from forwarder.central.contract import Central
from forwarder.outbox import CENTRAL, CHANNEL
from forwarder.ports import Database
from forwarder.target import Surroundings
from forwarder.worker import Worker
from gateway.anchoring import Anchoring, Ways, to_file, ways_of
from gateway.back.way import WayBack, build_way_back
from gateway.build_centrals import build_centrals
from gateway.build_craft import (
    build_channels,
    build_clock,
    build_craft,
    build_files,
    build_ministry,
    read_topics,
)
from gateway.build_routes import build_routes
from gateway.clock import now_ms
from gateway.codes import CaseCodes
from gateway.conversation import Timing
from gateway.craft import Composed
from gateway.custody.desk import Custodian
from gateway.deadlines import Deadlines
from gateway.fetching import MEDIA, fetchings
from gateway.following import Following
from gateway.holdings import Holdings
from gateway.inbox import ChannelInbox
from gateway.journal import Journal
from gateway.metrics import Metrics
from gateway.pipeline import Pipeline
from gateway.reading import Opened
from gateway.rhythm import Rhythm
from gateway.settings import Settings
from gateway.store import Store, StoreUnavailable
from gateway.targets import build_targets
from gateway.troubles import Troubles
from gateway.vault import Vault
from gateway.workshop import InProcess, InThread, Workshop

DAY_MS = 86_400_000
OWNER = "worker"
# A film over a village's line takes longer than any answer.
FILE_LEASE = 240.0
KINDS = {
    InboundMessage: "message",
    Signal: "signal",
    DeliveryReport: "delivery_report",
    Ignored: "ignored",
    Unreadable: "unreadable",
}


def build_custodian(settings: Settings, vault: Vault, database: Database) -> Custodian:
    """What carries out orders about personal data."""
    return Custodian(
        database=database,
        vault=vault,
        ministry=build_ministry(settings),
        centrals=build_routes(settings),
        files=build_files(settings),
        retention=settings.retention,
        two_persons=settings.identity.two_persons,
        clock=now_ms,
    )


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
    deadlines: Deadlines
    anchoring: Anchoring
    holdings: Holdings
    workshop: Workshop
    following: Following
    pipeline: Pipeline
    back: WayBack
    workers: list[Worker] = field(default_factory=list)

    def poke_workers(self, *targets: str) -> None:
        """Something may be due in the outbox; for targets that begin so, or for any."""
        for worker in self.workers:
            if not targets or worker.target.name.startswith(targets):
                worker.poke()


def build(settings: Settings, key: bytes, store: Store, workshop: InProcess | None = None) -> Parts:
    """Everything, wired; without a workshop of its own the thinking is done in a thread."""
    vault = Vault(key)
    channels = build_channels(settings, vault)
    centrals = build_centrals(settings, store)
    metrics = Metrics(channels, centrals, [name for name, each in channels.items() if each.fetches])
    journal = Journal(store, vault, clock=now_ms)
    troubles = Troubles(metrics.trouble, now_ms)
    thinking = _thinking(settings, key, workshop)
    inbox = partial(
        ChannelInbox,
        journal=journal,
        codes=CaseCodes(vault.derive("case codes")),
        database=store,
        vault=vault,
        metrics=metrics,
        troubles=troubles,
        topics=read_topics(settings),
    )
    parts = Parts(
        settings=settings,
        vault=vault,
        store=store,
        journal=journal,
        channels=channels,
        inboxes={name: inbox(name) for name in channels},
        centrals=centrals,
        metrics=metrics,
        troubles=troubles,
        rhythm=Rhythm(store, now_ms, metrics.silent),
        deadlines=Deadlines(
            store, vault, build_clock(settings), now=now_ms, told=metrics.deadlines
        ),
        holdings=Holdings(
            centrals,
            store,
            lambda one: metrics.held(
                f"{CENTRAL}{one.store}", asked=one.asked, missing=len(one.missing)
            ),
        ),
        anchoring=Anchoring(
            store,
            vault,
            _ways(settings, centrals, channels),
            every=settings.proof.every,
            clock=now_ms,
            dropped=lambda: parts.poke_workers(),  # noqa: PLW0108 (parts is made here)
        ),
        workshop=thinking,
        following=Following(
            vault=vault,
            centrals=build_routes(settings),
            channels=channels,
            fetchings=fetchings(channels, build_files(settings)),
            utc_hours=settings.tenant.utc_hours,
        ),
        pipeline=Pipeline(
            database=store,
            vault=vault,
            workshop=thinking,
            timing=_timing(settings),
            clock=now_ms,
            centrals=build_routes(settings),
            settled=lambda opened, made: _settled(parts, opened, made),
            crowded=lambda: journal.crowded,
        ),
        back=build_way_back(
            settings,
            centrals,
            channels,
            database=store,
            vault=vault,
            metrics=metrics,
            poke=lambda: parts.poke_workers(),  # noqa: PLW0108 (parts are not there yet)
        ),
    )
    parts.workers = _workers(parts)
    return parts


def _thinking(settings: Settings, key: bytes, workshop: InProcess | None) -> Workshop:
    if workshop is None:
        return InThread(build_craft(settings, key))
    workshop.furnish(settings, key)
    return workshop


def _ways(
    settings: Settings, centrals: Mapping[str, Central], channels: Mapping[str, Channel]
) -> Ways:
    keepers = [name for name, central in centrals.items() if central.takes_anchors]
    return ways_of(settings.proof, keepers, has_mail="mail" in channels)


def _timing(settings: Settings) -> Timing:
    chosen = settings.pipeline
    return Timing(
        part_timeout=int(chosen.part_timeout * 1000),
        match_window=chosen.match_window_days * DAY_MS,
        quiet_time=int(chosen.quiet_time * 1000),
        album_time=int(chosen.album_time * 1000),
    )


def _workers(parts: Parts) -> list[Worker]:
    targets = build_targets(
        parts.centrals,
        parts.channels,
        parts.following.fetchings,
        metrics=parts.metrics,
        troubles=parts.troubles,
    )
    if parts.settings.proof.file:
        targets.append(to_file(Path(parts.settings.proof.file)))
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
            parts.poke_workers(CHANNEL) if target.startswith(CENTRAL) else None
        ),
    )
    patient = replace(
        around,
        policy=msgspec.structs.replace(around.policy, lease=max(FILE_LEASE, around.policy.lease)),
    )
    return [
        Worker(target, patient if target.name.startswith(MEDIA) else around) for target in targets
    ]


def _settled(parts: Parts, opened: Sequence[Opened], made: Composed) -> None:
    kinds = Counter((row.row.channel, KINDS[type(row.said)]) for row in opened)
    for (channel, kind), count in kinds.items():
        parts.metrics.received(channel, kind, count)
    if made.outgoing:
        parts.poke_workers(*{entry.target for entry in made.outgoing})
