"""
Who has a case open: all SQL on the table `presences`.

A lease of a minute or two, renewed while the page is open, so that it holds across processes and
lets go of who lost their connection. Who comes newly leaves a line in the audit trail; who only
loads the page again does not.
"""

from dataclasses import dataclass
from hashlib import sha256

from forwarder.ports import Transaction
from gateway.access.person import Person
from gateway.handling.seeing import Seen, note

#: Without JavaScript nobody renews it: long enough to read a report.
LEASE_MS = 120_000

MINE = """
select plain from presences
where record_id = :record_id and login = :login and until > :now
"""
ENTER = """
insert into presences (record_id, login, name, plain, since, until)
values (:record_id, :login, :name, :plain, :now, :until)
on conflict (record_id, login) do update set
    name = excluded.name,
    since = case when presences.until > :now then presences.since else excluded.since end,
    plain = case when presences.until > :now and presences.plain > excluded.plain
        then presences.plain else excluded.plain end,
    until = excluded.until
"""
OTHERS = """
select name, since from presences
where record_id = :record_id and login <> :login and until > :now order by since, login
"""
STAND = """
select r.revision, r.updated_at, (select max(t.id) from timeline t where t.record_id = r.record_id)
from records r where r.record_id = :record_id
"""
LEAVE = "delete from presences where record_id = :record_id and login = :login"
CLEAR = "delete from presences where until < :now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Somebody else who has the case open."""

    name: str
    #: Milliseconds since 1970.
    since: int


def enter(tx: Transaction, seen: Seen, person: Person, now: int, *, plain: bool = False) -> None:
    """Somebody looks at a case, with `plain` also at the personal data in its words."""
    row = tx.one(MINE, record_id=seen.status.record_id, login=person.login, now=now)
    code = seen.status.case_code
    if row is None:
        tx.run(CLEAR, now=now)
        note(tx, person, f"looked at case {code}", now)
    if plain and not (row and row[0]):
        note(tx, person, f"looked at the personal data in the words of case {code}", now)
    stay(tx, seen.status.record_id, person, now, plain=plain)


def stay(tx: Transaction, record_id: str, person: Person, now: int, *, plain: bool = False) -> None:
    """The page is still open."""
    tx.run(
        ENTER,
        record_id=record_id,
        login=person.login,
        name=person.name,
        plain=int(plain),
        now=now,
        until=now + LEASE_MS,
    )


def others(tx: Transaction, record_id: str, login: str, now: int) -> list[Present]:
    """Who else has it open, first come first."""
    rows = tx.all(OTHERS, record_id=record_id, login=login, now=now)
    return [Present(name=row[0], since=row[1]) for row in rows]


def mark_of(tx: Transaction, record_id: str, login: str, now: int) -> str:
    """Another one as soon as the case has changed, or somebody else has come or gone."""
    names = [(one.name, one.since) for one in others(tx, record_id, login, now)]
    stands = (tx.one(STAND, record_id=record_id), names)
    return sha256(repr(stands).encode()).hexdigest()[:16]


def leave(tx: Transaction, record_id: str, login: str) -> None:
    """The page was closed."""
    tx.run(LEAVE, record_id=record_id, login=login)


def is_here(tx: Transaction, seen: Seen, person: Person, now: int) -> bool:
    """Whether somebody's look at the case is written down already."""
    row = tx.one(MINE, record_id=seen.status.record_id, login=person.login, now=now)
    return row is not None
