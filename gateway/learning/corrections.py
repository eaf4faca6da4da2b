"""
What officers corrected or confirmed: all SQL on table `corrections`, and the act itself.

No word of a citizen stands here: a correction names the record, whose sealed document has the text
as long as nobody erased it. Correcting a record to the value it has already confirms it, which
teaches as much.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from forwarder.ports import Transaction, Vault
from forwarder.routing import Routes
from gateway import records
from gateway.access.trail import enter
from gateway.revise import opened, revise
from normalizer.deadlines import Clock
from normalizer.record import Agency, Judgement, Record

Task = Literal["type", "topic", "agency"]

TASKS: tuple[Task, ...] = get_args(Task)
COLUMNS = ("record_id", "task", "value", "derived", "derived_by", "derived_version", "who", "at")
LAST = """
select c.record_id, c.value, c.derived, c.derived_by, c.derived_version, c.at,
    r.document, r.data_key
from corrections c join records r on r.record_id = c.record_id
where c.task = :task and r.data_key is not null and c.id = (
    select max(d.id) from corrections d where d.task = c.task and d.record_id = c.record_id)
order by c.id
"""
_SURE = 1.0


class NotCorrected(LookupError):
    """A correction names a case nobody knows."""


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An officer's word on a case, as the command line or the console hands it over."""

    case_code: str
    task: Task
    value: str
    who: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction with the record it is about."""

    record: Record
    value: str
    #: What stood there before, and who had put it there; None where an officer had.
    derived: str | None
    derived_by: str
    derived_version: str
    #: Milliseconds since 1970.
    at: int


def correct(  # noqa: PLR0913 (what a transaction needs, each once)
    tx: Transaction,
    vault: Vault,
    correction: Correction,
    *,
    centrals: Routes,
    now: int,
    clock: Clock | None = None,
) -> Record:
    """
    Write an officer's value into a case and remember it as a lesson, all within `tx`.

    The record as it is now, its deadlines by `clock`; NotCorrected where there is no such case.
    """
    status = records.status_of(tx, correction.case_code)
    found = records.find(tx, status.record_id) if status else None
    if status is None or found is None or found[1].data_key is None:
        raise NotCorrected(f"case {correction.case_code}")
    record = opened(vault, found[1])
    before: Judgement = getattr(record, correction.task)
    derived = None if before.by == "officer" else before.value
    row = (correction.value, derived, before.by, before.version, correction.who, now)
    tx.insert("corrections", COLUMNS, [(status.record_id, correction.task, *row)])
    what = f"{correction.task} of {correction.case_code} is {correction.value}"
    enter(tx, who=correction.who, what=what, now=now, case=status.case_code)
    after = revise(
        tx,
        vault,
        status.record_id,
        lambda record: _timed(decided(record, correction.task, correction.value), clock),
        centrals=centrals,
        now=now,
    )
    return after or record


def note(  # noqa: PLR0913 (what a lesson consists of)
    tx: Transaction,
    before: Record,
    after: Record,
    fields: Sequence[str],
    *,
    who: str,
    now: int,
) -> None:
    """Remember as lessons what an officer put, or left, in these fields of a record."""
    lessons = []
    for task in TASKS:
        was, judged = getattr(before, task), getattr(after, task)
        if task in fields and judged.by == "officer" and judged.value is not None:
            derived = None if was.by == "officer" else was.value
            row = (judged.value, derived, was.by, was.version, who, now)
            lessons.append((before.record_id, task, *row))
    tx.insert("corrections", COLUMNS, lessons)


def decided(record: Record, task: Task, value: str) -> Record:
    """The record with an officer's value; nobody overrules it but an officer."""
    before: Judgement = getattr(record, task)
    if isinstance(before, Agency):
        others = (before.value, *before.alternatives)
        kept = tuple(other for other in others if other and other != value)
        after: Judgement = Agency(
            value=value, confidence=_SURE, by="officer", alternatives=kept[:3]
        )
    else:
        after = Judgement(value=value, confidence=_SURE, by="officer")
    return msgspec.structs.replace(record, **{task: after})


def _timed(record: Record, clock: Clock | None) -> Record:
    """Another type has other deadlines."""
    if clock is None:
        return record
    deadlines = clock.of(record.type.value, record.sent_at, record.received_at)
    return msgspec.structs.replace(record, deadlines=deadlines)


def last(tx: Transaction, vault: Vault, task: Task) -> Iterator[Corrected]:
    """The last word on each case, oldest first; erased ones are left out."""
    for row in tx.all(LAST, task=task):
        yield Corrected(
            record=msgspec.json.decode(vault.open(bytes(row[6]), bytes(row[7])), type=Record),
            value=row[1],
            derived=row[2],
            derived_by=row[3],
            derived_version=row[4],
            at=row[5],
        )
