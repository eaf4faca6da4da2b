"""
A case as somebody may see it: found by its code, opened, and kept to the records of their agency.

Whatever an officer does to a case begins here, in the transaction that does it: so nobody changes
what they may not see, and nobody changes what is not any more what they saw.
"""

from dataclasses import dataclass

from forwarder.ports import Transaction, Vault
from gateway import records
from gateway.access import trail
from gateway.access.person import Person
from gateway.records import Status
from gateway.revise import opened
from normalizer.codes import read_case_code
from normalizer.record import Record

# Until the transaction's end: of two processes with the same stand the slower one waits here.
HOLD = "select record_id from records where case_code = :code {hold}"
LAST_STEP = "select max(id) from timeline where record_id = :record_id"


class NotHere(LookupError):
    """There is no such case, it was erased, or it is another agency's."""


class Outdated(Exception):
    """The case is another one than the officer saw; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A case, and where it stands."""

    status: Status
    record: Record
    #: The last entry of its timeline; 0 for none.
    last_step: int

    @property
    def stand(self) -> str:
        """What a form carries, to tell later whether the case is still what its reader saw."""
        return f"{self.record.revision}.{self.last_step}"


def see(tx: Transaction, vault: Vault, case_code: str, agency: str = "") -> Seen:
    """The case, for somebody who sees this agency's records, or all of them; raises NotHere."""
    status = records.status_of(tx, read_case_code(case_code))
    found = records.find(tx, status.record_id) if status else None
    if status is None or found is None or found[1].data_key is None:
        raise NotHere(case_code)
    record = opened(vault, found[1])
    if not is_theirs(record, agency):
        raise NotHere(case_code)
    last = tx.one(LAST_STEP, record_id=status.record_id)
    return Seen(status=status, record=record, last_step=(last and last[0]) or 0)


def unchanged(tx: Transaction, vault: Vault, case_code: str, agency: str, *, stand: str) -> Seen:
    """The case as its reader saw it; raises Outdated where something has happened to it since."""
    tx.one(HOLD, code=read_case_code(case_code))
    seen = see(tx, vault, case_code, agency)
    if seen.stand != stand:
        raise Outdated(case_code)
    return seen


def is_theirs(record: Record, agency: str) -> bool:
    """Whether somebody of this agency may see a record; '' stands for the whole office."""
    return not agency or record.agency.value == agency


def note(tx: Transaction, person: Person, what: str, now: int, *, case: str = "") -> None:
    """Write down who did what; `case` where `what` names several."""
    trail.enter(tx, who=person.login, what=what, now=now, case=case)
