"""
What comes back from a central store, and what a citizen says to it afterwards; values only.

An update is taken once by `(store, update_id)`, whatever order and however often it arrives. The
store's own words stay as they are; what they mean for a citizen is a table in config.
"""

from typing import Literal

import msgspec

UpdateKind = Literal["status", "answer", "question", "transfer", "closed"]


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a case in a central store."""

    #: Unique in that store, and the same whenever it is told again.
    update_id: str
    #: Ours, where the store tells it; else `reference` says which case it is.
    record_id: str = ""
    #: The store's own number for the case, as in the receipt of the push.
    reference: str = ""
    #: When it happened: milliseconds since 1970.
    at: int
    #: None: the table of status words decides.
    kind: UpdateKind | None = None
    #: The store's word for the state of the case.
    status: str = ""
    #: What the office says to the citizen.
    text: str = ""
    #: Who has the case now, as the store calls it.
    agency: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Updates and where to go on; both are kept in one transaction."""

    updates: tuple[Update, ...] = ()
    #: Opaque, of the store's connector; empty: from the beginning.
    cursor: str = ""
    #: There is more to fetch at once.
    more: bool = False


class Comment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a citizen said about a case after it was reported: the body of a push of that kind."""

    record_id: str
    #: Unique and lasting; a store sees each comment once.
    comment_id: str
    #: When the citizen sent it: milliseconds since 1970.
    at: int
    text: str
    #: The answer to "is it solved?", where it is one.
    solved: bool | None = None
