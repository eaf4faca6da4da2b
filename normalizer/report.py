"""What the dialog hands on: a report to be normalized, or a command to be answered."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A citizen asks the gateway something instead of reporting."""

    name: Literal["status", "help"]
    #: As recognised, in its canonical form; "" when none was given.
    case_code: str = ""
    #: What stood where a code belongs and is none (a typing error); "" otherwise.
    given: str = ""


Turn: TypeAlias = Report | Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An earlier record that might be the same complaint."""

    record_id: str
    cluster: str
    same_sender: bool
    #: Its `clean_text`.
    text: str
    received_at: datetime
    #: Its `place.name`, where one was told apart from the text.
    place: str = ""
