"""
The life of an outbox row: all SQL that moves a row of `outbox` on (outbox_desk.py looks).

    pending ▶ delivered │ pending (later) │ uncertain (ask before sending again) │ parked

There is no "sending" state: a claim moves `due` ahead and names an owner, so a dead worker's rows
come back, marked `interrupted`. To a store that knows our key such a row is pushed again. An SMS or
mail is never sent twice by itself: a reply that may have left becomes uncertain, waits
`uncertain_wait` for a delivery report, and is then parked "uncertain: may have been sent".
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import msgspec

from channels.contract import Receipt
from forwarder.item import Change, Item, Result, Rules, change
from forwarder.ports import Row, Transaction, Vault

CENTRAL = "central:"
CHANNEL = "channel:"
# Due rows looked at together; more pages are read only where lanes are held up.
PAGE = 64
# No wait is longer than this; what is due later was written while the clock was wrong.
HORIZON_MS = 24 * 3600 * 1000
# Nobody parks, retries and overtakes a record within this time.
YOUNG_MS = 60_000

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
# Three small statements instead of one with a condition on the lane: PostgreSQL would read and sort
# the whole backlog for each claim. Once first of its lane, a row stays that until it is settled.
DUE = """
select due, id, lane, state from outbox
where target = :target and state in ('pending', 'uncertain') and due <= :now
  and (due, id) > (:due, :id)
order by due, id limit :limit
"""
NEWEST = """
select due, id, lane, state from outbox
where target = :target and state in ('pending', 'uncertain') and due <= :now
order by due desc, id desc limit :limit
"""
FIRST = """
select lane, min(id) from outbox
where target = :target and lane {among:lanes} and state in ('pending', 'uncertain')
  and (state = 'pending' or :resend)
group by lane
"""
TAKE = """
select id, record_id, kind, revision, target, lane, data_key, attempts, created_at, state, owner
from outbox
where id {among:ids} and state in ('pending', 'uncertain') and due <= :now
order by due, id {lock}
"""
BODIES = "select id, body from outbox_bodies where id {among:ids}"
KNOWN_AS = """
select record_id, revision, reference from outbox
where target = :target and record_id {among:record_ids} and kind = 'record' and state = 'delivered'
order by revision
"""
LEASE = "update outbox set owner = :owner, due = :until where id {among:ids}"
SETTLE = """
update outbox set state = :state, due = :due, attempts = :attempts, owner = null,
    reason = :reason, reference = :reference, settled_at = :settled_at
where id {among:ids} and owner = :owner and state in ('pending', 'uncertain') returning id
"""
BRING_FORWARD = """
update outbox set due = :now
where record_id {among:record_ids} and kind = 'receipt' and state = 'pending' and owner is null
  and attempts = 0 and due > :now
"""
RELEASE = """
update outbox set due = :now
where state in ('pending', 'uncertain')
  and (due > :horizon or (owner is not null and substr(owner, 1, :length) = :prefix))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a worker asks for."""

    target: str
    owner: str
    limit: int
    lease_ms: int
    #: The other side knows our keys, so sending again does no harm.
    resend: bool
    #: Begin with what came last: after a long absence of the other side nobody new waits for all
    #: that is older.
    newest: bool = False


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


def claim(tx: Transaction, wanted: Claim, now: int) -> list[Item]:
    """Take due rows, those due longest or shortest first, and at most one of each lane."""
    first = _newest_of_lanes(tx, wanted, now) if wanted.newest else []
    first = first or _first_of_lanes(tx, wanted, now)
    rows = tx.all(TAKE, ids=first, now=now) if first else []
    ids = [row[0] for row in rows]
    if not ids:
        return []
    tx.run(LEASE, ids=ids, owner=wanted.owner, until=now + wanted.lease_ms)
    bodies: dict[int, bytes] = dict(tx.all(BODIES, ids=ids))
    items = [_item(row, bytes(bodies[row[0]]), wanted.owner) for row in rows]
    return _referred(tx, items, wanted.target, now)


def settle(tx: Transaction, results: Sequence[Result], rules: Rules, now: int) -> Counter[str]:
    """
    Write outcomes down with what follows from them; how many rows went into which state.

    A row another worker took over meanwhile, or a delivery report settled, is left alone.
    """
    counts: Counter[str] = Counter()
    taken: list[Item] = []
    ended: list[Result] = []
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
        bring_forward(tx, [item.record_id for item in taken], now)
    if ended:
        rules.on_ended(tx, ended, now)
    return counts


def bring_forward(tx: Transaction, record_ids: Sequence[str], now: int) -> None:
    """Let receipts go out at once that were waiting for the central store."""
    tx.run(BRING_FORWARD, record_ids=list(record_ids), now=now)


def release(tx: Transaction, now: int, owner_prefix: str = "") -> int:
    """
    Give back what dead workers hold; without a prefix, only for the only process there is.

    The owner stays written, so that the next claim knows the row was interrupted.
    """
    return tx.run(
        RELEASE, now=now, horizon=now + HORIZON_MS, prefix=owner_prefix, length=len(owner_prefix)
    )


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


def _newest_of_lanes(tx: Transaction, wanted: Claim, now: int) -> list[int]:
    """What came last and is held up by nothing older, as far as one page tells."""
    page = tx.all(NEWEST, target=wanted.target, now=now, limit=max(wanted.limit, PAGE))
    lanes = sorted({row[2] for row in page})
    rows = tx.all(FIRST, target=wanted.target, lanes=lanes, resend=wanted.resend) if page else []
    first = {row[0]: row[1] for row in rows}
    return [row[1] for row in page if first.get(row[2]) == row[1]][: wanted.limit]


def _first_of_lanes(tx: Transaction, wanted: Claim, now: int) -> list[int]:
    """Due rows that no earlier row of their lane holds up, page by page."""
    found: list[int] = []
    first: dict[str, int] = {}
    size = max(wanted.limit, PAGE)
    last = (-1, -1)
    while len(found) < wanted.limit:
        due, id_ = last
        page = tx.all(DUE, target=wanted.target, now=now, due=due, id=id_, limit=size)
        if not page:
            break
        lanes = sorted({row[2] for row in page} - first.keys())
        rows = tx.all(FIRST, target=wanted.target, lanes=lanes, resend=wanted.resend)
        first |= dict.fromkeys(lanes, 0) | {row[0]: row[1] for row in rows}
        # An uncertain reply was probably sent: it holds up no later one, nor they it.
        found += [
            id_
            for _, id_, lane, state in page
            if first[lane] == id_ or (state == "uncertain" and not wanted.resend)
        ]
        last, size = page[-1][:2], size * 2
    return found[: wanted.limit]


def _referred(tx: Transaction, items: list[Item], target: str, now: int) -> list[Item]:
    """
    What follows on a record tells the store which one, in the store's own word.

    So does a first revision that was parked and is tried again after a later one.
    """
    following = {one.record_id for one in items if _may_follow(one, now)}
    if not following or not target.startswith(CENTRAL):
        return items
    known: dict[str, tuple[int, str]] = {}
    for record_id, revision, reference in tx.all(
        KNOWN_AS, target=target, record_ids=sorted(following)
    ):
        known[record_id] = (revision, reference or known.get(record_id, (0, ""))[1])
    return [
        msgspec.structs.replace(
            one, known=known[one.record_id][0], reference=known[one.record_id][1]
        )
        if one.record_id in known
        else one
        for one in items
    ]


def _may_follow(item: Item, now: int) -> bool:
    return item.revision > 1 or item.kind == "comment" or item.created_at < now - YOUNG_MS


def _item(row: Row, body: bytes, owner: str) -> Item:
    id_, record_id, kind, revision, target, lane, data_key, *rest = row
    attempts, created_at, state, previous_owner = rest
    return Item(
        id=id_,
        record_id=record_id,
        kind=kind,
        revision=revision,
        target=target,
        lane=lane,
        body=body,
        data_key=None if data_key is None else bytes(data_key),
        attempts=attempts,
        created_at=created_at,
        state=state,
        owner=owner,
        interrupted=previous_owner is not None,
    )


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
