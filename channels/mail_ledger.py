"""
How far a folder has been read: highest UID, and the holes below it.

IMAP numbers the mails of a folder upwards and never twice, as long as its UIDVALIDITY stays. With
another one the server forgot the numbers: everything is read again, and the journal folds what it
holds. Flags play no part, so people may read the same mailbox. RFC 3501 section 2.3.1.1.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

PREFIX = "imap "

#: More mails that cannot be fetched are no holes: the mailbox itself is damaged.
MOST_HOLES = 1000

_SHOWN_HOLES = 20


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The cursor of one folder."""

    uidvalidity: int = 0
    #: Every UID up to here was read, but for the holes.
    last: int = 0
    #: Mails the server would not give us; asked for again from time to time.
    holes: tuple[int, ...] = ()
    #: Mails that somebody moved or deleted before we could read them.
    gone: int = 0

    def read(self, uid: int) -> "Ledger":
        """A mail is in the journal."""
        return self._with(uid, self._without(uid))

    def missed(self, uid: int) -> "Ledger":
        """A mail cannot be fetched now."""
        return self._with(uid, tuple(sorted({*self.holes, uid})))

    def lost(self, uid: int) -> "Ledger":
        """A mail is not in the folder any more."""
        found = self._with(uid, self._without(uid))
        return msgspec.structs.replace(found, gone=self.gone + 1)

    def written(self) -> str:
        """As the cursor keeps it."""
        return msgspec.json.encode(self).decode()

    def _with(self, uid: int, holes: tuple[int, ...]) -> "Ledger":
        return msgspec.structs.replace(self, last=max(self.last, uid), holes=holes)

    def _without(self, uid: int) -> tuple[int, ...]:
        return tuple(hole for hole in self.holes if hole != uid)


def ledger_of(cursor: str) -> Ledger:
    """The ledger in a cursor; a new one where there is none."""
    try:
        return msgspec.json.decode(cursor, type=Ledger)
    except msgspec.DecodeError:
        return Ledger()


def status_lines(cursors: Mapping[str, str]) -> Iterator[str]:
    """What an operator wants to know of each folder."""
    for name in sorted(cursors):
        if name.startswith(PREFIX):
            yield from _told(name, ledger_of(cursors[name]))


def _told(name: str, ledger: Ledger) -> Iterator[str]:
    yield f"{name}: read up to UID {ledger.last}"
    if ledger.holes:
        yield f"{name}: {len(ledger.holes)} mails could not be fetched: UID {_listed(ledger.holes)}"
    if ledger.gone:
        yield f"{name}: {ledger.gone} mails were moved or deleted before they could be read"


def _listed(uids: Iterable[int]) -> str:
    shown = [str(uid) for uid in uids]
    more = ", …" if len(shown) > _SHOWN_HOLES else ""
    return ", ".join(shown[:_SHOWN_HOLES]) + more
