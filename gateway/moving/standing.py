"""What can be said of an office as a whole: its chains, its trail, where each message is."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from forwarder.ports import Transaction, Vault
from gateway import chain
from gateway.access import trail
from gateway.chain import Head
from gateway.reconcile import Account, reconcile, total
from gateway.store import StoreError

AT = "select digest from journal where id = :id"
TRAIL_AT = "select digest from audit where position = :position"
#: Something sealed of each kind, with its data key: the oldest and the newest message among it.
SEALED = (
    "select payload, data_key from journal where data_key is not null order by id limit 1",
    "select payload, data_key from journal where data_key is not null order by id desc limit 1",
    "select document, data_key from records where data_key is not null limit 1",
    "select identity, data_key from reporters where data_key is not null limit 1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What `verify` and `reconcile` say; two that are equal say the same of two databases."""

    heads: dict[int, Head]
    trail: Head
    accounts: list[Account]
    #: One sentence about the first thing that does not hold; None when all does.
    broken: str | None

    @property
    def chains(self) -> str:
        """The ends of the chains in one line."""
        ends = [head.anchor(number)[:24] for number, head in sorted(self.heads.items())]
        return ", ".join(ends) or "empty"

    @property
    def account(self) -> str:
        """The equation in one line."""
        whole = total(self.accounts)
        words = ", ".join(f"{count} {word}" for word, count in sorted(whole.counts.items()))
        return f"{whole.received} received: {words}" if words else "nothing received"


def standing(tx: Transaction, seen: Callable[[int], None]) -> Standing:
    """Walk chains and trail, and account for every message; `seen` hears of journal rows."""
    walked, told = chain.verify(tx, seen=seen), trail.verify(tx)
    accounts = reconcile(tx)
    unbalanced = None if total(accounts).balances else "reconcile does not balance"
    return Standing(
        heads=walked.heads,
        trail=told.head,
        accounts=accounts,
        broken=walked.broken or told.broken or unbalanced,
    )


def origin_of(tx: Transaction) -> bytes:
    """The ends of all chains, without walking them: what tells one office from another."""
    heads = [(number, chain.last_head(tx, number)) for number in chain.chains(tx)]
    named = [(number, head.position, bytes(head.digest)) for number, head in heads]
    head = trail.last_head(tx)
    return msgspec.msgpack.encode((named, head.position, bytes(head.digest)))


def holds(tx: Transaction, origin: bytes) -> bool:
    """Whether the chains of this database pass through these ends; False for those of nothing."""
    named, position, digest = msgspec.msgpack.decode(origin)
    wanted = [(tx.one(AT, id=chain.journal_id(number, at)), is_) for number, at, is_ in named]
    if position:
        wanted.append((tx.one(TRAIL_AT, position=position), digest))
    return bool(wanted) and all(row and bytes(row[0]) == is_ for row, is_ in wanted)


def require_key(tx: Transaction, vault: Vault) -> None:
    """Refuse a gateway key that does not open what is stored here."""
    for statement in SEALED:
        row = tx.one(statement)
        try:
            if row:
                vault.open(bytes(row[0]), bytes(row[1]))
        except ValueError as exc:
            raise StoreError(
                "the gateway key of --data is not the one this office was sealed with: "
                "the key does not move, put it in its place first"
            ) from exc
