"""
What is due, at risk and overdue: all SQL on tables `clocks` and `escalations`.

A new report gets a row per step, beside the pipeline and not in it. From then on a row is looked at
only when its case has changed or its time has come. What somebody must hear of becomes one
escalation per step and level, in the transaction that notes that it was told: no crash and no
second process tells it twice. No word of a citizen stands here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from forwarder.ports import Row, Transaction, Vault
from gateway import due_days
from gateway.board.rows import due_again
from normalizer.deadlines import Clock, Due
from normalizer.privacy_hidden import is_erased
from normalizer.record import Record

# Cases looked at in one write, so that no acknowledgement waits behind it.
SLICE = 200
NO_STEP = ""
VOID = "void"

NEW = """
select record_id, revision, state, document, data_key, updated_at, received_at from records
where (received_at, record_id) > (:received, :after) and not exists (
    select 1 from clocks where clocks.record_id = records.record_id)
order by received_at, record_id limit :limit
"""
CHANGED = """
select r.record_id, r.revision, r.state, r.document, r.data_key, r.updated_at from records r
where r.record_id in (
    select c.record_id from clocks c join records n on n.record_id = c.record_id
    where c.ended is null and (n.revision <> c.revision or n.state <> c.state)
    limit :limit)
"""
COLUMNS = (
    *("record_id", "step", "agency", "revision", "state"),
    *("warn_at", "due_at", "ended", "ended_at"),
)
OPEN = "select step, agency from clocks where record_id = :record_id and ended is null"
FOLLOW = """
update clocks set agency = :agency, revision = :revision, state = :state, warn_at = :warn_at,
    due_at = :due_at
where record_id = :record_id and step = :step and ended is null
"""
END = """
update clocks set ended = :ended, ended_at = :at, state = :state, revision = :revision
where record_id = :record_id and step = :step and ended is null
"""
DROP = """
update clocks set ended = 'void', ended_at = :at where record_id = :record_id and ended is null
"""
AT_RISK = """
update clocks set level = 'at_risk'
where ended is null and warn_at <= :now and due_at >= :now and level = ''
returning record_id, step, agency, due_at
"""
OVERDUE = """
update clocks set level = 'overdue'
where ended is null and warn_at <= :now and due_at < :now and level <> 'overdue'
returning record_id, step, agency, due_at
"""
ESCALATION = ("record_id", "step", "level", "agency", "due_at", "at")
STANDING = """
select agency, step,
    sum(case when warn_at > :now then 1 else 0 end),
    sum(case when warn_at <= :now and due_at >= :now then 1 else 0 end),
    sum(case when due_at < :now then 1 else 0 end)
from clocks where ended is null and step <> '' and (:agency = '' or agency = :agency)
group by agency, step
"""
ENDED = """
select agency, step, ended, count(*) from clocks
where ended is not null and ended_at >= :since and ended_at < :until
    and step <> '' and (:agency = '' or agency = :agency)
group by agency, step, ended
"""
BEHIND = """
select count(*) from board where due_at < :now and (:agency = '' or agency = :agency)
"""
CASES = """
select r.case_code, c.step, c.agency, c.due_at, c.warn_at, r.state, b.topic, b.urgency
from clocks c join records r on r.record_id = c.record_id left join board b on b.number = r.number
where c.ended is null and c.step <> '' and c.warn_at <= :until and c.due_at >= :since
    and c.due_at < :before
    and (:agency = '' or c.agency = :agency or (:agency = '-' and c.agency is null))
    and (:each = 1 or not exists (
        select 1 from clocks e where e.record_id = c.record_id and e.ended is null
        and e.step <> '' and (e.due_at < c.due_at or (e.due_at = c.due_at and e.step < c.step))))
order by c.due_at, c.record_id, c.step limit :limit offset :skip
"""
#: As an agency: those nobody is in charge of.
UNROUTED = "-"
FOREVER = 1 << 62


#: A report's place in the order they are taken up in: when it was received, and its id.
Place = tuple[int, str]
#: From the first moment, before the second one.
Between = tuple[int, int]
EVER: Between = (0, FOREVER)


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How an agency stands with one step."""

    agency: str | None
    step: str
    in_time: int
    at_risk: int
    overdue: int
    #: Ended since the time that was asked for.
    met: int
    late: int


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case somebody should look at."""

    case_code: str
    step: str
    agency: str | None
    #: Milliseconds since 1970, as everywhere.
    due_at: int
    warn_at: int
    state: str
    topic: str | None = None
    urgency: str | None = None


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was told: a step of a case came at risk or is overdue."""

    record_id: str
    step: str
    level: str
    agency: str | None
    due_at: int


def new(
    tx: Transaction, vault: Vault, clock: Clock, *, after: Place, now: int
) -> tuple[list[Row], Place | None]:
    """The rows of some reports that have none yet, and where to go on; None after the last."""
    received, record_id = after
    rows = tx.all(NEW, received=received, after=record_id, limit=SLICE)
    made = [one for row in rows for one in _begun(vault, clock, row, now)]
    return made, (rows[-1][6], rows[-1][0]) if len(rows) == SLICE else None


def begin(tx: Transaction, rows: Sequence[Row]) -> None:
    """Write them down; what changed since they were made shows by its revision."""
    new = {tuple(row) for row in tx.insert_new("clocks", COLUMNS, rows, ("record_id", "step"))}
    ended = [row for row in rows if row[7] and (row[0], row[1]) in new]
    due_days.add(tx, [(row[2], row[1], row[7], row[8]) for row in ended])
    due_again(tx, [row[0] for row in rows])


def changed(tx: Transaction) -> list[Row]:
    """Some of the cases that changed since they were last looked at."""
    return tx.all(CHANGED, limit=SLICE)


def follow(tx: Transaction, vault: Vault, clock: Clock, *, rows: Sequence[Row], now: int) -> None:
    """Look again at cases that changed."""
    for row in rows:
        record = _record(vault, row)
        if record is None:
            tx.run(DROP, record_id=row[0], at=now)
        else:
            _follow(tx, row, record, _dues(clock, record))
    due_again(tx, [row[0] for row in rows])


def escalate(tx: Transaction, now: int) -> list[Escalation]:
    """Note what has come at risk or overdue since the last time, each once."""
    told = [
        Escalation(record_id=row[0], step=row[1], level=level, agency=row[2], due_at=row[3])
        for level, reached in (("overdue", OVERDUE), ("at_risk", AT_RISK))
        for row in tx.all(reached, now=now)
    ]
    rows = [(one.record_id, one.step, one.level, one.agency, one.due_at, now) for one in told]
    tx.insert("escalations", ESCALATION, rows)
    return told


def tell(tx: Transaction, one: Escalation, now: int) -> None:
    """Note something somebody must hear of that no clock tells."""
    row = (one.record_id, one.step, one.level, one.agency, one.due_at, now)
    tx.insert("escalations", ESCALATION, [row])


def counts(
    tx: Transaction, *, since: int, now: int, until: int = FOREVER, agency: str = ""
) -> list[Count]:
    """How every agency, or one, stands; what ended is counted from `since` on, before `until`."""
    rows = tx.all(ENDED, since=since, until=until, agency=agency)
    ended = {(row[0], row[1], row[2]): row[3] for row in rows}
    return _counted(tx, ended, now, agency)


def lately(tx: Transaction, *, since: int, now: int, agency: str = "") -> list[Count]:
    """The same at a glance: what ended is counted from the beginning of a day by UTC."""
    return _counted(tx, due_days.since(tx, since, agency), now, agency)


def behind(tx: Transaction, *, now: int, agency: str = "") -> int:
    """How many cases are overdue, with one step or several."""
    row = tx.one(BEHIND, now=now, agency=agency)
    return int(row[0]) if row else 0


def _counted(
    tx: Transaction, ended: Mapping[tuple[str | None, str, str], int], now: int, agency: str
) -> list[Count]:
    standing = {
        (row[0], row[1]): tuple(int(count) for count in row[2:])
        for row in tx.all(STANDING, now=now, agency=agency)
    }
    found = sorted(
        standing.keys() | {(who, step) for who, step, _ in ended},
        key=lambda one: (one[0] is not None, one[0] or "", one[1]),
    )
    return [
        Count(
            agency=who,
            step=step,
            in_time=in_time,
            at_risk=at_risk,
            overdue=overdue,
            met=ended.get((who, step, "met"), 0),
            late=ended.get((who, step, "late"), 0),
        )
        for who, step in found
        for in_time, at_risk, overdue in (standing.get((who, step), (0, 0, 0)),)
    ]


def cases(  # noqa: PLR0913 (what a list is narrowed by)
    tx: Transaction,
    *,
    until: int,
    agency: str = "",
    limit: int = 1_000,
    skip: int = 0,
    each: bool = True,
    between: Between = EVER,
) -> list[Case]:
    """
    What will be at risk by then or is already, due `between` two times, most urgent first.

    Not `each` step of a case is listed then, but its first one.
    """
    since, before = between
    narrowed = {"until": until, "agency": agency, "since": since, "before": before}
    return [
        Case(
            case_code=row[0],
            step=row[1],
            agency=row[2],
            due_at=row[3],
            warn_at=row[4],
            state=row[5],
            topic=row[6],
            urgency=row[7],
        )
        for row in tx.all(CASES, **narrowed, each=int(each), limit=limit, skip=skip)
    ]


def _begun(vault: Vault, clock: Clock, row: Row, now: int) -> Iterator[Row]:
    """A report's rows; one that says so where it has no deadlines, or it would be found again."""
    record_id, revision, state = row[:3]
    record = _record(vault, row)
    dues = _dues(clock, record) if record else []
    if record is None or not dues:
        yield record_id, NO_STEP, None, revision, state, 0, 0, VOID, now
        return
    for due in dues:
        about = (record_id, due.step.name, record.agency.value, revision, state)
        ended = _ended(due, state, row[5])
        until = (_ms(due.warn_at), _ms(due.due_at))
        yield *about, *until, ended, row[5] if ended else None


def _follow(tx: Transaction, row: Row, record: Record, dues: Sequence[Due]) -> None:
    record_id, revision, state, changed_at = row[0], row[1], row[2], row[5]
    wanted = {due.step.name: due for due in dues}
    for step, agency in tx.all(OPEN, record_id=record_id):
        due = wanted.get(step)
        ended = _ended(due, state, changed_at) if due else VOID
        at = {"record_id": record_id, "step": step, "revision": revision, "state": state}
        if ended or due is None:
            tx.run(END, **at, ended=ended, at=changed_at)
            due_days.add(tx, [(agency, step, ended or VOID, changed_at)])
        else:
            until = {"warn_at": _ms(due.warn_at), "due_at": _ms(due.due_at)}
            tx.run(FOLLOW, **at, **until, agency=record.agency.value)


def _ended(due: Due, state: str, changed_at: int) -> str | None:
    """Whether a case in this state has nothing left to do for a step, and since when."""
    if state not in due.step.met_by:
        return None
    return "met" if changed_at <= _ms(due.due_at) else "late"


def _record(vault: Vault, row: Row) -> Record | None:
    """The record of a row; None once it was erased: nobody can do anything for it any more."""
    if row[4] is None:
        return None
    record = msgspec.json.decode(vault.open(bytes(row[3]), bytes(row[4])), type=Record)
    return None if is_erased(record) else record


def _dues(clock: Clock, record: Record) -> list[Due]:
    return clock.due(record.type.value, record.sent_at, record.received_at)


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)
