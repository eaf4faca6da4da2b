"""
What citizens are still to be told: all SQL on the tables `notices` and `notice_lines`.

    waiting ▶ put (in the outbox, in the same transaction) │ held (for want of budget) │ stopped
    held    ▶ put │ stopped

A case has one open notice at the most: whatever happens until it is due becomes a line of it. So
several updates within a minute are one notice, and a night's updates are one in the morning.
"""

from collections.abc import Mapping, Sequence

import msgspec

from forwarder.ports import Row, Transaction

OPEN = """
update notices set urgent = case when :urgent = 1 then 1 else urgent end,
    due = case when :urgent = 1 and due > :due then :due else due end
where record_id {among:record_ids} and state in ('waiting', 'held') returning record_id, id
"""
DUE = """
select id, record_id, lane, state, due, created_at, reason, urgent from notices
where state in ('waiting', 'held') and due <= :now order by due, id limit :limit {lock}
"""
ANY_DUE = """
select id from notices where state in ('waiting', 'held') and due <= :now limit 1
"""
LINES = "select timeline_id from notice_lines where notice_id = :id order by timeline_id"
WAITING_LINES = """
select l.timeline_id from notices n join notice_lines l on l.notice_id = n.id
where n.record_id = :record_id and n.state in ('waiting', 'held') order by l.timeline_id
"""
TOLD = """
select l.timeline_id from notices n join notice_lines l on l.notice_id = n.id
where n.record_id = :record_id and n.state = 'put' and n.settled_at >= :since
"""
FIRST = "select id from notices where lane = :lane and state = 'put' limit 1"
SETTLE = """
update notices set state = :state, due = :due, reason = :reason, units = :units,
    settled_at = :settled_at
where id = :id
"""
LISTED = """
select id, record_id, lane, state, due, created_at, reason, urgent from notices
where state in ('waiting', 'held') order by due, id limit 1000
"""
COUNTS = "select state, count(*) from notices where state in ('waiting', 'held') group by state"
RELEASE = """
update notices set due = :now, reason = :reason where id = :id and state in ('waiting', 'held')
"""
STOP = """
update notices set state = 'stopped', reason = :reason, settled_at = :now
where id = :id and state in ('waiting', 'held')
"""
ERASE = """
update notices set state = 'stopped', reason = 'erased on request', settled_at = :now
where lane = :lane and state in ('waiting', 'held')
"""
#: The reason of a notice a person let go although its budget is used up.
BY_A_PERSON = "sent by a person"


class Notice(msgspec.Struct, frozen=True):
    """An open notice."""

    id: int
    record_id: str
    lane: str
    state: str
    due: int
    created_at: int
    reason: str | None
    urgent: int


def add(  # noqa: PLR0913 (whom, of what, when)
    tx: Transaction,
    people: Mapping[str, str],
    lines: Sequence[int],
    *,
    due: int,
    now: int,
    urgent: bool = False,
) -> None:
    """
    Tell these people (record by record: their lane) of entries in the timeline.

    What is urgent takes along what waits for the morning.
    """
    missing = dict(people)
    found: dict[str, int] = {}
    while missing:
        # Only rows that are open when we have them: one that is being put is waited for.
        rows = tx.all(OPEN, record_ids=sorted(missing), urgent=int(urgent), due=due)
        rows += tx.insert_new(
            "notices",
            ("record_id", "lane", "due", "created_at", "urgent"),
            [
                (record_id, lane, due, now, int(urgent))
                for record_id, lane in missing.items()
                if record_id not in {row[0] for row in rows}
            ],
            ("record_id", "id"),
        )
        found |= {row[0]: row[1] for row in rows}
        missing = {id_: lane for id_, lane in missing.items() if id_ not in found}
    tx.insert(
        "notice_lines",
        ("notice_id", "timeline_id"),
        [(notice, line) for notice in found.values() for line in lines],
    )


def any_due(tx: Transaction, now: int) -> bool:
    """Whether there is something to do; cheap to ask."""
    return tx.one(ANY_DUE, now=now) is not None


def due(tx: Transaction, now: int, limit: int) -> list[Notice]:
    """The notices whose time has come; nobody else gets them in this transaction."""
    return [_notice(row) for row in tx.all(DUE, now=now, limit=limit)]


def lines_of(tx: Transaction, id_: int) -> list[int]:
    """The entries of the timeline a notice tells of."""
    return [row[0] for row in tx.all(LINES, id=id_)]


def waiting_lines(tx: Transaction, record_id: str) -> list[int]:
    """The entries a reporter has still to be told of."""
    return [row[0] for row in tx.all(WAITING_LINES, record_id=record_id)]


def told_of(tx: Transaction, record_id: str, since: int) -> list[int]:
    """The entries this reporter was told of since then."""
    return [row[0] for row in tx.all(TOLD, record_id=record_id, since=since)]


def is_first(tx: Transaction, lane: str) -> bool:
    """Whether somebody has not been told anything before."""
    return tx.one(FIRST, lane=lane) is None


def put_off(tx: Transaction, notice: Notice, until: int, *, held_for: str | None = None) -> None:
    """Look again later; with a reason it is listed as held."""
    state = "held" if held_for else "waiting"
    _settle(tx, notice, state=state, due_at=until, reason=held_for)


def sent(tx: Transaction, notice: Notice, units: int, now: int) -> None:
    """It stands in the outbox."""
    _settle(tx, notice, state="put", reason=notice.reason, units=units, settled_at=now)


def stop(tx: Transaction, notice: Notice, reason: str, now: int) -> None:
    """Nobody is told of it."""
    _settle(tx, notice, state="stopped", reason=reason, settled_at=now)


def listed(tx: Transaction) -> list[Notice]:
    """What is still to be told, that due first first."""
    return [_notice(row) for row in tx.all(LISTED)]


def counts(tx: Transaction) -> dict[str, int]:
    """How many wait and how many are held."""
    return {"waiting": 0, "held": 0, **dict(tx.all(COUNTS))}


def release(tx: Transaction, id_: int, now: int) -> bool:
    """A person lets one go at once, whatever it costs."""
    return tx.run(RELEASE, id=id_, now=now, reason=BY_A_PERSON) > 0


def drop(tx: Transaction, id_: int, reason: str, now: int) -> bool:
    """A person puts one aside."""
    return tx.run(STOP, id=id_, reason=reason, now=now) > 0


def forget(tx: Transaction, lane: str, now: int) -> None:
    """Nobody is left to be told."""
    tx.run(ERASE, lane=lane, now=now)


def _settle(  # noqa: PLR0913 (the columns that change)
    tx: Transaction,
    notice: Notice,
    *,
    state: str,
    reason: str | None,
    due_at: int | None = None,
    units: int = 0,
    settled_at: int | None = None,
) -> None:
    tx.run(
        SETTLE,
        id=notice.id,
        state=state,
        due=notice.due if due_at is None else due_at,
        reason=reason,
        units=units,
        settled_at=settled_at,
    )


def _notice(row: Row) -> Notice:
    return Notice(*row)
