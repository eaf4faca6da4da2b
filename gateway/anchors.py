"""
Anchors: signed statements of where the journal's chains end, kept where the gateway cannot reach.

A chain shows every change but one: its end cut off, or all of it written anew. Whoever holds an
anchor can show that too. An anchor also has the root of a hash tree over the rows since the one
before, so a single row can be shown to be among them without the others. All SQL on `anchors`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from forwarder.ports import Transaction
from gateway.chain import Head, chains, journal_id, last_head
from gateway.merkle import path_to, root_of
from gateway.naming import moment
from gateway.signing import Signer, read_signed

LAST = "select sequence, document, heads from anchors order by sequence desc limit 1"
ALL = "select document, heads from anchors order by sequence"
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


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed."""

    schema: str = "lapor.anchor/1"
    sequence: int
    at: datetime
    chains: tuple[ChainEnd, ...]


def drop(tx: Transaction, signer: Signer, now: int) -> tuple[int, bytes] | None:
    """Sign where the chains end and keep it under its number; None where nothing came since."""
    last = tx.one(LAST)
    before = _heads(last[2]) if last else {}
    ends = [_end(tx, number, before.get(number, 0)) for number in list(chains(tx))]
    if all(end.position == end.since for end in ends):
        return None
    sequence = last[0] + 1 if last else 1
    anchor = Anchor(sequence=sequence, at=moment(now), chains=tuple(ends))
    document = signer.sign(anchor)
    heads = {str(end.chain): end.position for end in ends}
    row = (sequence, now, document.decode(), msgspec.json.encode(heads).decode())
    # Two processes at the same moment: the second finds the number taken and drops none.
    return (sequence, document) if tx.insert("anchors", COLUMNS, [row]) else None


def kept(tx: Transaction) -> Iterator[bytes]:
    """Every anchor as it was signed, oldest first."""
    for document, _ in tx.all(ALL):
        yield document.encode()


def number(tx: Transaction) -> int:
    """How many anchors there are."""
    row = tx.one("select count(*) from anchors")
    return int(row[0]) if row else 0


def covering(tx: Transaction, chain: int, position: int) -> tuple[bytes, int, int] | None:
    """The first anchor a row is under, and the positions its tree is of; None: none yet."""
    since = 0
    for document, heads in tx.all(ALL):
        reached = _heads(heads).get(chain, 0)
        if position <= reached:
            return document.encode(), since, reached
        since = reached
    return None


def path(tx: Transaction, chain: int, position: int, *, since: int, upto: int) -> list[bytes]:
    """The way from one row to the root of the tree over the rows after `since`."""
    return path_to(_digests(tx, chain, since, upto), position - since - 1)


def heads_in(lines: Iterable[bytes], keys: frozenset[str]) -> list[tuple[int, Head]]:
    """The ends of chains that anchors tell of; NotSigned where one was signed by nobody known."""
    read = [read_signed(line, Anchor, keys) for line in lines if line.strip()]
    return [(end.chain, end.head) for anchor in read for end in anchor.chains]


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


def _heads(text: str) -> dict[int, int]:
    return {int(chain): position for chain, position in msgspec.json.decode(text).items()}
