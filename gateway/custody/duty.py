"""What a person orders about personal data, and what came of it; who did it is always written."""

from typing import Any, Literal

import msgspec

from forwarder.ports import Transaction
from gateway import records
from gateway.access.trail import enter
from gateway.records import Status

Verb = Literal[
    "tighten", "reveal", "approve", "hold", "release", "erase", "retain", "rewrap", "note"
]


class Duty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One order, as the command line sends it to the daemon."""

    verb: Verb
    who: str
    reason: str = ""
    case_code: str = ""
    #: With `tighten`: what the report is to be from now on.
    anonymous: bool = False
    confidential: bool = False
    #: With `erase`: a person instead of a case.
    channel: str = ""
    sender: str = ""
    #: With `approve`: the number of the request.
    number: int = 0
    #: With `retain`: only say what would be done.
    dry_run: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, in lines for a person and as data for a program."""

    lines: tuple[str, ...] = ()
    data: dict[str, Any] = {}


class Refused(Exception):
    """It must not be done; the message says why, to the person who ordered it."""


def case_of(tx: Transaction, case_code: str) -> Status:
    """The case an order is about; LookupError where there is none."""
    status = records.status_of(tx, case_code)
    if status is None:
        raise LookupError(f"case {case_code}")
    return status


def note(tx: Transaction, duty: Duty, what: str, now: int) -> None:
    """Write down who did what, and why."""
    told = f"{what}: {duty.reason}" if duty.reason else what
    enter(tx, who=duty.who, what=told, now=now, case=duty.case_code)
