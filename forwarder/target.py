"""
Where outbox rows go, and what every worker of a process shares.

A central store gets the record of a row as a Push; a channel gets the row as it is, since what a
reply looks like is for the gateway to say.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from channels.contract import Outcome
from forwarder.backoff import Policy
from forwarder.central.contract import Central
from forwarder.item import Item
from forwarder.outbox import CENTRAL
from forwarder.ports import Database, Transaction, Vault
from forwarder.push import Push


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where rows go, and how: one central store or one channel."""

    #: 'central:<name>' or 'channel:<name>', as in the outbox.
    name: str
    deliver: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]]
    #: The other side knows our keys, so sending again does no harm.
    resend: bool
    #: One call takes a whole batch.
    takes_batches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every worker of a process shares."""

    database: Database
    #: What `database` raises when it cannot write now.
    unavailable: type[Exception]
    vault: Vault
    policy: Policy
    #: Milliseconds since 1970.
    clock: Callable[[], int]
    #: A number from 0 to 1 by chance.
    jitter: Callable[[], float]
    #: Begins with what `outbox.release` is given; differs for each process and start.
    owner: str
    #: In the transaction that settles a record as delivered: (tx, item, now).
    on_delivered: Callable[[Transaction, Item, int], None]
    #: After each commit: target and how many rows went into which state.
    on_settled: Callable[[str, Mapping[str, int]], None]


def to_central(central: Central) -> Target:
    """The rows of one central store."""

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        return await central.push([_push(item) for item in items])

    return Target(
        name=f"{CENTRAL}{central.name}",
        deliver=deliver,
        resend=central.idempotent,
        takes_batches=central.takes_batches,
    )


def to_channel(name: str, reply: Callable[[Item], Awaitable[Outcome]]) -> Target:
    """The answers of one channel; `reply` makes a Reply of an item and sends it."""

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        return [await reply(item) for item in items]

    return Target(name=f"channel:{name}", deliver=deliver, resend=False)


def _push(item: Item) -> Push:
    return Push(
        record_id=item.record_id,
        revision=item.revision,
        document=item.body,
        created_at=item.created_at,
        doubtful=item.doubtful,
    )
