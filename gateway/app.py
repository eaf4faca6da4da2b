"""
The running gateway: start in order, run in one TaskGroup, stop in reverse.

    key ▶ database ▶ journal ▶ HTTP ▶ pipeline, outbox workers, channels ▶ READY
    SIGTERM ▶ STOPPING ▶ no new messages ▶ batch in hand, deliveries under way ▶ close

Every message is safe at every moment, so stopping is a courtesy and `kill -9` is allowed.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

import structlog
from aiohttp import web

from forwarder import outbox
from forwarder.ports import Transaction
from gateway import leases
from gateway.build import DAY_MS, Parts, build
from gateway.build_craft import build_rules
from gateway.clock import now_ms
from gateway.errors import SettingsError
from gateway.health import Health, until_listening
from gateway.heeding import heed
from gateway.http import internal_app, open_doors, public_app, runner_of
from gateway.internal import carry_out, entrusted, file_for, renew_key, scrape
from gateway.notify import Notifier
from gateway.refill import refill
from gateway.secrets import Secrets, gateway_key
from gateway.settings import Settings, read_settings
from gateway.sockets import host_and_port, passed_sockets
from gateway.store import Store
from gateway.store.sqlite import Sqlite
from gateway.supervise import keep_running
from gateway.vault import Vault
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
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._workshop = workshop
        self._notifier = Notifier(environment)
        self._sockets = passed_sockets(environment)
        self._stop = asyncio.Event()
        self._drained = asyncio.Event()
        self._public: web.BaseSite | None = None
        self._asked = 0.0
        #: The settings, as they were last read.
        self._in_force = settings

    async def run(self, started: Callable[[], None]) -> None:
        """Run until SIGTERM or SIGINT; `started` is called once everything listens."""
        async with AsyncExitStack() as stack:
            parts = await self._open(stack)
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
        store = await Store.open(settings.store_url)
        stack.push_async_callback(store.close)
        empty = await store.read(lambda tx: tx.one("select id from journal limit 1")) is None
        key = open_key(settings, self._environment, may_create=empty)
        parts = build(settings, key, store, self._workshop)
        parts.metrics.reloaded(datetime.now(UTC))
        for channel in parts.channels.values():
            stack.push_async_callback(channel.close)
        for central in parts.centrals.values():
            stack.push_async_callback(central.close)
        stack.callback(parts.workshop.close)
        await parts.journal.open()
        await store.write(partial(_release, alone=isinstance(store.engine, Sqlite)))
        return parts

    async def _serve(self, stack: AsyncExitStack, parts: Parts, health: Health) -> None:
        http = self._settings.http
        routes = [
            route
            for name, channel in parts.channels.items()
            for route in channel.routes(parts.inboxes[name])
        ]
        routes += parts.back.door.routes()
        internal = internal_app(
            ready=health.missing,
            metrics=partial(scrape, parts, health),
            carry_out=partial(carry_out, parts),
            file=partial(file_for, parts),
            entrust=partial(entrusted, parts, self._environment),
            token=operator_token(parts.vault),
        )
        await self._listen(stack, internal, "internal", http.internal)
        public = public_app(routes, most_bytes=http.body_bytes, arriving_bytes=http.arriving_bytes)
        self._public = await self._listen(stack, public, "public", http.public)

    async def _listen(
        self, stack: AsyncExitStack, app: web.Application, name: str, address: str
    ) -> web.BaseSite:
        runner = runner_of(app, drain=self._settings.limits.drain)
        await runner.setup()
        open_doors(runner)
        stack.push_async_callback(runner.cleanup)
        passed = self._sockets.get(name)
        host, port = host_and_port(address)
        site = web.SockSite(runner, passed) if passed else web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as exc:
            raise SettingsError(
                f"{self._settings.file}: http.{name}: cannot listen on {address}: {exc.strerror}"
            ) from exc
        return site

    def _start(
        self, group: asyncio.TaskGroup, parts: Parts, health: Health
    ) -> list[asyncio.Task[None]]:
        longest = self._settings.limits.restart_wait
        group.create_task(
            keep_running(
                "pipeline",
                lambda: parts.pipeline.run(parts.journal.arrived, self._drained),
                longest_wait=longest,
            )
        )
        for worker in parts.workers:
            group.create_task(keep_running(worker.target.name, worker.run, longest_wait=longest))
        watchers = [
            group.create_task(keep_running(name, run, longest_wait=longest))
            for name, run in self._watchers(parts)
        ]
        watchdog = group.create_task(self._notifier.watch(health.store_writable))
        listeners = [
            group.create_task(
                keep_running(
                    f"channel {name}",
                    partial(channel.listen, parts.inboxes[name]),
                    longest_wait=longest,
                    told=partial(_channel_told, parts, health, name),
                )
            )
            for name, channel in parts.channels.items()
        ]
        return [*listeners, *watchers, watchdog]

    def _watchers(self, parts: Parts) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """What runs beside pipeline, workers and channels, by name."""
        window = self._settings.pipeline.match_window_days * DAY_MS
        return [
            ("rhythm", parts.rhythm.run),
            ("deadlines", parts.deadlines.run),
            ("anchors", parts.anchoring.run),
            ("holdings", parts.holdings.run),
            ("troubles", partial(parts.troubles.run, parts.store)),
            (
                "fingerprints",
                partial(refill, parts.store, parts.workshop, window=window, clock=now_ms),
            ),
            ("learned", partial(heed, self._settings.data_dir, partial(self._rethink, parts))),
            *parts.back.running(),
        ]

    async def _until_open(self, parts: Parts) -> None:
        """Wait for the channels' own listeners, not longer than a restart may take."""
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


def operator_token(vault: Vault) -> str:
    """What the command line shows to the daemon; both know the gateway key."""
    return vault.derive("operator token").hex()


def _release(tx: Transaction, *, alone: bool) -> None:
    """Take back what a process before this one held."""
    outbox.release(tx, now_ms())
    if alone:
        leases.release(tx, now_ms())


def _channel_told(parts: Parts, health: Health, name: str, up: bool) -> None:  # noqa: FBT001
    health.channel(name, up=up)
    parts.metrics.channel_up(name, up=up)
