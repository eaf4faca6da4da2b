"""
What a complaint is found by among all earlier ones: all SQL on the table `fingerprints`.

One row a key, some fourteen a record; all of a row is in the one index. A key that many records
have gives its newest alone, so no look-up grows with the table. What a batch of messages asks is
asked at once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from forwarder.ports import Transaction

# Records one key gives, one message is compared with, and of those found by a single key.
MOST_OF_A_KEY = 16
MOST = 48
MOST_BY_ONE_KEY = 4

COLUMNS = ("key", "received_at", "number")
ALIKE = """
select f.key, f.number, f.received_at from {each:keys} join fingerprints f
on f.key = asked.value and f.received_at >= coalesce((
    select g.received_at from fingerprints g
    where g.key = asked.value and g.received_at >= :since
    order by g.received_at desc limit 1 offset :most
), :since)
"""


def put(tx: Transaction, rows: Sequence[tuple[int, int, Sequence[int]]]) -> None:
    """Let records be found: each one's number, when it was received, and its keys."""
    # In the order of the index: keys are random, and each of its pages is looked for once.
    found = sorted((key, received, number) for number, received, keys in rows for key in keys)
    tx.insert("fingerprints", COLUMNS, found)


def alike(tx: Transaction, asked: Sequence[Sequence[int]], *, since: int) -> list[list[int]]:
    """For each message's keys the numbers of records that share some, the most alike first."""
    keys = {key for each in asked for key in each}
    if not keys:
        return [[] for _ in asked]
    found: dict[int, list[tuple[int, int]]] = {}
    for key, number, received in tx.all(
        ALIKE, keys=sorted(keys), since=since, most=MOST_OF_A_KEY - 1
    ):
        found.setdefault(key, []).append((number, received))
    return [ranked(each, found) for each in asked]


def ranked(keys: Sequence[int], found: Mapping[int, Sequence[tuple[int, int]]]) -> list[int]:
    """Who shares the first key, then who shares most, then the newest."""
    shared: Counter[int] = Counter()
    received: dict[int, int] = {}
    for place, key in enumerate(dict.fromkeys(keys)):
        for number, at in found.get(key, ()):
            shared[number] += 1 if place else len(keys)
            received[number] = at
    order = sorted(shared, key=lambda number: (-shared[number], -received[number]))
    several = [number for number in order if shared[number] > 1]
    single = order[len(several) : len(several) + MOST_BY_ONE_KEY]
    return (several + single)[:MOST]
