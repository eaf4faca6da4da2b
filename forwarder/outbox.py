"""
The life of an outbox row: how it is put down and settled (claiming.py takes it in hand).

    pending ▶ delivered │ pending (later) │ uncertain (ask before sending again) │ parked

There is no "sending" state: a claim moves `due` ahead and names an owner, so a dead worker's rows
come back, marked `interrupted`. To a store that knows our key such a row is pushed again. An SMS or
mail is never sent twice by itself: a reply that may have left becomes uncertain, waits
`uncertain_wait` for a delivery report, and is then parked "uncertain: may have been sent".
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import msgspec

from channels.contract import Receipt
from forwarder.item import Change, Item, Result, Rules, change
from forwarder.ports import Transaction, Vault

CENTRAL = "central:"
CHANNEL = "channel:"
# No wait is longer than this; what is due later was written while the clock was wrong.
HORIZON_MS = 24 * 3600 * 1000
PAIRS = ["".join(two) for two in product("abcdefghijklmnopqrstuvwxyz234567", repeat=2)]

COLUMNS = (
    "record_id",
    "kind",
    "revision",
    "target",
    "lane",
    "data_key",
    "due",
    "created_at",
    "reply_id",
)
# What no two rows have in common.
NAME = ("record_id", "kind", "revision", "target")
SETTLE = """
update outbox set state = :state, due = :due, attempts = :attempts, owner = null,
    reason = :reason, reference = :reference, settled_at = :settled_at
where id {among:ids} and owner = :owner and state in ('pending', 'uncertain') returning id
"""
BRING_FORWARD = """
update outbox set due = :now
where record_id {among:record_ids} and kind = 'receipt' and state = 'pending' and owner is null
  and attempts = 0 and due > :now returning target
"""
RELEASE = """
update outbox set due = :now
where state in ('pending', 'uncertain')
  and (due > :horizon or (owner is null and created_at > :now)
    or (owner is not null and substr(owner, 1, :length) = :prefix))
"""
# What was put down while the clock was ahead keeps the wait it had. What may have been sent keeps
# its time, which is in what is sent: a store that knows the key would see another body.
PULL_IN = """
update outbox set due = due - (created_at - :now), created_at = :now
where state = 'pending' and due > :now and created_at > :now and attempts = 0 and owner is null
"""
TARGETS = """
select distinct record_id, target from outbox
where record_id {among:record_ids} and kind = 'record'
"""
REWIND = """
update outbox set due = due - :by
where target = :target and state in ('pending', 'uncertain') and owner is null and due > :now
"""


class Sealed(msgspec.Struct, frozen=True):
    """An entry ready to be written; a struct, because it travels between processes."""

    #: Its values in the order of `COLUMNS`.
    row: tuple[Any, ...]
    body: bytes

    @property
    def target(self) -> str:
        """Where it goes."""
        return str(self.row[3])

    @property
    def due(self) -> int:
        """When, in milliseconds."""
        return int(self.row[6])


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be delivered, as the pipeline writes it down."""

    record_id: str
    #: record, receipt, status, help, …
    kind: str
    revision: int
    #: 'central:<name>' or 'channel:<name>'.
    target: str
    #: Entries of one lane and target go out one at a time and in the order they were put.
    lane: str
    body: bytes
    due: int
    #: The body and its data key, where it stands sealed elsewhere already.
    sealed: tuple[bytes, bytes] | None = None


def reply_id(entry: Entry | Item) -> str:
    """The name of a reply outside: 26 characters a-z2-7, fit for a mail address or a URL."""
    return _reply_id(f"{entry.record_id}\n{entry.kind}\n{entry.revision}\n{entry.target}")


# Asked when the answer is worded and again when its row is written.
@lru_cache(maxsize=256)
def _reply_id(key: str) -> str:
    """128 bits of hash in base 32, as base64.b32encode spells it at ten times the cost."""
    digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
    bits = int.from_bytes(digest) << 2
    return "".join([PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def put(tx: Transaction, vault: Vault, entries: Sequence[Entry], now: int) -> None:
    """Write entries down, sealed; one that is known by (record, kind, revision, target) stays."""
    put_sealed(tx, seal(vault, entries, now))


def seal(vault: Vault, entries: Sequence[Entry], now: int) -> list[Sealed]:
    """What `put_sealed` writes, made apart from it where the writer has better things to do."""
    return [_sealed(vault, entry, now) for entry in entries]


def put_sealed(tx: Transaction, rows: Sequence[Sealed]) -> None:
    """Write entries down that were sealed before."""
    new = tx.insert_new("outbox", COLUMNS, [one.row for one in rows], ("id", *NAME))
    # Of two entries of one name the first went in.
    bodies = {one.row[: len(NAME)]: one.body for one in reversed(rows)}
    tx.insert("outbox_bodies", ("id", "body"), [(row[0], bodies[row[1:]]) for row in new])


def settle(
    tx: Transaction, results: Sequence[Result], rules: Rules, now: int
) -> tuple[Counter[str], set[str]]:
    """
    Write outcomes down with what follows from them.

    How many rows went into which state, and the targets that have something due now by it.

    A row another worker took over meanwhile, or a delivery report settled, is left alone.
    """
    counts: Counter[str] = Counter()
    taken: list[Item] = []
    ended: list[Result] = []
    due: set[str] = set()
    for values, alike in _alike(results, rules, now):
        ids = [result.item.id for result in alike]
        held = {row[0] for row in tx.all(SETTLE, ids=ids, **msgspec.structs.asdict(values))}
        counts.update(values.state for _ in held)
        for result in alike:
            if result.item.id in held and _is_taken(result):
                taken.append(result.item)
            elif result.item.id in held and values.settled_at is not None:
                ended.append(result)
    if taken:
        rules.on_delivered(tx, taken, now)
        due = bring_forward(tx, [item.record_id for item in taken], now)
    if ended:
        rules.on_ended(tx, ended, now)
    return counts, due


def bring_forward(tx: Transaction, record_ids: Sequence[str], now: int) -> set[str]:
    """Let receipts go out at once that were waiting for the central store; by which targets."""
    return {row[0] for row in tx.all(BRING_FORWARD, record_ids=list(record_ids), now=now)}


def release(tx: Transaction, now: int, owner_prefix: str = "") -> int:
    """
    Give back what dead workers hold; without a prefix, only for the only process there is.

    The owner stays written, so that the next claim knows the row was interrupted.
    """
    pull_in(tx, now)
    return tx.run(
        RELEASE, now=now, horizon=now + HORIZON_MS, prefix=owner_prefix, length=len(owner_prefix)
    )


def pull_in(tx: Transaction, now: int) -> None:
    """Let what a clock that was ahead put down wait from now on, unless it may have been sent."""
    tx.run(PULL_IN, now=now)


def targets_of(tx: Transaction, record_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Where revisions of these records were sent or are to be sent, as (record, target)."""
    return {(row[0], row[1]) for row in tx.all(TARGETS, record_ids=list(record_ids))}


def rewind(tx: Transaction, target: str, by: int, now: int) -> None:
    """Move waiting rows when the wall clock was set back by so many milliseconds."""
    tx.run(REWIND, target=target, by=by, now=now)


def _sealed(vault: Vault, entry: Entry, now: int) -> Sealed:
    body, data_key = entry.sealed or vault.seal(entry.body)
    name = reply_id(entry) if entry.target.startswith(CHANNEL) else None
    key = (entry.record_id, entry.kind, entry.revision, entry.target)
    return Sealed(row=(*key, entry.lane, data_key, entry.due, now, name), body=body)


def _alike(
    results: Sequence[Result], rules: Rules, now: int
) -> Iterable[tuple[Change, list[Result]]]:
    """Results whose rows change in the same way, so that one statement changes them."""
    groups: dict[Change, list[Result]] = {}
    for result in results:
        groups.setdefault(change(result, rules, now), []).append(result)
    return groups.items()


def _is_taken(result: Result) -> bool:
    is_record = result.item.kind == "record" and result.item.target.startswith(CENTRAL)
    return is_record and isinstance(result.outcome, Receipt)
