"""
The running gateway: start in order, run in one TaskGroup, stop in reverse.

    key ▶ database ▶ journal ▶ HTTP ▶ pipeline, outbox workers, channels ▶ READY
    SIGTERM ▶ STOPPING ▶ no new messages ▶ batch in hand, deliveries under way ▶ close

Every message is safe at every moment, so stopping is a courtesy and `kill -9` is allowed.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

import structlog
from aiohttp import web

from forwarder import outbox
from forwarder.ports import Transaction
from gateway import leases
from gateway.build import PIPELINE, UPKEEP, Parts, build, owner_of
from gateway.build_craft import build_rules
from gateway.clock import now_ms
from gateway.cluster import Cluster, lead
from gateway.console.build import build_console, build_office
from gateway.console.frame import ROOT
from gateway.console.guard import Gate
from gateway.errors import SettingsError
from gateway.health import Health, until_listening
from gateway.internal import renew_key
from gateway.node import taken_name
from gateway.notify import Notifier
from gateway.roles import SERVING_OFFICERS, TAKING_IN, WORKING, Role
from gateway.secrets import Secrets, gateway_key
from gateway.serving import internal_app_of, listen, public_app_of
from gateway.settings import Settings, read_settings
from gateway.sockets import passed_sockets
from gateway.store import Store
from gateway.store.sqlite import Sqlite
from gateway.supervise import keep_running
from gateway.taking_in import pulling, taking_in
from gateway.watchers import watchers
from gateway.workshop import InProcess

log = structlog.get_logger()

# timeout(1) and terminals signal a process and its group: that is one request, not two.
SAME_REQUEST_SECONDS = 1.0


class App:
    """One gateway process."""

    def __init__(
        self,
        settings: Settings,
        environment: MutableMapping[str, str],
        workshop: InProcess | None = None,
        *,
        role: Role = "all",
        gate: Gate | None = None,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._workshop = workshop
        self._role = role
        self._gate = gate
        self._notifier = Notifier(environment)
        self._sockets = passed_sockets(environment)
        self._stop = asyncio.Event()
        self._drained = asyncio.Event()
        self._public: web.BaseSite | None = None
        self._asked = 0.0
        #: What runs, once it has been built.
        self.parts: Parts | None = None
        #: The settings, as they were last read.
        self._in_force = settings

    async def run(self, started: Callable[[], None]) -> None:
        """Run until SIGTERM or SIGINT; `started` is called once everything listens."""
        async with AsyncExitStack() as stack:
            self.parts = parts = await self._open(stack)
            health = Health(parts.store, self._settings.data_dir)
            await self._serve(stack, parts, health)
            async with asyncio.TaskGroup() as group:
                listeners = self._start(group, parts, health)
                self._heed_signals(parts)
                await self._until_open(parts)
                health.starting = False
                self._notifier.ready("receiving")
                log.info("started", channels=list(parts.channels), stores=list(parts.centrals))
                started()
                await self._stop.wait()
                await self._drain(parts, health, listeners)
        log.info("stopped")

    # --- starting ------------------------------------------------------------------------------

    async def _open(self, stack: AsyncExitStack) -> Parts:
        settings = self._settings
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._role != "all" and settings.store_url.startswith("sqlite:"):
            raise SettingsError(
                f"role {self._role}: SQLite belongs to one process, which does everything;"
                " set [store] url to a PostgreSQL"
            )
        store = await Store.open(settings.store_url, settings.store_copies)
        stack.push_async_callback(store.close)
        empty = await store.read(lambda tx: tx.one("select id from journal limit 1")) is None
        # Parts of a gateway share one key; each making its own, none could read the others'.
        may_create = empty and self._role == "all"
        key = open_key(settings, self._environment, may_create=may_create)
        cluster = await self._join(stack, store)
        parts = build(settings, key, store, self._workshop, cluster=cluster)
        parts.metrics.reloaded(datetime.now(UTC))
        for channel in parts.channels.values():
            stack.push_async_callback(channel.close)
        for central in parts.centrals.values():
            stack.push_async_callback(central.close)
        stack.callback(parts.workshop.close)
        if cluster:
            if self._role in TAKING_IN:
                cluster.want(*(pulling(name) for name in parts.fenced))
            parts.journal.use(cluster.chain)
            cluster.moved = parts.journal.use
        await parts.journal.open()
        return parts

    async def _join(self, stack: AsyncExitStack, store: Store) -> Cluster | None:
        """Take our place among the processes of a cluster, or that of the only one there is."""
        if isinstance(store.engine, Sqlite):
            await store.write(_release)
            return None
        node = stack.enter_context(taken_name(self._settings.data_dir))
        cluster = Cluster(store, node, buried=_bury)
        if self._role in WORKING:
            cluster.want(PIPELINE, UPKEEP)
        # What a process before this one held under our name.
        await store.write(partial(_bury, node=node))
        await cluster.beat()
        stack.push_async_callback(cluster.leave)
        return cluster

    async def _serve(self, stack: AsyncExitStack, parts: Parts, health: Health) -> None:
        internal = internal_app_of(parts, health, self._environment)
        if self._role in SERVING_OFFICERS:
            internal.add_subapp(ROOT, build_console(build_office(parts, now_ms), self._gate))
        await self._listen(stack, internal, "internal")
        public = public_app_of(parts)  # also where it is not served: a channel hears its inbox so
        if self._role in TAKING_IN:
            self._public = await self._listen(stack, public, "public")

    async def _listen(self, stack: AsyncExitStack, app: web.Application, name: str) -> web.BaseSite:
        passed = self._sockets.get(name)
        return await listen(stack, app, name, settings=self._settings, passed=passed)

    def _start(
        self, group: asyncio.TaskGroup, parts: Parts, health: Health
    ) -> list[asyncio.Task[None]]:
        longest = self._settings.limits.restart_wait
        watchdog = group.create_task(self._notifier.watch(health.store_writable))
        beside = [
            group.create_task(keep_running(name, run, longest_wait=longest))
            for name, run in watchers(parts, self._role, partial(self._rethink, parts))
        ]
        if self._role in WORKING:
            group.create_task(
                keep_running(
                    "pipeline",
                    lambda: parts.pipeline.run(parts.journal.arrived, self._drained),
                    longest_wait=longest,
                )
            )
            for worker in parts.workers:
                group.create_task(
                    keep_running(worker.target.name, worker.run, longest_wait=longest)
                )
        listeners = [
            group.create_task(
                keep_running(
                    f"channel {name}",
                    partial(
                        taking_in,
                        channel,
                        parts.inboxes[name],
                        lead=lead(parts.cluster, pulling(name)),
                        fenced=parts.fenced.get(name),
                    ),
                    longest_wait=longest,
                    told=partial(_channel_told, parts, health, name),
                )
            )
            for name, channel in parts.channels.items()
            if self._role in TAKING_IN
        ]
        return [*listeners, *beside, watchdog]

    async def _until_open(self, parts: Parts) -> None:
        """Wait for the channels' own listeners, not longer than a restart may take."""
        if self._role not in TAKING_IN:
            return
        try:
            async with asyncio.timeout(self._settings.limits.drain):
                for channel in parts.channels.values():
                    await until_listening(channel.listening_on())
        except TimeoutError:
            log.warning("a channel does not listen yet")

    # --- signals -------------------------------------------------------------------------------

    def _heed_signals(self, parts: Parts) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload, parts)

    def stop(self) -> None:
        """Finish what is in hand and return from `run`."""
        self._stop.set()

    def _asked_to_stop(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._stop.is_set() and now - self._asked > SAME_REQUEST_SECONDS:
            # Whoever asks twice means now; nothing acknowledged can be lost.
            os._exit(1)
        if not self._stop.is_set():
            self._asked = now
            self._stop.set()

    def _reload(self, parts: Parts) -> None:
        """Take new sentences, words and secrets; with a mistake in them the old ones stay."""
        self._notifier.reloading()
        try:
            fresh = read_settings(
                self._settings.config_dir, self._settings.data_dir, self._environment
            )
            build_rules(fresh)
            renewed = parts.back.renew(fresh)
            renew_key(parts, self._environment)
        except SettingsError as exc:
            log.error("reload refused", problem=str(exc))  # noqa: TRY400 (a sentence, no traceback)
            self._notifier.ready(f"reload refused: {exc}")
            return
        renewed()
        self._in_force = fresh
        self._rethink(parts)
        for name, channel in parts.channels.items():
            if name in fresh.channels:
                channel.reload(fresh.channels[name])
        parts.metrics.reloaded(datetime.now(UTC))
        log.info("reloaded")
        self._notifier.ready("receiving")

    def _rethink(self, parts: Parts) -> None:
        """Read and compose by the rules and models as they are now."""
        parts.workshop.furnish(self._in_force, parts.vault.key)

    # --- stopping ------------------------------------------------------------------------------

    async def _drain(
        self, parts: Parts, health: Health, listeners: list[asyncio.Task[None]]
    ) -> None:
        """Take nothing new, finish what is in hand."""
        self._notifier.stopping()
        log.info("stopping")
        health.stopping = True
        if self._public:
            await self._public.stop()
        for task in listeners:
            task.cancel()
        self._drained.set()
        for worker in parts.workers:
            worker.stop()


def open_key(
    settings: Settings, environment: Mapping[str, str], *, may_create: bool = False
) -> bytes:
    """The gateway's key; a new one may be made only where nothing is stored yet."""
    key = gateway_key(Secrets(environment), settings.data_dir, may_create=may_create)
    if key.created:
        log.warning("gateway key created, keep a copy in a safe place", file=str(key.created))
    return key.value


def _release(tx: Transaction) -> None:
    """Take back what a process before this one held, where there is no other."""
    outbox.release(tx, now_ms())
    leases.release(tx, now_ms())


def _bury(tx: Transaction, node: str) -> None:
    """Give back what a process held that has ended."""
    outbox.release(tx, now_ms(), owner_of(node))


def _channel_told(parts: Parts, health: Health, name: str, up: bool) -> None:  # noqa: FBT001
    health.channel(name, up=up)
    parts.metrics.channel_up(name, up=up)
