"""
What happened to each case, in the order it happened: all SQL on the table `timeline`.

An entry is there once by `(store, update_id)`, however often and late it is told. The public state
of a case is that of its newest entry that stands for one; an entry that comes late takes its place
in the timeline and moves nothing.
"""

from collections.abc import Iterable, Sequence

import msgspec

from forwarder.ports import Row, Transaction, Vault
from normalizer.dialog_talk import WITHDRAWN
from normalizer.wording import STATES

COLUMNS = (
    "record_id",
    "store",
    "update_id",
    "at",
    "taken_at",
    "kind",
    "state",
    "word",
    "document",
    "data_key",
)
LAST_STATES = """
select state from timeline where record_id = :record_id and state is not null
and at = (select max(at) from timeline where record_id = :record_id and state is not null)
"""
# A case its sender took back is not brought up again.
MOVE = """
update records set state = :state, updated_at = :now
where record_id = :record_id and state not in (:state, :withdrawn)
"""
# Who follows what changed takes the case up again, also where its state is what it was.
TOUCH = """
update records set updated_at = :now where record_id {among:record_ids} and updated_at <> :now
"""
OF = """
select id, store, at, kind, state, word, document, data_key from timeline
where record_id = :record_id order by at, id
"""
AMONG = """
select record_id, id, store, at, kind, state, word, document, data_key from timeline
where id {among:ids} order by at, id
"""
KEPT = """
select at, kind, state, document, data_key from timeline
where record_id = :record_id and store <> '' order by at, id
"""
NUMBER = "select count(*) from timeline where record_id = :record_id and store = ''"
FORGET = "update timeline set data_key = null where record_id {among:record_ids}"


class Told(msgspec.Struct, frozen=True):
    """What of an entry is sealed; `Comment` has the same fields."""

    text: str = ""
    agency: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, to be put down."""

    record_id: str
    #: "" for what the citizen said.
    store: str
    update_id: str
    #: When it happened: milliseconds since 1970.
    at: int
    kind: str
    state: str | None = None
    word: str = ""
    #: `Told` as JSON and its data key.
    sealed: tuple[bytes, bytes]


class Kept(msgspec.Struct, frozen=True):
    """One thing that happened, sealed as it is kept; a struct, because it travels to the craft."""

    at: int
    kind: str
    state: str | None
    document: bytes
    data_key: bytes | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, as it is shown; without `told` to who may see the public part."""

    id: int
    store: str
    at: int
    kind: str
    state: str | None
    word: str
    #: None once the person was erased, and for anybody but the sender.
    told: Told | None = None


def put(tx: Transaction, entries: Sequence[Entry], now: int) -> list[tuple[int, str, str]]:
    """Write entries down; (id, store, update id) of those that were not known."""
    rows = [
        (
            one.record_id,
            one.store,
            one.update_id,
            one.at,
            now,
            one.kind,
            one.state,
            one.word,
            *one.sealed,
        )
        for one in entries
    ]
    new = tx.insert_new("timeline", COLUMNS, rows, ("id", "store", "update_id"))
    return [(row[0], row[1], row[2]) for row in new]


def bring_up_to_date(tx: Transaction, record_id: str, now: int) -> str | None:
    """Move a case to the state its timeline ends with; that state, None where it has none."""
    last = [row[0] for row in tx.all(LAST_STATES, record_id=record_id)]
    if not last:
        return None
    # Of two at the same moment the further one, whichever came first.
    state: str = max(last, key=STATES.index)
    tx.run(MOVE, record_id=record_id, state=state, withdrawn=WITHDRAWN, now=now)
    return state


def touch(tx: Transaction, record_ids: Iterable[str], now: int) -> None:
    """Something was told of these cases."""
    tx.run(TOUCH, record_ids=list(record_ids), now=now)


def of(tx: Transaction, record_id: str, vault: Vault | None = None) -> list[Step]:
    """The timeline of a case, oldest first; with a vault also what only its sender may read."""
    return [_step(row, vault) for row in tx.all(OF, record_id=record_id)]


def kept(tx: Transaction, record_id: str) -> list[Kept]:
    """What stores told of a case, oldest first, sealed."""
    rows = tx.all(KEPT, record_id=record_id)
    return [
        Kept(row[0], row[1], row[2], bytes(row[3]), None if row[4] is None else bytes(row[4]))
        for row in rows
    ]


def among(tx: Transaction, vault: Vault, ids: Sequence[int]) -> list[tuple[str, Step]]:
    """These entries with the records they are about, oldest first."""
    rows = tx.all(AMONG, ids=list(ids)) if ids else []
    return [(row[0], _step(row[1:], vault)) for row in rows]


def said_by_citizen(tx: Transaction, record_id: str) -> int:
    """How many entries of a case its sender has told."""
    row = tx.one(NUMBER, record_id=record_id)
    return int(row[0]) if row else 0


def forget(tx: Transaction, record_ids: Iterable[str]) -> None:
    """Destroy the keys to what was said about these cases; that it happened stays."""
    tx.run(FORGET, record_ids=list(record_ids))


def _step(row: Row, vault: Vault | None) -> Step:
    id_, store, at, kind, state, word, document, data_key = row
    told = None
    if vault and data_key is not None:
        told = msgspec.json.decode(vault.open(bytes(document), bytes(data_key)), type=Told)
    return Step(id=id_, store=store, at=at, kind=kind, state=state, word=word, told=told)
