"""
Files that an erasure left to nobody: written down in its commit, deleted after, then forgotten.

So a crash between the two, or a place that is away, keeps no file: what stands in the table is
deleted at the next start, or the next time somebody asks. All SQL on table `leaving_files`.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog

from forwarder.ports import Database, Transaction
from gateway.files import Files
from gateway.store import StoreError

log = structlog.get_logger()

AT_ONCE = 100
AGAIN_SECONDS = 300.0
# A report that came since may have the same file again.
WAITING = """
select l.sha256, exists (select 1 from record_files r where r.sha256 = l.sha256)
from leaving_files l order by l.at, l.sha256 limit :most
"""
GONE = "delete from leaving_files where sha256 {among:shas}"


def leave(tx: Transaction, shas: Sequence[str], now: int) -> None:
    """Write down in the commit that leaves these files to nobody that they are to be deleted."""
    tx.insert("leaving_files", ("sha256", "at"), [(sha, now) for sha in shas])


async def let_go(database: Database, files: Files) -> None:
    """Delete what waits for it; what cannot be now is tried again later, and raises nothing."""
    try:
        while rows := await database.read(lambda tx: tx.all(WAITING, most=AT_ONCE)):
            done = [sha for sha, is_needed in rows if is_needed or await _is_dropped(files, sha)]
            await database.write(partial(_forget, shas=done))
            if len(done) < len(rows):
                log.warning("erased files are not deleted yet", files=len(rows) - len(done))
                return
    except StoreError as exc:
        log.warning("erased files are not deleted yet", error=type(exc).__name__)


async def keep_letting_go(database: Database, files: Files) -> None:
    """At the start, and every few minutes, until cancelled."""
    while True:
        await let_go(database, files)
        await asyncio.sleep(AGAIN_SECONDS)


def _forget(tx: Transaction, *, shas: list[str]) -> None:
    tx.run(GONE, shas=shas)


async def _is_dropped(files: Files, sha256: str) -> bool:
    try:
        await asyncio.to_thread(files.drop, [sha256])
    except OSError:
        return False
    return True
