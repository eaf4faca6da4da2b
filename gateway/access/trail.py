"""
The audit trail: who saw or changed what, in a hash chain of its own. All SQL on `audit`.

Each entry's digest covers the digest before it, so an entry that was changed, removed or put in
between no longer fits, and anchors hold the chain's end elsewhere. Whoever writes an entry moves
the one row of `trail_head` first: on PostgreSQL others wait there until that commit, on SQLite
there is one writer anyway.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from forwarder.ports import Row, Transaction
from gateway.chain import Head, link
from normalizer.codes import find_case_code

#: Stands before a head that is noted elsewhere, where a journal chain has its number.
NAME = "trail"
GENESIS = Head(0, bytes(32))
PAGE = 500

MOVE = "update trail_head set position = position + 1 returning position, digest"
HEAD = "select position, digest from trail_head"
KEEP = "update trail_head set digest = :digest"
ENTER = """
insert into audit (at, who, what, about, position, digest)
values (:at, :who, :what, :about, :position, :digest)
"""
BEGIN = "insert into trail_head (position, digest) values (:position, :digest)"
WALK = """
select position, at, who, what, about, digest from audit
where position > :after order by position limit :limit
"""
OUTSIDE = "select min(id) from audit where position is null"
UNCHAINED = "select id, at, who, what from audit where position is null order by id limit 500"
CHAIN = "update audit set position = :position, digest = :digest, about = :about where id = :id"


def enter(tx: Transaction, *, who: str, what: str, now: int, case: str = "") -> None:
    """
    Write down who did what at `now`, within the transaction that does it.

    `case` is the code of the case it is about; empty: the first code that stands in `what`.
    """
    # PostgreSQL has no place for it, and an entry stays as it is for ever.
    who, what = who.replace("\0", "\ufffd"), what.replace("\0", "\ufffd")
    [(position, before)] = tx.all(MOVE)
    about = case or find_case_code(what)
    digest = _linked(bytes(before), now, who, what, about)
    tx.run(ENTER, at=now, who=who, what=what, about=about, position=position, digest=digest)
    tx.run(KEEP, digest=digest)


def chain_what_is_there(tx: Transaction) -> None:
    """Begin the chain with the entries of older programs, oldest first; for the migration."""
    head = GENESIS
    while rows := tx.all(UNCHAINED):
        changes: list[dict[str, object]] = []
        for id_, at, who, what in rows:
            about = find_case_code(what)
            head = Head(head.position + 1, _linked(head.digest, at, who, what, about))
            changes.append(
                {"id": id_, "position": head.position, "digest": head.digest, "about": about}
            )
        tx.many(CHAIN, changes)
    tx.run(BEGIN, position=head.position, digest=head.digest)


def last_head(tx: Transaction) -> Head:
    """Where the trail ends."""
    row = tx.one(HEAD)
    return Head(row[0], bytes(row[1])) if row else GENESIS


def anchor(head: Head) -> str:
    """A head in one word, to be kept elsewhere and given to `verify --against`."""
    return f"{NAME}:{head.position}:{head.digest.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a walk along the trail found."""

    head: Head
    #: One sentence about the first entry that does not fit; None when all do.
    broken: str | None


def verify(tx: Transaction, against: Iterable[Head] = ()) -> Verdict:
    """Walk the trail and say the first entry that does not fit; `against` was noted earlier."""
    noted = {head.position: head.digest for head in against if head.position}
    head = GENESIS
    for position, at, who, what, about, digest in _walk(tx):
        if position != head.position + 1:
            return Verdict(head=head, broken=f"trail entry {head.position + 1} is missing")
        if _linked(head.digest, at, who, what, about) != bytes(digest):
            return Verdict(head=head, broken=f"trail entry {position} was changed")
        head = Head(position, bytes(digest))
        if noted.pop(position, head.digest) != head.digest:
            broken = f"the trail was written anew: entry {position} is not the one noted"
            return Verdict(head=head, broken=broken)
    return Verdict(head=head, broken=_beyond(tx, head, noted))


def _beyond(tx: Transaction, head: Head, noted: dict[int, bytes]) -> str | None:
    """What is wrong behind the last entry that fits."""
    reached = max([*noted, last_head(tx).position])
    if reached != head.position:
        return f"the trail does not reach entry {reached} any more: its end was cut off"
    if last_head(tx) != head:
        return f"trail entry {head.position} was changed"
    outside = tx.one(OUTSIDE)
    if outside and outside[0] is not None:
        return f"an entry stands outside the trail's chain: row {outside[0]} of audit"
    return None


def _walk(tx: Transaction) -> Iterator[Row]:
    after = 0
    while rows := tx.all(WALK, after=after, limit=PAGE):
        yield from rows
        after = rows[-1][0]


def _linked(before: bytes, at: int, who: str, what: str, about: str) -> bytes:  # noqa: PLR0917
    return link(before, (who, about, at), what.encode())
