"""
Anchors: signed statements of where the journal's chains end, kept where the gateway cannot reach.

A chain shows every change but one: its end cut off, or all of it written anew. Whoever holds an
anchor can show that too. An anchor also has the root of a hash tree over the rows since the one
before, so a single row can be shown to be among them without the others. Where the audit trail ends
is signed along with them. All SQL on `anchors`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from forwarder.ports import Transaction
from gateway.access import trail
from gateway.chain import Head, chains, journal_id, last_head
from gateway.merkle import path_to, root_of
from gateway.naming import moment
from gateway.signing import Signer, read_signed

LAST = "select sequence, document, heads from anchors order by sequence desc limit 1"
ALL = "select document from anchors order by sequence"
HEADS = "select heads from anchors where sequence = :sequence"
DOCUMENT = "select document from anchors where sequence = :sequence"
DIGESTS = "select digest from journal where id > :after and id <= :upto order by id"
COLUMNS = ("sequence", "at", "document", "heads")


class ChainEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Where one chain ends, and what came since the anchor before."""

    chain: int
    position: int
    #: Hexadecimal.
    digest: str
    #: The position the anchor before had.
    since: int
    #: The root of the tree over the digests of rows `since` + 1 to `position`, hexadecimal.
    root: str

    @property
    def head(self) -> Head:
        """As the chain itself has it."""
        return Head(self.position, bytes.fromhex(self.digest))


class TrailEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Where the audit trail ends."""

    position: int
    #: Hexadecimal.
    digest: str

    @property
    def head(self) -> Head:
        """As the trail itself has it."""
        return Head(self.position, bytes.fromhex(self.digest))


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed."""

    schema: str = "lapor.anchor/1"
    sequence: int
    at: datetime
    chains: tuple[ChainEnd, ...]
    #: None in anchors of older programs.
    trail: TrailEnd | None = None


def drop(tx: Transaction, signer: Signer, now: int) -> tuple[int, bytes] | None:
    """Sign where the chains end and keep it under its number; None where nothing came since."""
    last = tx.one(LAST)
    before = _heads(last[2]) if last else {}
    ends = [_end(tx, number, before.get(str(number), 0)) for number in list(chains(tx))]
    told = trail.last_head(tx)
    same_trail = told.position == before.get(trail.NAME, 0)
    if same_trail and all(end.position == end.since for end in ends):
        return None
    sequence = last[0] + 1 if last else 1
    anchor = Anchor(
        sequence=sequence,
        at=moment(now),
        chains=tuple(ends),
        trail=TrailEnd(position=told.position, digest=told.digest.hex()),
    )
    document = signer.sign(anchor)
    heads = {str(end.chain): end.position for end in ends} | {trail.NAME: told.position}
    row = (sequence, now, document.decode(), msgspec.json.encode(heads).decode())
    # Two processes at the same moment: the second finds the number taken and drops none.
    return (sequence, document) if tx.insert("anchors", COLUMNS, [row]) else None


def kept(tx: Transaction) -> Iterator[bytes]:
    """Every anchor as it was signed, oldest first."""
    for (document,) in tx.all(ALL):
        yield document.encode()


def number(tx: Transaction) -> int:
    """How many anchors there are."""
    row = tx.one("select count(*) from anchors")
    return int(row[0]) if row else 0


def latest(tx: Transaction) -> tuple[int, int] | None:
    """The number of the last anchor and when it was dropped; None: none yet."""
    row = tx.one("select sequence, at from anchors order by sequence desc limit 1")
    return (row[0], row[1]) if row else None


def covering(tx: Transaction, chain: int, position: int) -> tuple[bytes, int, int] | None:
    """The first anchor a row is under, and the positions its tree is of; None: none yet."""
    # Numbers have no gaps and heads never fall: a year of anchors is a dozen questions.
    last = tx.one(LAST)
    numbers = range(1, last[0] + 1 if last else 1)
    at = bisect_left(numbers, position, key=lambda number: _reached(tx, number, chain))
    if at == len(numbers):
        return None
    found = tx.one(DOCUMENT, sequence=numbers[at])
    assert found  # noqa: S101 (its heads were just read)
    since, upto = _reached(tx, numbers[at] - 1, chain), _reached(tx, numbers[at], chain)
    return found[0].encode(), since, upto


def path(tx: Transaction, chain: int, position: int, *, since: int, upto: int) -> list[bytes]:
    """The way from one row to the root of the tree over the rows after `since`."""
    return path_to(_digests(tx, chain, since, upto), position - since - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Ends that were noted elsewhere: of the journal's chains, and of the audit trail."""

    chains: list[tuple[int, Head]] = field(default_factory=list)
    trail: list[Head] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.chains) + len(self.trail)


def heads_in(lines: Iterable[bytes], keys: frozenset[str]) -> Noted:
    """The ends that anchors tell of; NotSigned where one was signed by nobody known."""
    read = [read_signed(line, Anchor, keys) for line in lines if line.strip()]
    return Noted(
        chains=[(end.chain, end.head) for anchor in read for end in anchor.chains],
        trail=[anchor.trail.head for anchor in read if anchor.trail],
    )


def _end(tx: Transaction, chain: int, since: int) -> ChainEnd:
    head = last_head(tx, chain)
    return ChainEnd(
        chain=chain,
        position=head.position,
        digest=head.digest.hex(),
        since=since,
        root=root_of(_digests(tx, chain, since, head.position)).hex(),
    )


def _digests(tx: Transaction, chain: int, since: int, upto: int) -> list[bytes]:
    rows = tx.all(DIGESTS, after=journal_id(chain, since), upto=journal_id(chain, upto))
    return [bytes(row[0]) for row in rows]


def _reached(tx: Transaction, number: int, chain: int) -> int:
    """The position of a chain an anchor tells of; 0 before the first."""
    row = tx.one(HEADS, sequence=number)
    return _heads(row[0]).get(str(chain), 0) if row else 0


def _heads(text: str) -> dict[str, int]:
    return msgspec.json.decode(text, type=dict[str, int])
