"""Who acts in the console, and what somebody in a role may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is here; each role is a set of rights."""

    VIEWER = "viewer"
    OFFICER = "officer"
    VERIFIER = "verifier"
    ADMIN = "admin"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a page or a form asks for before it answers."""

    #: Lists, words and figures.
    READ = "read"
    #: Accept, correct, join, reply, transfer, hand over.
    HANDLE = "handle"
    #: Ask who a citizen is.
    REVEAL = "reveal"
    #: Be the second person; tighten what may be passed on.
    APPROVE = "approve"
    #: Parked items, retries, stores.
    OPERATE = "operate"
    #: Users and keys.
    PEOPLE = "people"
    #: The audit trail.
    TRAIL = "trail"


_OFFICER = frozenset({Right.READ, Right.HANDLE, Right.REVEAL})
_VERIFIER = _OFFICER | {Right.APPROVE}

RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Right.READ}),
        Role.OFFICER: _OFFICER,
        Role.VERIFIER: _VERIFIER,
        Role.ADMIN: _VERIFIER | {Right.OPERATE, Right.PEOPLE, Right.TRAIL},
        Role.AUDITOR: frozenset({Right.READ, Right.TRAIL}),
    }
)

# These reach past one agency's records: an agency's people have them in no role. What is parked,
# who uses the console and what everybody did tell of other agencies and of citizens.
_WHOLE_OFFICE = frozenset({Right.REVEAL, Right.OPERATE, Right.PEOPLE, Right.TRAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in."""

    id: int
    login: str
    name: str
    role: Role
    #: Whose records they see; empty: the whole office's.
    agency: str = ""
    language: str = "id"

    def may(self, right: Right) -> bool:
        """Whether their role has the right, and their agency leaves it to them."""
        return right in RIGHTS[self.role] and not (self.agency and right in _WHOLE_OFFICE)
