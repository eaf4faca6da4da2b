"""
Where outbox rows go, and what every worker of a process shares.

A central store gets the record of a row as a Push; a channel gets the row as it is, since what a
reply looks like is for the gateway to say.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from channels.contract import Outcome, TryLater
from forwarder.backoff import Policy
from forwarder.central.contract import Central
from forwarder.item import Item, Result
from forwarder.outbox import CENTRAL
from forwarder.ports import Database, Transaction, Vault
from forwarder.push import Kind, Push

#: Kinds of outbox rows a store gets, other than records.
KINDS: Mapping[str, Kind] = {"comment": "comment", "anchor": "anchor"}


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
    #: Whether nothing leaves now, rows are only kept: many at a time, and again does no harm.
    keeps: Callable[[], bool] = lambda: False


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
    #: In the transaction that settles records as delivered: (tx, items, now).
    on_delivered: Callable[[Transaction, Sequence[Item], int], None]
    #: In the transaction that settles whatever else ended: (tx, results, now).
    on_ended: Callable[[Transaction, Sequence[Result], int], None] = lambda *_: None
    #: After each commit: target and how many rows went into which state.
    on_settled: Callable[[str, Mapping[str, int]], None]
    #: After each commit that brought rows forward: the targets that have some due now.
    on_due: Callable[[AbstractSet[str]], None] = lambda _: None
    #: Owners of the same kind in other processes that are not known to be dead.
    living: Callable[[Transaction], Sequence[str]] = lambda _: ()
    #: Whether the other processes take this one for alive.
    standing: Callable[[], bool] = lambda: True


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


def to_channel(
    name: str,
    reply: Callable[[Item], Awaitable[Outcome]],
    keeps: Callable[[], bool] = lambda: False,
    *,
    resend: bool = False,
) -> Target:
    """
    The answers of one channel; `reply` makes a Reply of an item and sends it.

    `keeps` tells whether it keeps answers now because it has no way out, `resend` whether the other
    side folds what comes twice.
    """

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for item in items:
            # A batch, and what was perhaps sent before, was claimed to be kept and nothing else.
            if (len(items) > 1 or (item.doubtful and not resend)) and not keeps():
                outcomes.append(TryLater(reason="there is a way out now"))
            else:
                outcomes.append(await reply(item))
        return outcomes

    return Target(name=f"channel:{name}", deliver=deliver, resend=resend, keeps=keeps)


def _push(item: Item) -> Push:
    return Push(
        record_id=item.record_id,
        revision=item.revision,
        kind=KINDS.get(item.kind, "record"),
        document=item.body,
        created_at=item.created_at,
        reference=item.reference,
        known=item.known,
        doubtful=item.doubtful,
    )
