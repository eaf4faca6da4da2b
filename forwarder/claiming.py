"""
Which outbox rows a worker takes next: due ones, oldest or newest first, and one of each lane.

A claim moves `due` ahead and names an owner; what becomes of the row is in outbox.py. An earlier
row of a lane holds up the later ones, so that nothing about a case overtakes what came before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from forwarder.item import Item
from forwarder.outbox import CENTRAL
from forwarder.ports import Row, Transaction

# Due rows looked at together; more pages are read only where lanes are held up.
PAGE = 64
# Nobody parks, retries and overtakes a record within this time.
YOUNG_MS = 60_000


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
  and (owner is null or not owner {among:living})
order by due, id {lock}
"""
BODIES = "select id, body from outbox_bodies where id {among:ids}"
KNOWN_AS = """
select record_id, revision, reference from outbox
where target = :target and record_id {among:record_ids} and kind = 'record' and state = 'delivered'
order by revision
"""
LEASE = "update outbox set owner = :owner, due = :until where id {among:ids}"


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
    #: Owners on other machines that live: their rows are theirs, whatever our clock says.
    living: Sequence[str] = ()


def claim(tx: Transaction, wanted: Claim, now: int) -> list[Item]:
    """Take due rows, those due longest or shortest first, and at most one of each lane."""
    first = _newest_of_lanes(tx, wanted, now) if wanted.newest else []
    first = first or _first_of_lanes(tx, wanted, now)
    rows = tx.all(TAKE, ids=first, now=now, living=list(wanted.living)) if first else []
    ids = [row[0] for row in rows]
    if not ids:
        return []
    tx.run(LEASE, ids=ids, owner=wanted.owner, until=now + wanted.lease_ms)
    bodies: dict[int, bytes] = dict(tx.all(BODIES, ids=ids))
    items = [_item(row, bytes(bodies[row[0]]), wanted.owner) for row in rows]
    return _referred(tx, items, wanted.target, now)


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
