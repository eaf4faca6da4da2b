"""What it takes to read a mailbox over IMAP, and how that can fail."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from channels.contract import Secret


class Denied(Exception):
    """The server does not take the user name and password."""


class Away(Exception):
    """No connection, or it broke; the text says what happened and quotes nothing."""


class SaysNo(Exception):
    """The server refused one command, or its answer cannot be read; the connection lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One mailbox; nothing in it is ever changed."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    #: A PEM file, "" for the certificates the system trusts.
    ca: str
    username: str
    password: Secret
    folders: tuple[str, ...]
    #: Seconds between two looks, where the server cannot tell of new mail by itself.
    poll: float
    #: Mail that came before this day is not ours.
    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder as it is now: its UIDs mean something only together with `uidvalidity`."""

    uidvalidity: int
    exists: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A mail, or its first bytes where it is larger than was asked for."""

    content: bytes
    #: As the server counts it.
    size: int
