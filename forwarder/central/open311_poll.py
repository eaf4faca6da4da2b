"""
What an Open311 server tells about our requests, asked for page by page.

The ids of our open cases are asked for by the fifty; a token is exchanged for its number. An update
is named by what it says, so the same state told twice is one update. With the FixMyStreet extension
the updates of a stretch of time are read instead, but for those that bear our own mark.
"""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Protocol

import msgspec

from channels.contract import Refused, TryLater, Uncertain
from forwarder.central.cases import moment
from forwarder.central.open311_answers import TOKEN
from forwarder.central.open311_read import Row, moment_of, text
from forwarder.ledger import Case, Ledger
from forwarder.update import Page, Update

CASES = 50
# Updates are asked for anew from a while before the last look: clocks differ, lists lag behind.
OVERLAP_MS = 3_600_000
MOST_MS = 89 * 86_400_000
OUR_MARK = "[LAPOR"


class Get(Protocol):
    """Asks for a resource by GET."""

    def __call__(
        self, resource: str, **query: str
    ) -> Awaitable[Sequence[Row] | TryLater | Uncertain | Refused]:
        """The rows of the answer, or what is wrong."""


class _Cursor(msgspec.Struct):
    #: The record the last page ended with; empty: begin anew.
    after: str = ""
    #: Until when updates were read: milliseconds since 1970.
    until: int = 0


class Poller:
    """Reads one server's news."""

    def __init__(
        self, get: Get, ledger: Ledger, *, clock: Callable[[], int], extension: bool
    ) -> None:
        self._get = get
        self._ledger = ledger
        self._clock = clock
        self._extension = extension

    async def page(self, cursor: str) -> Page | TryLater:
        """The states of the next fifty cases; at the end of the list the extension's updates."""
        at = msgspec.json.decode(cursor, type=_Cursor) if cursor else _Cursor()
        cases = await self._ledger.cases(at.after, CASES)
        numbered = [await self._numbered(case) for case in cases]
        asked = [case for case in numbered if case is not None]
        updates: Sequence[Update] | TryLater = ()
        if asked and not self._extension:
            updates = await self._states(asked)
        more = len(cases) == CASES
        if not more and self._extension:
            now = self._clock()
            updates = await self._told(at.until, now)
            at.until = now
        if isinstance(updates, TryLater):
            return updates
        at.after = cases[-1].record_id if more else ""
        return Page(updates=tuple(updates), cursor=msgspec.json.encode(at).decode(), more=more)

    async def number_of(self, token: str) -> str:
        """The number a token has got, or nothing yet."""
        rows = await self._get(f"tokens/{token.removeprefix(TOKEN)}")
        if isinstance(rows, TryLater | Uncertain | Refused):
            return ""
        return next((text(row, "service_request_id") for row in rows), "")

    async def _numbered(self, case: Case) -> Case | None:
        if not case.reference.startswith(TOKEN):
            return case if case.reference else None
        number = await self.number_of(case.reference)
        if not number:
            return None
        await self._ledger.rename(case.record_id, number)
        return msgspec.structs.replace(case, reference=number)

    async def _states(self, cases: Sequence[Case]) -> Sequence[Update] | TryLater:
        ours = {case.reference: case.record_id for case in cases}
        rows = await self._get("requests", service_request_id=",".join(ours))
        if isinstance(rows, Refused):  # it knows none of them: nothing is new
            return ()
        if isinstance(rows, TryLater | Uncertain):
            return TryLater(reason=rows.reason)
        known = [(row, ours.get(text(row, "service_request_id"))) for row in rows]
        return [
            self._state(row, record_id) for row, record_id in known if record_id and _tells(row)
        ]

    def _state(self, row: Row, record_id: str) -> Update:
        status, notes = text(row, "status").lower(), text(row, "status_notes")
        agency = text(row, "agency_responsible")
        number = text(row, "service_request_id")
        name = f"{number}\n{text(row, 'updated_datetime')}\n{status}\n{notes}\n{agency}"
        at = moment_of(row, "updated_datetime", "requested_datetime")
        return Update(
            update_id=blake2b(name.encode(), digest_size=16).hexdigest(),
            record_id=record_id,
            reference=number,
            at=self._clock() if at is None else at,
            kind="closed" if status == "closed" else None,
            status=status,
            text=notes,
            agency=agency,
        )

    async def _told(self, until: int, now: int) -> Sequence[Update] | TryLater:
        since = max(until - OVERLAP_MS, now - MOST_MS)
        span = {"start_date": moment(since), "end_date": moment(now)}
        rows = await self._get("servicerequestupdates", **span)
        if isinstance(rows, TryLater | Uncertain | Refused):
            return TryLater(reason=rows.reason)
        return [
            Update(
                update_id=text(row, "update_id"),
                reference=text(row, "service_request_id"),
                at=moment_of(row, "updated_datetime") or now,
                status=text(row, "status").lower(),
                text=text(row, "description"),
            )
            for row in rows
            if text(row, "update_id") and OUR_MARK not in text(row, "description")
        ]


def _tells(row: Row) -> bool:
    """Whether a state is more than that the request is there."""
    return text(row, "status").lower() != "open" or bool(text(row, "status_notes"))
