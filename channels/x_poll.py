"""
Reading X: mentions, then each rule, page by page, within the limits and within the money.

A walk goes from the newest post back to the last one known. Each page is committed together with
where the walk is and what it has cost, so a crash repeats nothing that was paid for and loses
nothing; `since` moves only with the last page. What does not fit into one turn is carried on in the
next. When a budget is used up, that is put down as a gap, once, and reading waits for the next day.
No answer of X ends the loop: it waits, probes slowly, and goes on.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import msgspec
import structlog
from msgspec.structs import replace

from channels.contract import Cursor, Delivery, Inbox, NotStored
from channels.provider_http import Answer
from channels.x_answers import Setback, is_spent, setback, until_reset
from channels.x_api import XApi
from channels.x_items import Wrapped, deliveries, gap
from channels.x_money import (
    MENTIONS,
    READS,
    WRITES,
    Ledger,
    Place,
    hours_before,
    left,
    read_ledger,
    read_written,
    utc_day,
)
from channels.x_options import (
    LEAST_FOUND,
    LEAST_MENTIONS,
    MOST_ON_A_PAGE,
    XOptions,
)
from channels.x_pages import Ask, Page, later, read_page
from channels.x_sources import Source, pause, sources, worst

log = structlog.get_logger()

_FULL_DISK_PAUSE = 30.0


class Poller:
    """One account; `run` reads until it is cancelled."""

    def __init__(
        self, options: XOptions, api: XApi, inbox: Inbox, clock: Callable[[], float]
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._woken = asyncio.Event()
        self._ledger = Ledger()
        self._api = api
        self.renew(options)

    def renew(self, options: XOptions) -> None:
        """Take new settings, and try them at once."""
        self._options = options
        self._sources = sources(options)
        self._woken.set()

    async def run(self) -> None:
        """Read until cancelled."""
        self._ledger = read_ledger(await self._inbox.cursor(READS))
        now = asyncio.get_running_loop().time
        while True:
            # Always the first that is due, so mentions never wait for more than one turn of a rule.
            source = next((one for one in self._sources if one.due <= now()), None)
            if source:
                await self._turn(source)
                if not source.setback:  # from the end of a turn: a slow X leaves rules their turns
                    source.due = max(source.due, now() + source.every)
            else:
                await self._sleep(min((one.due - now() for one in self._sources), default=None))

    async def _sleep(self, seconds: float | None) -> None:
        """Wait, but not longer than until there are new settings."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _turn(self, source: Source) -> None:
        for _ in range(self._options.max_pages):
            if not await self._step(source):
                return

    async def _step(self, source: Source) -> bool:
        """Ask for one page and keep it; whether there is another one to ask for now."""
        ledger = self._ledger.on(utc_day(self._clock()))
        place = ledger.place(source.name)
        size, budget = await self._affordable(source, ledger)
        if not size:
            await self._note_gap(source, ledger, budget)
            return False
        ask = self._asking(source, place, size)
        result = await self._api.page(ask)
        if isinstance(result, Answer) and result.status == HTTPStatus.BAD_REQUEST:
            return await self._mend(source, ledger)
        stop = setback(result, self._clock())
        self._note(source, stop)
        if stop or not isinstance(result, Answer):
            return False
        try:
            page = read_page(result.json(), self._wrapped(source), is_report=source.is_report)
            rows = await deliveries(page.items, self._inbox)
        except RecursionError:
            self._note(source, Setback(reason="what came is nested without end", trouble="away"))
            return False
        await self._store(rows, self._moved(source, ledger, ask, page))
        if is_spent(result):
            wait = until_reset(result, self._clock())
            source.due = max(source.due, asyncio.get_running_loop().time() + wait)
            return False
        return bool(self._ledger.place(source.name).token)

    def _asking(self, source: Source, place: Place, size: int) -> Ask:
        start = place.start
        if place.is_new:
            start = hours_before(self._clock(), self._options.first_hours)
        return Ask(
            query=source.query,
            size=size,
            since=place.since,
            token=place.token,
            until="" if place.token else place.oldest,
            start=start,
        )

    def _wrapped(self, source: Source) -> Wrapped:
        came = "rule" if source.rule else MENTIONS
        return Wrapped(came=came, account=self._options.account, rule=source.rule)

    # --- keeping ------------------------------------------------------------------------------

    def _moved(self, source: Source, ledger: Ledger, ask: Ask, page: Page) -> Ledger:
        """Where a page leaves us, and what it has cost."""
        place, prices = ledger.place(source.name), self._options.prices
        newest = later(place.newest, page.newest)
        # The same token again would be a walk in a circle.
        token = page.token if page.token != place.token else ""
        if token:
            oldest = page.oldest or place.oldest
            moved = replace(place, token=token, start=ask.start, newest=newest, oldest=oldest)
        else:
            since = later(place.since, newest)
            moved = Place(since=since, today=place.today, gap=place.gap)
        if page.left_out:
            log.info("posts left out by X", channel="x", source=source.name, posts=page.left_out)
        own = prices.post if source.rule or not self._options.can_write else prices.mention
        return ledger.after(source.name, moved, page.cost(own, prices))

    async def _mend(self, source: Source, ledger: Ledger) -> bool:
        """X calls the request wrong (400): forget what may be too old, one after the other."""
        place = ledger.place(source.name)
        if place.token:  # the walk goes on below the oldest post it has reached
            await self._store([], ledger.after(source.name, replace(place, token="")))
            return True
        if place.since:
            missed = f"{source.name}, some posts after {place.since}: too old for X to show all"
            newest = later(place.since, place.newest)
            moved = replace(place, since="", newest=newest, missed=f"not looked at: {missed}")
            key = f"gap.{source.name}.{place.since}"
            await self._store([gap(key, missed)], ledger.after(source.name, moved))
            return True
        self._note(source, Setback(reason="X refuses this query", trouble="conflict"))
        return False

    async def _note_gap(self, source: Source, ledger: Ledger, budget: str) -> None:
        place = ledger.place(source.name)
        when = ledger.day if budget == "day" else ledger.day[:7]
        key = f"gap.{source.name}.{when}"
        if place.gap == key:
            return
        until = f" and before {place.oldest}" if place.oldest else ""
        range_ = f"posts after {place.since or 'the first'}{until}"
        missed = f"{source.name}, {range_}: the budget of {when} is used up"
        log.warning("budget used up", channel="x", source=source.name, period=when)
        moved = replace(place, gap=key, missed=f"not looked at: {missed}")
        await self._store([gap(key, missed)], ledger.after(source.name, moved))

    async def _store(self, rows: list[Delivery], ledger: Ledger) -> None:
        """Commit a page with where that leaves us, however long the disk is full."""
        if not rows and ledger == self._ledger:
            return
        cursor = Cursor(name=READS, value=msgspec.json.encode(ledger).decode())
        wait = 1.0
        while not await self._is_stored(rows, cursor):
            await asyncio.sleep(wait)
            wait = min(wait * 2, _FULL_DISK_PAUSE)
        self._ledger = ledger

    async def _is_stored(self, rows: list[Delivery], cursor: Cursor) -> bool:
        try:
            await self._inbox.accept(rows, cursor)
        except NotStored:
            return False
        return True

    # --- waiting ------------------------------------------------------------------------------

    async def _affordable(self, source: Source, ledger: Ledger) -> tuple[int, str]:
        """How many posts the money allows for, 0 for less than a page; and whose end that is."""
        written = read_written(await self._inbox.cursor(WRITES)).on(ledger.day).spent
        money, budget = left(self._options, ledger, source.name, written)
        least = LEAST_FOUND if source.rule else LEAST_MENTIONS
        worst = self._options.worst_found if source.rule else self._options.worst_mention
        size = min(money // worst, MOST_ON_A_PAGE) if worst else MOST_ON_A_PAGE
        return (size if size >= least else 0), budget

    def _note(self, source: Source, stop: Setback | None) -> None:
        """Remember how a source fares, wait accordingly, and tell the worst there is."""
        source.failures = source.failures + 1 if stop else 0
        source.setback = stop
        if stop:
            wait = pause(stop, source.failures, self._options.probe)
            source.due = asyncio.get_running_loop().time() + wait
        self._inbox.trouble(*worst(self._sources))
