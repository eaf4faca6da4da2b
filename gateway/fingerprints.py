"""
What a complaint is found by among all earlier ones: all SQL on the table `fingerprints`.

One row a key, some fourteen a record; all of a row is in the one index. A key that many records
have gives its newest alone, so no look-up grows with the table, and says the less the more there
are. What a batch of messages asks is asked at once; a key's records come as one text, which costs
half of what rows do.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import groupby, islice
from math import log2
from typing import TypeVar

from forwarder.ports import Transaction
from normalizer.fingerprint import Fingerprints, is_incident
from normalizer.record import Record

T = TypeVar("T", bound=Hashable)

# Records one key gives, one message is compared with, and of those that are an incident's newest.
MOST_OF_A_KEY = 16
MOST = 8
MOST_OF_AN_INCIDENT = 4
# Of those that share very many keys, and all the same: one form filled in for many places.
MOST_OF_A_FORM = 4
# What sharing a key says, by how many share it: 5 for one alone, 1 where there may be any number.
_SAYS = tuple(log2(2 * MOST_OF_A_KEY / max(1, many)) for many in range(MOST_OF_A_KEY + 1))
# A key of two records is enough, or two of a handful; and so much of what the most alike has.
ENOUGH = 3.6
_AS_ALIKE = 0.3
_VERY_MANY = 2 * ENOUGH
# Among the few of a batch every key is rare: two are wanted.
ENOUGH_OF_A_BATCH = 2 * ENOUGH

DROP = "delete from fingerprints where key {among:keys} and number = :number"
COLUMNS = ("key", "received_at", "number")
ALIKE = """
select asked.value, (
    select {joined:newest.number} from (
        select f.number from fingerprints f
        where f.key = asked.value and f.received_at >= :since
        order by f.received_at desc limit :most
    ) newest
) from {each:keys}
"""


def put(tx: Transaction, rows: Sequence[tuple[int, int, Sequence[int]]]) -> None:
    """Let records be found: each one's number, when it was received, and its keys."""
    # In the order of the index: keys are random, and each of its pages is looked for once.
    found = sorted((key, received, number) for number, received, keys in rows for key in keys)
    tx.insert("fingerprints", COLUMNS, found)


def keys_of(words: Fingerprints, record: Record) -> tuple[int, ...]:
    """What a record is found by."""
    code = record.place.code if record.place else None
    by_words = words.of_words(record.clean_text)
    return (*by_words, *words.of_incident(code, record.topic.value))


def drop(tx: Transaction, keys: Sequence[int], number: int | None) -> None:
    """Let a record be found no more."""
    if keys and number is not None:
        tx.run(DROP, keys=list(keys), number=number)


def alike(tx: Transaction, asked: Sequence[Sequence[int]], *, since: int) -> list[list[int]]:
    """For each message's keys the numbers of records that share some, the most alike first."""
    keys = {key for each in asked for key in each}
    if not keys:
        return [[] for _ in asked]
    rows = tx.all(ALIKE, keys=sorted(keys), since=since, most=MOST_OF_A_KEY)
    found: dict[int, list[str]] = {key: numbers.split(",") for key, numbers in rows if numbers}
    return [[int(number) for number in ranked(each, found)] for each in asked]


def ranked(
    keys: Sequence[int], found: Mapping[int, Collection[T]], *, enough: float = ENOUGH
) -> list[T]:
    """
    Who shares the first key, then who shares most of what few have, then the incident's newest.

    `found` has whom each key gives, the newest first.
    """
    shared: defaultdict[T, float] = defaultdict(float)
    equal: Collection[T] = ()
    incident: Collection[T] = ()
    for place, key in enumerate(keys):
        numbers = found.get(key, ())
        if is_incident(key):
            incident = tuple(islice(numbers, MOST_OF_AN_INCIDENT))
        elif not place:
            equal = numbers
        says = _SAYS[len(numbers)]
        for number in numbers:
            shared[number] += says
    if not shared:
        return []
    least = max(enough, _AS_ALIKE * max(shared.values()))
    several = [number for number, much in shared.items() if much >= least]
    several.sort(key=shared.__getitem__, reverse=True)
    forms = groupby(several, key=shared.__getitem__)
    few = [number for much, form in forms for number in islice(form, _most(much))]
    alike = list(dict.fromkeys([*islice(equal, MOST_OF_A_FORM), *few]))[:MOST]
    return list(dict.fromkeys([*alike, *incident]))


def _most(much: float) -> int:
    return MOST_OF_A_FORM if much > _VERY_MANY else MOST
