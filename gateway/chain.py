"""
The hash chain of the journal: how rows hang together, and how anybody can check it.

A row's digest covers the digest before it and the row's ciphertext, ids and time; a changed,
removed or swapped row no longer fits. Rows cut off at the end leave a whole chain, so its head is
noted elsewhere (`anchor`) and given to `verify`. Each writer has a chain of its own.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from forwarder.ports import Row, Transaction

# Room for a trillion rows in each chain.
CHAIN_BITS = 40
_HEAD = struct.Struct(">32sQQ").pack

NEXT = "select chain from journal where id >= :start order by id limit 1"
LAST = "select position, digest from journal where chain = :chain order by id desc limit 1"
WALK = """
select chain, position, channel, external_id, received_at, payload, digest from journal
where id > :after order by id limit 500
"""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends."""

    position: int
    digest: bytes

    def anchor(self, chain: int) -> str:
        """The head in one word, to be kept elsewhere and given to `verify --against`."""
        return f"{chain}:{self.position}:{self.digest.hex()}"


def journal_id(chain: int, position: int) -> int:
    """One number for a journal row, ordered within its chain."""
    return chain << CHAIN_BITS | position


def chain_of(id_: int) -> int:
    """The chain of a journal row."""
    return id_ >> CHAIN_BITS


def link(before: bytes, ids: tuple[str, str, int], payload: bytes) -> bytes:
    """
    The digest of a row: SHA-256 over the digest before and the row, lengths first.

    `ids` are channel, external id and time of arrival.
    """
    channel, external_id, received_at = ids
    named = f"{channel}\0{external_id}\0{received_at}".encode()
    digest = hashlib.sha256(_HEAD(before, len(named), len(payload)) + named)
    digest.update(payload)
    return digest.digest()


def genesis(chain: int) -> Head:
    """The head of an empty chain."""
    return Head(0, hashlib.sha256(b"lapor journal %d" % chain).digest())


def last_head(tx: Transaction, chain: int) -> Head:
    """The head of a chain as the table has it."""
    row = tx.one(LAST, chain=chain)
    return Head(row[0], row[1]) if row else genesis(chain)


def chains(tx: Transaction) -> Iterator[int]:
    """The chains there are, without reading them."""
    chain = -1
    while (row := tx.one(NEXT, start=journal_id(chain + 1, 0))) and row[0] is not None:
        chain = row[0]
        yield chain


def walk(tx: Transaction, after: int = 0) -> Iterator[Row]:
    """Every row after a journal id, in order, a page at a time."""
    while rows := tx.all(WALK, after=after):
        yield from rows
        after = journal_id(rows[-1][0], rows[-1][1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a walk along the chains found."""

    rows: int
    heads: dict[int, Head]
    #: One sentence about the first row that does not fit; None when all do.
    broken: str | None


def verify(
    tx: Transaction,
    *,
    against: Iterable[tuple[int, Head]] = (),
    seen: Callable[[int], None] = lambda _: None,
) -> Verdict:
    """
    Walk every chain and say the first row that does not fit.

    `against` are ends of chains noted earlier: each chain must still pass them, which finds rows
    cut off at the end or a chain written anew.
    """
    heads: dict[int, Head] = {}
    wanted = {(chain, head.position): head for chain, head in against if head != genesis(chain)}
    rows = 0
    for chain, position, channel, external_id, received_at, payload, digest in walk(tx):
        head = heads.get(chain) or genesis(chain)
        if position != head.position + 1:
            return _broken(rows, heads, f"row {chain}:{head.position + 1} is missing")
        ids = (channel, external_id, received_at)
        if link(head.digest, ids, bytes(payload)) != digest:
            return _broken(rows, heads, f"row {chain}:{position} was changed")
        heads[chain] = Head(position, digest)
        noted = wanted.pop((chain, position), None)
        if noted is not None and noted != heads[chain]:
            return _broken(
                rows, heads, f"chain {chain} was written anew: row {position} is not the one noted"
            )
        rows += 1
        seen(rows)
    if wanted:
        chain, position = min(wanted)
        return _broken(
            rows,
            heads,
            f"chain {chain} does not reach row {position} any more: its end was cut off",
        )
    return Verdict(rows=rows, heads=heads, broken=None)


def read_head(noted: str) -> tuple[int, Head]:
    """The chain and its end from `Head.anchor`; raises ValueError."""
    chain, position, digest = noted.split(":")
    return int(chain), Head(int(position), bytes.fromhex(digest))


def _broken(rows: int, heads: dict[int, Head], sentence: str) -> Verdict:
    return Verdict(rows=rows, heads=heads, broken=sentence)
