"""
Taking updates: timeline, public state and whom to tell, in one transaction.

    update ──▶ its record, by our id or by the store's number ──▶ timeline ──▶ state ──▶ notices
           └─▶ nobody knows the case: kept until somebody does
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from forwarder.outbox import CENTRAL
from forwarder.ports import Transaction, Vault
from forwarder.update import Update
from gateway.back import strays, timeline
from gateway.back.statuses import Read, Statuses

KNOWN = "select record_id from records where record_id {among:record_ids}"
# A word such as "already there" is no number of one case: two records of one reference are none.
REFERRED = """
select reference, min(record_id), max(record_id) from outbox
where reference {among:references} and kind = 'record' and reference <> '' and target = :target
group by reference
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An update that was not known before, for who tells citizens of it."""

    #: Of its entry in the timeline.
    id: int
    record_id: str
    update: Update
    read: Read
    #: It came too late to say how the case stands now.
    late: bool


@dataclass(slots=True, kw_only=True)
class Taken:
    """What became of some updates."""

    news: int = 0
    #: Told before.
    known: int = 0
    #: About cases nobody knows.
    strays: int = 0
    #: Words that are in no table.
    unknown_words: int = 0


@dataclass(slots=True, kw_only=True)
class Taker:
    """What taking needs beside the transaction."""

    vault: Vault
    #: The table of words; a newer one takes its place when settings are read again.
    statuses: Statuses
    #: Puts down whom to tell, in the same transaction: (tx, news, now).
    on_news: Callable[[Transaction, Sequence[News], int], None]

    def take(self, tx: Transaction, store: str, updates: Sequence[Update], now: int) -> Taken:
        """Write updates of a store down, with all that follows."""
        if not updates:
            return Taken()
        found = _records_of(tx, store, updates)
        homeless = [one for one in updates if _case(one, found) is None]
        taken = Taken(strays=strays.keep(tx, self.vault, store, homeless, now=now))
        entries: dict[str, tuple[str, Update]] = {}
        for update in sorted(updates, key=lambda one: one.at):
            record_id = _case(update, found)
            if record_id is not None:
                entries.setdefault(update.update_id, (record_id, update))
        self._put(tx, store, list(entries.values()), taken=taken, now=now)
        return taken

    def take_strays(self, tx: Transaction, now: int) -> int:
        """Take what waited for cases that are known by now; how many that were."""
        found = strays.known_now(tx, self.vault)
        before = len(found)
        for store in sorted({one.store for one in found}):
            self.take(tx, store, [one.update for one in found if one.store == store], now)
        # What still has no case stands there already and was left as it is.
        strays.taken(tx, [one.id for one in found if _is_in_timeline(tx, one)])
        return before

    def _put(
        self,
        tx: Transaction,
        store: str,
        cases: Sequence[tuple[str, Update]],
        *,
        taken: Taken,
        now: int,
    ) -> None:
        # A clock that is ahead over there must not make every later update an older one.
        cases = [(id_, msgspec.structs.replace(one, at=min(one.at, now))) for id_, one in cases]
        read = {update.update_id: self.statuses.read(store, update) for _, update in cases}
        entries = [self._entry(store, one, id_, read[one.update_id]) for id_, one in cases]
        new = {row[2]: row[0] for row in timeline.put(tx, entries, now)}
        fresh = [(id_, one) for id_, one in cases if one.update_id in new]
        told = {id_ for id_, _ in fresh}
        states = {id_: timeline.bring_up_to_date(tx, id_, now) for id_ in told}
        timeline.touch(tx, told, now)
        news = [
            News(
                id=new[one.update_id],
                record_id=id_,
                update=one,
                read=read[one.update_id],
                late=read[one.update_id].state not in (None, states[id_]),
            )
            for id_, one in fresh
        ]
        taken.news += len(news)
        taken.known += len(cases) - len(news)
        taken.unknown_words += sum(one.read.unknown for one in news)
        self.on_news(tx, news, now)

    def _entry(self, store: str, update: Update, record_id: str, read: Read) -> timeline.Entry:
        told = timeline.Told(text=update.text, agency=read.agency)
        return timeline.Entry(
            record_id=record_id,
            store=store,
            update_id=update.update_id,
            at=update.at,
            kind=read.kind,
            state=read.state,
            word=update.status,
            sealed=self.vault.seal(msgspec.json.encode(told)),
        )


def _records_of(tx: Transaction, store: str, updates: Sequence[Update]) -> dict[str, str]:
    """The records some updates are about: by our ids, and by the store's numbers."""
    ids = sorted({one.record_id for one in updates if one.record_id})
    references = sorted({one.reference for one in updates if one.reference})
    found = {row[0]: row[0] for row in tx.all(KNOWN, record_ids=ids)} if ids else {}
    if references:
        rows = tx.all(REFERRED, references=references, target=f"{CENTRAL}{store}")
        found |= {f"#{row[0]}": row[1] for row in rows if row[1] == row[2]}
    return found


def _case(update: Update, found: dict[str, str]) -> str | None:
    return found.get(update.record_id) or found.get(f"#{update.reference}")


def _is_in_timeline(tx: Transaction, stray: strays.Stray) -> bool:
    row = tx.one(
        "select id from timeline where store = :store and update_id = :update_id",
        store=stray.store,
        update_id=stray.update.update_id,
    )
    return row is not None
