"""
What must run once in a cluster: all SQL on the table `leases`.

Whoever holds a lease writes only while its epoch is still the one they got: a machine that was
frozen and wakes up writes nothing.
"""

from forwarder.ports import Transaction

TAKE = """
insert into leases (name, owner, epoch, until) values (:name, :owner, 1, :until)
on conflict (name) do update set
    epoch = leases.epoch + case when leases.owner = excluded.owner then 0 else 1 end,
    owner = excluded.owner, until = excluded.until
where leases.owner = excluded.owner or leases.until <= :now
returning epoch
"""
# The row is held until the commit, so that nobody takes the lease over in between.
HOLD = """
update leases set until = until where name = :name and owner = :owner and epoch = :epoch
"""


def take(tx: Transaction, name: str, owner: str, *, now: int, until: int) -> int | None:
    """Get a lease or keep it; its epoch, or None while somebody else has it."""
    row = tx.one(TAKE, name=name, owner=owner, now=now, until=until)
    return int(row[0]) if row else None


def held(tx: Transaction, name: str, owner: str, epoch: int) -> bool:
    """Whether it is still the same lease; asked in the transaction that depends on it."""
    return tx.run(HOLD, name=name, owner=owner, epoch=epoch) > 0


def release(tx: Transaction, now: int) -> None:
    """Give every lease back, where there is no other process that could hold one."""
    tx.run("update leases set until = :now where until > :now", now=now)
