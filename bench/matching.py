"""
Matching against many stored reports: found, precise, fast.

Reports are invented; copies of them are edited as people and machines do, and hard negatives differ
in a place, a number or a state alone. The table is the gateway's own, asked in batches as by the
pipeline; the texts of neighbours are at hand, as they are for the craft. Opening the sealed
documents of neighbours nobody remembers is not part of it.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from bench.edits import EDITS, NEGATIVES, SMALL, report
from bench.peers import QUICK, Scale
from bench.table import Figure
from gateway import fingerprints
from gateway.config_files import config_files
from gateway.store.engine import BoundTransaction, Connection
from gateway.store.sqlite import Sqlite
from normalizer.fingerprint import Fingerprints
from normalizer.match import compare
from normalizer.report import Complaint
from normalizer.rules import read_rules
from normalizer.text import clean

BATCH = 64
PAGE = 5_000
ASKED = 2_048
QUICK_STORED, STORED = 20_000, 100_000
TARGETS = {100_000: 2_000, 1_000_000: 1_000}
SLOWEST = 0.010
SMALL_RECALL, RECALL, PRECISION = 0.98, 0.94, 0.99
TABLE = """
create table fingerprints (key bigint, received_at bigint, number bigint,
    primary key (key, received_at, number)) without rowid
"""

Edit = Callable[[str, random.Random], str]


async def matching(scale: Scale) -> list[Figure]:
    """Every figure against as many stored reports as the run has time for."""
    return measured(QUICK_STORED if scale.rows <= QUICK.rows else STORED)


def measured(stored: int) -> list[Figure]:
    """Every figure against so many stored reports."""
    made = Fingerprints(bytes(32))
    with TemporaryDirectory() as folder, closing(_filled(Path(folder), stored, made)) as database:
        engine = Sqlite(Path(folder) / "bench.db")
        tx = BoundTransaction(engine, cast("Connection", database))
        found, seconds, waits = _ask(tx, made, _asked(stored))
    return _figures(stored, found, seconds, waits)


def _filled(folder: Path, stored: int, made: Fingerprints) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "bench.db", isolation_level=None)
    database.execute("pragma synchronous = off")
    database.execute(TABLE)
    rows = ((key, n, n) for n in range(stored) for key in made.of_words(report(n)))
    database.execute("begin")
    database.executemany("insert or ignore into fingerprints values (?, ?, ?)", rows)
    database.execute("commit")
    return database


def _asked(stored: int) -> list[tuple[str, str, int]]:
    """The kind of edit, the text, and the number of the report it repeats; -1: of none."""
    rules = read_rules(config_files(None))
    chance = random.Random(stored)  # noqa: S311 (words, no secrets)
    kinds: list[tuple[str, Edit]] = [*EDITS.items(), *NEGATIVES.items()]
    asked = []
    for at in range(ASKED):
        name, edit = kinds[at % len(kinds)]
        number = chance.randrange(stored)
        expected = number if name in EDITS else -1
        text = clean(edit(report(number), chance), rules.abbreviations)
        asked.append((name, text, expected))
    return asked


def _ask(
    tx: BoundTransaction, made: Fingerprints, asked: Sequence[tuple[str, str, int]]
) -> tuple[list[tuple[str, bool, bool]], float, list[float]]:
    """Of each its kind, whether it joined what it repeats, and whether it joined another."""
    found, waits = [], []
    began = time.process_time()
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        keys = [made.of_words(text) for _, text, _ in batch]
        for (name, text, expected), numbers in zip(
            batch, fingerprints.alike(tx, keys, since=0), strict=True
        ):
            moment = time.process_time()
            said = Complaint(text=text)
            same = [n for n in numbers if _same(said, n)]
            waits.append(time.process_time() - moment)
            found.append((name, expected in same, any(n != expected for n in same)))
    return found, time.process_time() - began, sorted(waits)


def _same(said: Complaint, number: int) -> bool:
    return compare(said, Complaint(text=report(number))).relation == "same"


def _figures(
    stored: int, found: Sequence[tuple[str, bool, bool]], seconds: float, waits: Sequence[float]
) -> list[Figure]:
    small = [right for name, right, _ in found if name in SMALL]
    edits = [right for name, right, _ in found if name in EDITS]
    joined = sum(right or wrong for _, right, wrong in found)
    precision = 1 - sum(wrong for _, _, wrong in found) / joined
    rate, slow = len(found) / seconds, waits[len(waits) * 99 // 100]
    what = f"matching against {stored:,}"
    wanted = TARGETS[min(size for size in TARGETS if size >= stored)]
    return [
        _figure(f"{what}: messages a second, CPU", f"{rate:,.0f}/s", rate / wanted, f"≥ {wanted}"),
        _figure(f"{what}: p99", f"{slow * 1000:.1f} ms", SLOWEST / max(slow, 1e-9), "≤ 10 ms"),
        _shared(f"{what}: small edits found", sum(small) / len(small), SMALL_RECALL),
        _shared(f"{what}: all edits found", sum(edits) / len(edits), RECALL),
        _shared(f"{what}: precision", precision, PRECISION),
    ]


def _figure(name: str, ours: str, ratio: float, target: str) -> Figure:
    return Figure(name=name, ours=ours, ratio=ratio, target=target, met=ratio >= 1)


def _shared(name: str, share: float, wanted: float) -> Figure:
    ours, target = f"{share:.3f}", f"≥ {wanted:g}"
    return Figure(name=name, ours=ours, ratio=share, target=target, met=share >= wanted)
