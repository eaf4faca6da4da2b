"""
Whose data a period or a table touched, for the notice that is due within 3 x 24 hours.

UU 27/2022, article 46. People are told by pseudonym, channel and the tables their rows stand in;
how to reach them is a second step, with a reason, and audited for each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forwarder.ports import Transaction
from gateway.identities import sender_of
from gateway.naming import is_hidden
from gateway.vault import Vault

# What each table holds of a person, by when it was written.
QUERIES = {
    "journal": """
        select w.lane, j.channel, w.record_id, j.received_at from journal j
        join work w on w.journal_id = j.id
        where j.received_at >= :since and j.received_at < :until and w.lane is not null
    """,
    "records": """
        select pseudonym, channel, record_id, received_at from records
        where (received_at >= :since and received_at < :until)
        or (updated_at >= :since and updated_at < :until)
    """,
    "reporters": """
        select r.pseudonym, c.channel, r.record_id, c.received_at from reporters r
        join records c on c.record_id = r.record_id
        where r.data_key is not null and c.received_at >= :since and c.received_at < :until
    """,
    "outbox": """
        select lane, substr(target, 9), record_id, created_at from outbox
        where reply_id is not null and created_at >= :since and created_at < :until
    """,
}


@dataclass(slots=True, kw_only=True)
class Touched:
    """One person, as far as the gateway knows who is one."""

    pseudonym: str
    channel: str
    tables: dict[str, int]
    records: set[str]
    first: int
    last: int

    @property
    def anonymous(self) -> bool:
        """Whether only the ministry can tell who it is."""
        return is_hidden(self.pseudonym)


def touched(
    tx: Transaction, *, since: int, until: int, tables: Sequence[str] = ()
) -> list[Touched]:
    """Everybody with a row in these tables (all by default) in the period, first seen first."""
    people: dict[tuple[str, str], Touched] = {}
    for table in tables or QUERIES:
        for lane, channel, record_id, at in tx.all(QUERIES[table], since=since, until=until):
            one = people.setdefault(
                (lane, channel),
                Touched(
                    pseudonym=lane, channel=channel, tables={}, records=set(), first=at, last=at
                ),
            )
            one.tables[table] = one.tables.get(table, 0) + 1
            one.first, one.last = min(one.first, at), max(one.last, at)
            if record_id:
                one.records.add(record_id)
    return sorted(people.values(), key=lambda one: (one.first, one.pseudonym))


def contacts(tx: Transaction, vault: Vault, person: Touched) -> Iterator[str]:
    """How to reach a named person, as they wrote it; nobody anonymous is told here."""
    if person.anonymous:
        return
    seen = set()
    for record_id in sorted(person.records):
        sender = sender_of(tx, vault, record_id)
        for way in (sender.name, sender.sender, sender.contact) if sender else ():
            if way and way not in seen:
                seen.add(way)
                yield way
