"""What the internal listener answers from the running parts: metrics, orders of an operator."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial

import structlog

from forwarder import outbox_desk
from forwarder.outbox import CENTRAL
from forwarder.ports import Transaction
from gateway import operate, work
from gateway.access import ordering
from gateway.access.ordering import UserOrder
from gateway.back import money, notices
from gateway.build import Parts, build_custodian
from gateway.build_craft import build_clock
from gateway.build_routes import build_routes, tracking_forms
from gateway.clock import now_ms
from gateway.custody.duty import Done, Duty
from gateway.errors import SettingsError
from gateway.filing import Desk, Filed, Filing
from gateway.health import Health
from gateway.naming import moment
from gateway.operate import Order
from gateway.secrets import KEY_BYTES, Secrets, gateway_key

log = structlog.get_logger()


async def carry_out(parts: Parts, order: Order) -> int:
    """Do what an operator ordered and wake whoever has work of it."""
    touched = await parts.store.write(lambda tx: operate.carry_out(tx, order, now_ms()))
    parts.journal.arrived.set()
    parts.poke_workers()
    return touched


async def file_for(parts: Parts, filing: Filing) -> Filed:
    """Put down what an officer found; the pipeline hears of it by the journal."""
    desk = Desk(
        database=parts.store,
        journal=parts.journal,
        vault=parts.vault,
        clock=now_ms,
        deadlines=build_clock(parts.settings),
        centrals=build_routes(parts.settings),
        tracking=tracking_forms(parts.settings),
    )
    filed = await desk.file(filing)
    parts.poke_workers()
    return filed


def renew_key(parts: Parts, environment: Mapping[str, str]) -> None:
    """Take the gateway key as it is now: a rotation has put a new one behind it."""
    ring = gateway_key(Secrets(environment), parts.settings.data_dir, may_create=False).value
    if ring == parts.vault.key:
        return
    if ring[:KEY_BYTES] != parts.vault.key[:KEY_BYTES]:
        raise SettingsError("the gateway key is another one: its first line must stay")
    parts.vault.renew(ring)
    parts.workshop.furnish(parts.settings, ring)
    log.info("gateway key renewed")


async def entrusted(parts: Parts, environment: Mapping[str, str], duty: Duty) -> Done:
    """Carry out an order about personal data and wake whoever has work of it."""
    if duty.verb == "rewrap":
        renew_key(parts, environment)
    done = await build_custodian(parts.settings, parts.vault, parts.store).carry_out(duty)
    parts.poke_workers()
    return done


async def order_user(parts: Parts, order: UserOrder) -> Done:
    """Carry out an order about an account of the console."""
    return await parts.store.write(lambda tx: ordering.carry_out(tx, parts.vault, order, now_ms()))


async def scrape(parts: Parts, health: Health, accept: str) -> tuple[str, bytes]:
    """Content type and body for Prometheus, with what waits counted now."""

    def look(tx: Transaction) -> tuple[dict[tuple[str, str], int], dict[str, int], work.Backlog]:
        return outbox_desk.depth(tx), outbox_desk.oldest(tx), work.backlog(tx)

    depth, oldest, backlog = await parts.store.read(look)
    metrics = parts.metrics
    await parts.store.read(partial(_tell_of_notices, parts))
    metrics.ready(ready=not await health.missing())
    metrics.tasks(len(asyncio.all_tasks()))
    metrics.waiting("journal", backlog.waiting, _since(backlog.oldest))
    metrics.waiting("parked", backlog.parked + _parked(depth), None)
    for worker in parts.workers:
        name = worker.target.name
        waiting = sum(depth.get((name, state), 0) for state in ("pending", "uncertain"))
        metrics.waiting(name, waiting, _since(oldest.get(name)))
    for name in tracking_forms(parts.settings):  # an officer's list: no worker counts it
        target = f"{CENTRAL}{name}"
        metrics.waiting(target, depth.get((target, "pending"), 0), _since(oldest.get(target)))
    return metrics.render(accept)


def _tell_of_notices(parts: Parts, tx: Transaction) -> None:
    settings = parts.settings
    for state, count in notices.counts(tx).items():
        parts.metrics.notices(state, count)
    for bill in money.bills(tx, settings.notices.budget, now_ms(), settings.tenant.utc_hours):
        parts.metrics.spent(bill.channel, bill.units, bill.budget)


def _since(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else moment(milliseconds)


def _parked(depth: dict[tuple[str, str], int]) -> int:
    return sum(count for (_, state), count in depth.items() if state == "parked")
