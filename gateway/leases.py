"""
What must run once in a cluster: all SQL on the table `leases`.

Whoever holds a lease writes only while its epoch is still the one they got: a machine that was
frozen and wakes up writes nothing. cluster.py keeps a process's leases by the database's clock.
"""

from collections.abc import Collection, Sequence

from forwarder.ports import Transaction

# The lease of a process on its own name; whose has ended is taken for dead.
PROCESS = "process "
# The lease on one of the journal's chains.
CHAIN = "chain "
# As many processes may begin at the same moment and each get a chain at once.
NEW_CHAINS = 64

TAKE = """
insert into leases (name, owner, epoch, until) values (:name, :owner, 1, :until)
on conflict (name) do update set
    epoch = leases.epoch + case when leases.owner = excluded.owner then 0 else 1 end,
    owner = excluded.owner, until = excluded.until
where leases.owner = excluded.owner or leases.until <= :now or leases.until > :beyond
returning epoch
"""
# The row is held until the commit, so that nobody takes the lease over in between.
HOLD = """
update leases set until = until where name = :name and owner = :owner and epoch = :epoch
"""
# A row that somebody else has in hand is none we could take: nobody waits for it here.
OPEN = """
select name, owner, epoch from leases
where name {among:names} and (owner = :owner or until <= :now) order by name {lock}
"""
GIVE = "update leases set owner = :owner, epoch = :epoch, until = :until where name = :name"
CHAINS = "select name, owner from leases where substr(name, 1, 6) = 'chain '"
OTHERS = """
select owner from leases where substr(name, 1, 8) = 'process ' and owner <> :owner
"""
ENDED = """
select owner from leases
where substr(name, 1, 8) = 'process ' and owner <> :owner and until <= :now {lock}
"""
LEAVE = "update leases set until = 0 where owner = :owner"


class Superseded(Exception):
    """Another process does this now; nothing was written."""


def take(tx: Transaction, name: str, owner: str, *, now: int, until: int) -> int | None:
    """
    Get a lease or keep it; its epoch, or None while somebody else has it.

    One that would last twice as long as it may was taken by a wrong clock, and is nobody's.
    """
    beyond = until + (until - now)
    row = tx.one(TAKE, name=name, owner=owner, now=now, until=until, beyond=beyond)
    return int(row[0]) if row else None


def held(tx: Transaction, name: str, owner: str, epoch: int) -> bool:
    """Whether it is still the same lease; asked in the transaction that depends on it."""
    return tx.run(HOLD, name=name, owner=owner, epoch=epoch) > 0


def release(tx: Transaction, now: int) -> None:
    """Give every lease back, where there is no other process that could hold one."""
    tx.run("update leases set until = :now where until > :now", now=now)


# --- by the database's clock -------------------------------------------------------------------


def clock(tx: Transaction) -> int:
    """The database's clock in milliseconds, by which all machines judge alike."""
    row = tx.one("select {now}")
    return int(row[0]) if row else 0


def make(tx: Transaction, names: Sequence[str]) -> None:
    """Leases nobody holds yet, where they are not there."""
    # Inserting one that is there would wait for whoever has it in hand.
    there = {
        row[0] for row in tx.all("select name from leases where name {among:n}", n=list(names))
    }
    rows = [(name, "", 0, 0) for name in names if name not in there]
    tx.insert("leases", ("name", "owner", "epoch", "until"), rows)


def gather(
    tx: Transaction, names: Collection[str], owner: str, *, held: Collection[str], ms: int
) -> dict[str, int]:
    """
    Renew those of `names` that are ours and take those that have ended; the epochs of all we have.

    What is ours and not among `held` was taken by a process before this one: its epoch ends here.
    """
    now = clock(tx)
    epochs = {}
    for name, before, epoch in tx.all(OPEN, names=sorted(names), owner=owner, now=now):
        epochs[name] = epoch if before == owner and name in held else epoch + 1
        tx.run(GIVE, name=name, owner=owner, epoch=epochs[name], until=now + ms)
    return epochs


def chain(tx: Transaction, owner: str, *, held: Collection[str], ms: int) -> int:
    """Renew the lease on the chain we have, or take the first that is nobody's, or a new one."""
    rows = {int(name.removeprefix(CHAIN)): other for name, other in tx.all(CHAINS)}
    ours = [number for number, other in rows.items() if other == owner]
    new = max(rows, default=-1) + 1
    # Another process may make the same new one just now; then the one after it is ours.
    wanted: list[int] = [*sorted(ours), *sorted(rows), *range(new, new + NEW_CHAINS)]
    for number in wanted:
        name = f"{CHAIN}{number}"
        make(tx, [name])
        if gather(tx, [name], owner, held=held, ms=ms):
            return number
    raise Superseded  # so many at the same moment: the next beat finds one


def others(tx: Transaction, owner: str) -> list[str]:
    """Every other process that is not known to be dead."""
    return [row[0] for row in tx.all(OTHERS, owner=owner)]


def ended(tx: Transaction, owner: str) -> list[str]:
    """Other processes whose lease on their own name has ended; nobody else gets them meanwhile."""
    return [row[0] for row in tx.all(ENDED, owner=owner, now=clock(tx))]


def bury(tx: Transaction, owner: str) -> None:
    """Forget a process that is dead."""
    tx.run("delete from leases where name = :name", name=PROCESS + owner)


def leave(tx: Transaction, owner: str) -> None:
    """Give back everything of a process that ends."""
    tx.run(LEAVE, owner=owner)
    bury(tx, owner)
