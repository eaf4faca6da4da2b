"""
The night before a 29 February, in each of the country's zones, told by clocks a year off (R14).

The gateway's clock is set to ten minutes before midnight by the office's own, and past it. What is
expected was counted by hand from the calendar of 2024: 29 February was a working Thursday, 11 March
Nyepi and 12 March *cuti bersama* (joint decree of three ministers for 2024).
"""

import asyncio
import json
import time
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import aiohttp
from gateway_process import Gateway
from ledger import central, until_drained
from load import Sms, post

from torture.case import Case, Chamber, Finding
from torture.clocks import PATIENCE, kill
from torture.moved_clock import MovedClock, lacking_faketime

#: Hours ahead of UTC.
ZONES = {"WIT": 9, "WITA": 8, "WIB": 7}
EVE = datetime(2024, 2, 28, 23, 50)  # noqa: DTZ001 (in whichever zone)
TWENTY_MINUTES, YEAR = timedelta(minutes=20), timedelta(days=365)
#: Until when it is verified, three working days later, and followed up, five after that.
WANTED = {
    EVE.date(): ("2024-03-04", "2024-03-13"),
    (EVE + TWENTY_MINUTES).date(): ("2024-03-05", "2024-03-14"),
}
TOLD = {"now": timedelta(), "a year ahead": YEAR, "a year ago": -YEAR, "before": -TWENTY_MINUTES}


async def leap_day(chamber: Chamber) -> Finding:
    """Reports of both days, each told to be written now, a year ahead and a year ago."""
    zones = dict(list(ZONES.items())[: chamber.pick(short=1, quick=3, full=3)])
    wrong: list[str] = []
    asked = 0
    for zone, hours in zones.items():
        found = await _in_zone(chamber, zone, hours)
        asked += len(found)
        wrong += [f"{zone} {one}" for one, is_right in found.items() if not is_right]
    figure = (
        f"{asked} reports of 28 and 29 February in {len(zones)} zones, by clocks up to a year off: "
        f"{len(wrong)} deadlines or times wrong" + "".join(f"; {one}" for one in wrong[:3])
    )
    return Finding(figure=figure, passed=asked == len(zones) * 2 * len(TOLD) and not wrong)


async def _in_zone(chamber: Chamber, zone: str, hours: int) -> dict[str, bool]:
    """Of each report whether its deadlines are those of the day and its own time was kept."""
    home = chamber.folder / zone
    home.mkdir()
    gateway = Gateway(home)
    calendar = MovedClock(home / "clock")
    gateway.env |= calendar.env
    said: dict[str, tuple[datetime, datetime]] = {}
    try:
        with chamber.store() as settings:
            gateway.settings = {"tenant": {"zone": zone}, **settings}
            for now in (EVE, EVE + TWENTY_MINUTES):
                local = now.replace(tzinfo=timezone(timedelta(hours=hours)))
                calendar.set(round(local.timestamp() - time.time()))
                if not gateway.running:
                    await gateway.start()
                await _until_noticed(gateway, local)
                said |= await _report(gateway, local)
            await until_drained(gateway)
            rows = central(gateway, "select external_id, sent_at, deadlines from records")
            await gateway.stop()
    finally:
        kill(gateway)
    found = {key: (sent_at, json.loads(deadlines)) for key, sent_at, deadlines in rows}
    return {key: key in found and _is_right(*said[key], *found[key]) for key in said}


async def _until_noticed(gateway: Gateway, now: datetime) -> None:
    """Wait until the gateway's answers are dated so."""
    deadline = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{gateway.internal_url}/health/ready") as answer:
                dated = parsedate_to_datetime(answer.headers["Date"])
            if abs(dated - now) < TWENTY_MINUTES / 4:
                return
            assert time.monotonic() < deadline, f"the clock stays at {dated}"
            await asyncio.sleep(0.1)


async def _report(gateway: Gateway, now: datetime) -> dict[str, tuple[datetime, datetime]]:
    """Say it once by each clock; when each was to count from, and when it was told to be."""
    said = {}
    async with aiohttp.ClientSession() as session:
        for number, (told, off) in enumerate(TOLD.items()):
            key, at = f"{now:%d} {told}", now + off
            sms = Sms(
                id=key,
                sender=f"+62812000{number:05}",
                text=f"Jalan berlubang di depan SDN {number} Sukamaju, mohon diperbaiki",
                sent_at=at.isoformat(),
            )
            assert await post(session, gateway.url, sms) == 200
            said[key] = (at if told == "before" else now, at)
    return said


def _is_right(counted: datetime, told: datetime, sent_at: str, deadlines: dict[str, str]) -> bool:
    zone = counted.tzinfo
    until = tuple(
        f"{datetime.fromisoformat(deadlines[step]).astimezone(zone):%Y-%m-%d}"
        for step in ("verify_by", "follow_up_by")
    )
    return until == WANTED[counted.date()] and datetime.fromisoformat(sent_at) == told


CASES = (
    Case(
        number="R14",
        what="the night before a leap day, in three zones, clocks a year off",
        run=leap_day,
        lacking=lacking_faketime,
    ),
)
