"""
An answer on its way out, and what can become of it.

Part of `channels.contract`, which is what to import.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from channels.contract_inbox import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something a citizen can press instead of typing; channels without buttons leave it out."""

    label: str
    #: What pressing it says to us, at most 60 bytes: "ANONIM 7K3M9QW2X". "" asks for the location.
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to a citizen; `id` stays the same however often it is tried."""

    id: str
    #: The `return_address` of the message that is answered.
    to: str
    text: str
    #: One line for channels that have a subject.
    subject: str = ""
    case_code: str = ""
    #: What it is about: receipt, status, help, question, update, …
    kind: str = ""
    buttons: tuple[Button, ...] = ()
    #: When the person last wrote to us on this channel, and what the clock says now: some
    #: providers let us answer for a day only.
    heard_at: datetime | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Done; `reference` is the other side's word for it, if it gave one."""

    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Nothing has happened over there; try again, not before `wait` seconds if that is told."""

    reason: str
    wait: float | None = None
    #: Set where the whole channel must wait, not this item alone: it uses up no attempt.
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It will never be taken like this: a person must look."""

    reason: str
    #: The person cannot be reached here (blocked us, window closed): another way may be tried.
    unreachable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """The request left and no answer came: it may or may not have happened."""

    reason: str


Outcome: TypeAlias = Receipt | TryLater | Refused | Uncertain
