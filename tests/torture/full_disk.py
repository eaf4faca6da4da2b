"""
Nothing fits on the disk any more for a while (R7): the gateway's own, or that of its server.

A file system of some megabytes in memory is filled to the last byte, again and again, so that also
what a rollback or a checkpoint gives back is gone at once.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from load import Load

from torture.case import Case, Chamber, Finding
from torture.ending import Photographers, ending
from torture.faults import MAIL_CLIENTS, SMS_CLIENTS, site_of

MIB = {"sqlite": 16, "postgresql": 96}
BEFORE = 20
PATIENCE = 240.0


def lacking() -> str | None:
    """Why there can be no small disk here, or nothing."""
    return None if os.geteuid() == 0 else "only root may mount a small file system"


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path]:
    """A file system of its own at this place."""
    folder.mkdir(mode=0o700)
    options = f"size={mib}m,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def full(chamber: Chamber) -> Finding:
    """Fill it under load, hear refusals, make room: it goes on, and nothing is missing."""
    seconds = chamber.pick(short=1.0, quick=2.0, full=60.0)
    back = 0.0
    place = chamber.folder / ("data" if chamber.engine == "sqlite" else "disk")
    with small_disk(place, MIB[chamber.engine]) as disk:
        async with site_of(chamber, disk) as site:
            load = Load(site.gateway, Photographers(chamber.seed))
            async with load.running(sms=SMS_CLIENTS, mail=MAIL_CLIENTS):
                for _ in range(chamber.pick(short=1, quick=1, full=3)):
                    async with asyncio.timeout(PATIENCE + seconds):
                        await load.acknowledgements(BEFORE)
                        await _filled(disk / "filler", load, seconds)
                        began = time.monotonic()
                        await load.acknowledgements(BEFORE)
                        back = max(back, time.monotonic() - began)
            end = await ending(site.gateway, load)
    refused = sum(code in (451, 503) for code in load.refusals)
    others = sorted(set(load.refusals) - {451, 503})
    done = f"{refused} refusals by 503 and 451, {BEFORE} acknowledgements {back:.1f} s after"
    wrong = f", and answers {others}" if others else ""
    return end.finding(done + wrong, passed=refused > 0 and not others)


async def _filled(filler: Path, load: Load, seconds: float) -> None:
    """Keep the disk full so long, and until somebody was refused; then make room."""
    until, before = time.monotonic() + seconds, len(load.refusals)
    while time.monotonic() < until or len(load.refusals) == before:
        await asyncio.to_thread(_top_up, filler)
        await asyncio.sleep(0.02)
    filler.unlink()  # noqa: ASYNC240 (in memory)


def _top_up(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


CASES = (Case(number="R7", what="the disk is full for a while", run=full, lacking=lacking),)
