"""
From settings to objects: every part built once, by constructor calls one can step through.

Nothing here connects, listens or starts a task; `app.py` does that, in order.
"""

import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from forwarder.outbox import CENTRAL
from forwarder.ports import Database
from forwarder.target import Surroundings
from forwarder.worker import Worker
from gateway.anchoring import Anchoring, Ways, to_file, ways_of
from gateway.back.way import WayBack, build_way_back
from gateway.board.follower import Follower
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
from gateway.cluster import Cluster, lead
from gateway.codes import CaseCodes
from gateway.conversation import Timing
from gateway.craft import Composed
from gateway.custody.desk import Custodian
from gateway.deadlines import Deadlines
from gateway.fetching import MEDIA, fetchings
from gateway.figures.keeper import Keeper
from gateway.files_leaving import let_go
from gateway.following import Following
from gateway.holdings import Holdings
from gateway.inbox import ChannelInbox
from gateway.journal import Journal
from gateway.leading import Led
from gateway.metrics import Metrics
from gateway.monitor.monitor import Monitor
from gateway.monitor.sources import Around
from gateway.pipeline import Pipeline
from gateway.reading import Opened
from gateway.rhythm import Rhythm
from gateway.settings import Settings
from gateway.store import Store, StoreUnavailable
from gateway.taking_in import pulling
from gateway.targets import build_targets
from gateway.troubles import Troubles
from gateway.vault import Vault
from gateway.workshop import InProcess, InThread, Workshop

DAY_MS = 86_400_000
OWNER = "worker"
# Leases, beside those of channels that pull.
PIPELINE = "pipeline"
UPKEEP = "upkeep"
# A film over a village's line takes longer than any answer.
FILE_LEASE = 240.0
KINDS = {
    InboundMessage: "message",
    Signal: "signal",
    DeliveryReport: "delivery_report",
    Ignored: "ignored",
    Unreadable: "unreadable",
}


def owner_of(node: str) -> str:
    """Who has claimed an outbox row."""
    return f"{OWNER} {node}"


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
    #: Of channels that pull: they take what is pulled only while this process leads.
    fenced: Mapping[str, ChannelInbox]
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
    monitor: Monitor
    board: Follower
    figures: Keeper
    #: The others on the same PostgreSQL; None: there are none.
    cluster: Cluster | None
    #: The database as it is to what one process does at a time.
    upkeep: Database
    #: Called when something on the board has changed.
    watching: list[Callable[[], None]] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    def poke_workers(self, *targets: str) -> None:
        """Something may be due in the outbox; for targets that begin so, or for any."""
        for worker in self.workers:
            if not targets or worker.target.name.startswith(targets):
                worker.poke()

    def tell_watching(self) -> None:
        """Something on the board has changed."""
        for watching in self.watching:
            watching()


def build(
    settings: Settings,
    key: bytes,
    store: Store,
    workshop: InProcess | None = None,
    *,
    cluster: Cluster | None = None,
) -> Parts:
    """
    Everything, wired.

    Without a workshop of its own the thinking is done in a thread; without a cluster this process
    is the only one.
    """
    node = cluster.node if cluster else uuid.uuid4().hex[:12]
    # What must be done by one process at a time, and is none of the pipeline's.
    upkeep = Led(store, lead(cluster, UPKEEP)) if cluster else store
    vault = Vault(key)
    channels = build_channels(settings, vault)
    centrals = build_centrals(settings, store)
    metrics = Metrics(channels, centrals, [name for name, each in channels.items() if each.fetches])
    journal = Journal(store, vault, clock=now_ms)
    troubles = Troubles(metrics.trouble, now_ms, cluster.node if cluster else "")
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
        fenced={
            name: inbox(name, lead=lead(cluster, pulling(name)))
            for name, each in channels.items()
            if each.pulls()
        },
        centrals=centrals,
        metrics=metrics,
        troubles=troubles,
        rhythm=Rhythm(upkeep, now_ms, metrics.silent),
        deadlines=Deadlines(
            upkeep, vault, build_clock(settings), now=now_ms, told=metrics.deadlines
        ),
        holdings=Holdings(
            centrals,
            upkeep,
            lambda one: metrics.held(
                f"{CENTRAL}{one.store}", asked=one.asked, missing=len(one.missing)
            ),
        ),
        anchoring=Anchoring(
            upkeep,
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
            let_go=partial(let_go, store, build_files(settings)),
            settled=lambda opened, made: _settled(parts, opened, made),
            crowded=lambda: journal.crowded,
            lead=lead(cluster, PIPELINE),
        ),
        back=build_way_back(
            settings,
            centrals,
            channels,
            database=store,
            upkeep=upkeep,
            vault=vault,
            metrics=metrics,
            owner=f"back {node}",
            poke=lambda: parts.poke_workers(),  # noqa: PLW0108 (parts are not there yet)
        ),
        board=Follower(
            store,
            vault,
            now=now_ms,
            owner=f"board {node}",
            told=lambda: parts.tell_watching(),  # noqa: PLW0108 (as above)
        ),
        figures=Keeper(
            store,
            now=now_ms,
            utc_hours=settings.tenant.utc_hours,
            owner=f"figures {node}",
            told=lambda: parts.tell_watching(),  # noqa: PLW0108 (as above)
        ),
        upkeep=upkeep,
        cluster=cluster,
        monitor=Monitor(Around(database=store, vault=vault, workshop=thinking), clock=now_ms),
    )
    parts.workers = _workers(parts, node)
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


def _workers(parts: Parts, node: str) -> list[Worker]:
    cluster = parts.cluster
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
        owner=owner_of(node),
        on_delivered=parts.following.forwarded,
        on_ended=parts.following.ended,
        on_settled=lambda *_: None,
        on_due=lambda targets: parts.poke_workers(*targets),
        living=lambda tx: [owner_of(one) for one in cluster.others(tx)] if cluster else [],
        standing=lambda: cluster is None or cluster.standing(),
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
    # A receipt waits for the store's own; whose turn has come is told then.
    now = now_ms()
    if targets := {entry.target for entry in made.outgoing if entry.due <= now}:
        parts.poke_workers(*targets)
