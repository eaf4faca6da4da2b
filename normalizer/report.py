"""What the dialog works with: reports, commands, and earlier records they are compared with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from channels.contract import InboundMessage
from normalizer.record import StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A complaint with the names and keys the gateway gave it."""

    message: InboundMessage
    record_id: str
    case_code: str
    channel: str
    external_id: str
    received_at: datetime
    pseudonym: str
    revision: int = 1
    files: tuple[StoredFile, ...] = ()
    #: Name and contact may stand in the record (operator's choice, never when anonymous).
    share_identity: bool = False


CommandName: TypeAlias = Literal[
    "status",
    "help",
    "hello",  # a greeting or a test: nothing is reported yet
    "thanks",
    "add",
    "hide",
    "withdraw",
    "erase",
    "solved",
    "unsolved",
    "choice",
    "yes",
    "no",
    "send",
    "stop",  # no notices any more
    "start",  # notices again; else help
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A citizen asks the gateway something instead of reporting, or answers it in one word."""

    name: CommandName
    #: As recognised, in its canonical form; "" when none was given.
    case_code: str = ""
    #: What stood where a code belongs and is none (a typing error); "" otherwise.
    given: str = ""
    #: What is to be added, behind the word and the code.
    text: str = ""
    #: Which of the two flags a `hide` asks for.
    anonymous: bool = False
    confidential: bool = False
    #: Said in a form that leaves no doubt: "HAPUS YA".
    sure: bool = False
    #: The answer to a numbered question.
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What is compared of a complaint."""

    #: Made readable: its `clean_text`.
    text: str
    #: Where it is, in words; "" where that was not told apart from the text.
    place: str = ""
    #: The Kemendagri code of that.
    code: str | None = None
    topic: str | None = None
    #: When it was sent, or came in.
    at: datetime | None = None


def written_at(sent_at: datetime | None, received_at: datetime) -> datetime:
    """When a complaint was written: what is late may be old, nothing is of tomorrow."""
    return min(sent_at, received_at) if sent_at else received_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An earlier record that might be the same complaint."""

    record_id: str
    cluster: str
    same_sender: bool
    said: Complaint
    #: How many reports its cluster holds.
    volume: int = 1
