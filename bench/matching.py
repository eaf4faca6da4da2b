"""
Matching against many stored reports: found, precise, fast.

Reports are invented; copies of them are edited as people and machines do, and hard negatives differ
in a place, a number or a state alone. The table is the gateway's own, asked in batches as by the
pipeline; the texts of neighbours are at hand, as they are for the craft. Opening the sealed
documents of neighbours nobody remembers is not part of it.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from bench.edits import EDITS, NEGATIVES, SMALL, report
from bench.matching_table import Filled, on_postgres, on_sqlite
from bench.peers import QUICK, Scale
from bench.table import Figure
from gateway import fingerprints
from gateway.config_files import config_files
from normalizer.fingerprint import Fingerprints
from normalizer.match import compare
from normalizer.report import Complaint
from normalizer.rules import read_rules
from normalizer.text import clean

BATCH = 64
ASKED = 2_048
# Of these is told how long one takes that is asked alone.
ALONE = 512
QUICK_STORED, STORED = (20_000,), (100_000, 1_000_000)
TARGETS = {100_000: 2_000, 1_000_000: 1_000}
SLOWEST = 0.010
SMALL_RECALL, RECALL, PRECISION = 0.98, 0.94, 0.99

Edit = Callable[[str, random.Random], str]


#: Of a message its kind, whether it joined what it repeats, and whether it joined another.
Found = tuple[str, bool, bool]


async def matching(scale: Scale) -> list[Figure]:
    """Every figure, against as many stored reports as the run has time for."""
    sizes = QUICK_STORED if scale.rows <= QUICK.rows else STORED
    return [figure for stored in sizes for figure in measured(stored)]


def measured(stored: int) -> list[Figure]:
    """Every figure against so many stored reports in SQLite."""
    made = Fingerprints(bytes(32))
    with on_sqlite(stored, made) as table:
        return _figures(f"matching against {stored:,}", table, made)


def measured_on_postgres(scale: Scale) -> list[Figure]:
    """The same in PostgreSQL."""
    stored = (QUICK_STORED if scale.rows <= QUICK.rows else STORED)[0]
    made = Fingerprints(bytes(32))
    with on_postgres(stored, made) as table:
        return _figures(f"matching against {stored:,} on PostgreSQL", table, made)


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
    table: Filled, made: Fingerprints, asked: Sequence[tuple[str, str, int]], *, batch: int
) -> Iterator[tuple[Found, float]]:
    """What came of each message, and how long that took."""
    for start in range(0, len(asked), batch):
        chunk = asked[start : start + batch]
        began = table.clock()
        keys = [made.of_words(text) for _, text, _ in chunk]
        alike = fingerprints.alike(table.tx, keys, since=0)
        share = (table.clock() - began) / len(chunk)
        for (name, text, expected), numbers in zip(chunk, alike, strict=True):
            # Inventing a neighbour again is not matching.
            known = [(number, Complaint(text=report(number))) for number in numbers]
            began = table.clock()
            said = Complaint(text=text)
            same = [number for number, other in known if compare(said, other).relation == "same"]
            found = (name, expected in same, any(number != expected for number in same))
            yield found, share + table.clock() - began


def _figures(what: str, table: Filled, made: Fingerprints) -> list[Figure]:
    asked = _asked(table.stored)
    found, seconds = zip(*_ask(table, made, asked, batch=BATCH), strict=True)
    alone = sorted(took for _, took in _ask(table, made, asked[:ALONE], batch=1))
    small = [right for name, right, _ in found if name in SMALL]
    edits = [right for name, right, _ in found if name in EDITS]
    joined = sum(right or wrong for _, right, wrong in found)
    precision = 1 - sum(wrong for _, _, wrong in found) / joined
    rate, slow = len(found) / sum(seconds), alone[len(alone) * 99 // 100]
    wanted = TARGETS[min(size for size in TARGETS if size >= table.stored)]
    return [
        _figure(f"{what}: messages a second, CPU", f"{rate:,.0f}/s", rate / wanted, f"≥ {wanted}"),
        _figure(f"{what}: p99, alone", f"{slow * 1000:.1f} ms", SLOWEST / slow, "≤ 10 ms"),
        _shared(f"{what}: small edits found", sum(small) / len(small), SMALL_RECALL),
        _shared(f"{what}: all edits found", sum(edits) / len(edits), RECALL),
        _shared(f"{what}: precision", precision, PRECISION),
        Figure(name=f"{what}: index, bytes a message", ours=f"{table.bytes / table.stored:.0f}"),
    ]


def _figure(name: str, ours: str, ratio: float, target: str) -> Figure:
    return Figure(name=name, ours=ours, ratio=ratio, target=target, met=ratio >= 1)


def _shared(name: str, share: float, wanted: float) -> Figure:
    ours, target = f"{share:.3f}", f"≥ {wanted:g}"
    return Figure(name=name, ours=ours, ratio=share, target=target, met=share >= wanted)
