"""
Reports that say the same: all SQL on the table `clusters`.

A cluster is named after the record it began with and counts its reports; there is a row from the
second one on. Two clusters that turn out to be one keep their names, and `whole` tells which of
them both are now. How many different senders report the same within a day tells of an event.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from forwarder.ports import Transaction
from gateway.records import Written

DAY = 86_400_000
# A mass event is told of at so many senders within a day, and each time they are four times more.
EVENT = 5
GROWTH = 4

WHOLE = "select whole from clusters where cluster = :cluster"
GROW = """
insert into clusters (cluster, whole, reports, day_began, day_senders)
values (:cluster, :cluster, 1 + :same, :now, 1 + :fresh)
on conflict (cluster) do update set
    reports = clusters.reports + :same,
    day_senders = :fresh
        + case when clusters.day_began < :yesterday then 0 else clusters.day_senders end,
    day_began = case when clusters.day_began < :yesterday then :now else clusters.day_began end
"""
UNITE = "update clusters set whole = :whole where whole = :part or cluster = :part"
ABSORB = """
update clusters set
    reports = reports + coalesce((select p.reports from clusters p where p.cluster = :part), 1),
    day_senders = day_senders
        + coalesce((select p.day_senders from clusters p where p.cluster = :part), 1)
where cluster = :whole
"""
ALONE = """
insert into clusters (cluster, whole, reports, day_began, day_senders)
values (:part, :part, 1, :now, 1) on conflict (cluster) do nothing
"""
WITHOUT = "update clusters set reports = reports - 1 where cluster = :whole"
BY_ITSELF = "update clusters set whole = cluster, reports = 1 where cluster = :cluster"
INHERIT = """
update clusters set reports = (select w.reports from clusters w where w.cluster = :cluster)
where cluster = :heir
"""
CALL = "update clusters set cluster = :name where cluster = :cluster"
CALL_WHOLE = "update clusters set whole = :name where whole = :cluster"
SIZE = "select reports, day_senders from clusters where cluster = :cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A cluster so many people report today that an officer is told."""

    cluster: str
    #: The record that made it so many.
    by: Written
    reports: int
    #: Different senders within a day, those of reports that are only suggested included.
    senders: int


def grow(tx: Transaction, written: Sequence[Written], *, now: int) -> list[Grown]:
    """Count new records in their clusters; the clusters an officer is to be told of."""
    grown = []
    for row in written:
        joined = row.joined
        if joined is None or row.revision > 1:
            continue
        cluster = whole(tx, joined.cluster)
        tx.run(
            GROW,
            cluster=cluster,
            same=int(joined.same),
            fresh=int(joined.fresh),
            now=now,
            yesterday=now - DAY,
        )
        for part in joined.joins:
            unite(tx, cluster, part, now=now)
        reports, senders = tx.one(SIZE, cluster=cluster) or (0, 0)
        if joined.fresh and _told_at(senders):
            grown.append(Grown(cluster=cluster, by=row, reports=reports, senders=senders))
    return grown


def whole(tx: Transaction, cluster: str) -> str:
    """The cluster this one is part of by now, itself unless they were made one."""
    row = tx.one(WHOLE, cluster=cluster)
    return row[0] if row else cluster


def unite(tx: Transaction, cluster: str, other: str, *, now: int) -> None:
    """Make two clusters one, under the first one's name."""
    part = whole(tx, other)
    if part == cluster:
        return
    tx.run(ALONE, part=part, now=now)
    tx.run(ABSORB, whole=cluster, part=part)
    tx.run(UNITE, whole=cluster, part=part)


def size(tx: Transaction, cluster: str) -> int:
    """How many reports a cluster counts; 1 for a report by itself."""
    row = tx.one(SIZE, cluster=cluster)
    return int(row[0]) if row else 1


def join(tx: Transaction, cluster: str, other: str, *, now: int) -> bool:
    """Make two clusters or single reports one, as a person decides; False where they are one."""
    first, second = whole(tx, cluster), whole(tx, other)
    if first == second:
        return False
    tx.run(ALONE, part=first, now=now)
    unite(tx, first, second, now=now)
    return True


def leave(tx: Transaction, cluster: str) -> None:
    """One report less in this cluster."""
    tx.run(WITHOUT, whole=whole(tx, cluster))


def stand_alone(tx: Transaction, cluster: str) -> None:
    """A cluster of one report is a part of nothing any more."""
    tx.run(BY_ITSELF, cluster=cluster)


def succeed(tx: Transaction, cluster: str, heir: str) -> None:
    """What was one with this cluster is one with another part of it."""
    tx.run(INHERIT, cluster=cluster, heir=heir)
    tx.run(CALL_WHOLE, cluster=cluster, name=heir)


def rename(tx: Transaction, cluster: str, name: str) -> None:
    """Name a cluster after another of its records: the one it was named after leaves it."""
    tx.run(CALL, cluster=cluster, name=name)
    tx.run(CALL_WHOLE, cluster=cluster, name=name)


def _told_at(senders: int) -> bool:
    level = EVENT
    while level < senders:
        level *= GROWTH
    return level == senders
