"""What was said in public and not to us: all SQL on table `signals`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from channels.contract import Signal
from forwarder.ports import Row, Transaction, Vault
from gateway.clusters import Grown
from gateway.work import Claimed

#: The report somebody made of a signal, and whether somebody said that it is none of ours.
Stamp = tuple[str | None, bool]

#: The source of signals of our own making.
EVENT = "mass-event"
COLUMNS = ("journal_id", "channel", "source", "received_at", "document", "data_key")
COLUMNS_SEEN = "journal_id, channel, received_at, document, data_key, record_id"
RECENT = f"""
select {COLUMNS_SEEN} from signals
where received_at >= :since and data_key is not null order by journal_id desc limit :limit
"""
ONE = f"select {COLUMNS_SEEN} from signals where journal_id = :id and data_key is not null"
STAMPS = """
select journal_id, record_id, hidden_at from signals
where received_at >= :since and data_key is not null
order by received_at desc limit :limit
"""
SOME = f"""
select {COLUMNS_SEEN}, hidden_at from signals
where journal_id {{among:ids}} and data_key is not null
"""
HIDE = """
update signals set hidden_at = :now, hidden_by = :who
where journal_id = :id and record_id is null and hidden_at is null
"""
SHOW = """
update signals set hidden_at = null, hidden_by = null
where journal_id = :id and hidden_at is not null
"""
TAKEN = "update signals set record_id = :record_id where journal_id = :id and record_id is null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A signal as the monitor shows it."""

    id: int
    channel: str
    received_at: int
    signal: Signal
    #: The report somebody made of it.
    record_id: str | None


def put(tx: Transaction, vault: Vault, seen: Sequence[tuple[Claimed, Signal]]) -> None:
    """Keep signals for the monitor, sealed; one that is known stays."""
    rows = [
        (
            row.id,
            row.channel,
            signal.source,
            row.received_at,
            *vault.seal(msgspec.json.encode(signal)),
        )
        for row, signal in seen
    ]
    tx.insert("signals", COLUMNS, rows)


def tell(tx: Transaction, vault: Vault, grown: Sequence[Grown]) -> None:
    """Tell the monitor of events many people report, by the report that made them so many."""
    rows = [
        (
            one.by.number,
            one.by.channel,
            EVENT,
            one.by.received_at,
            *vault.seal(msgspec.json.encode(_event(one))),
            one.cluster,  # it is a report already
        )
        for one in grown
    ]
    tx.insert("signals", (*COLUMNS, "record_id"), rows)


def _event(grown: Grown) -> Signal:
    text = (
        f"{grown.senders} people within a day tell of what case {grown.by.case_code} tells of;"
        f" {grown.reports} reports say the same"
    )
    return Signal(source=EVENT, text=text, title="mass event")


def recent(tx: Transaction, vault: Vault, *, since: int, limit: int = 200) -> Iterator[Seen]:
    """The newest signals, newest first; erased ones are left out."""
    return (_seen(row, vault) for row in tx.all(RECENT, since=since, limit=limit))


def find(tx: Transaction, vault: Vault, id_: int) -> Seen | None:
    """One signal, or None where it is unknown or was erased."""
    row = tx.one(ONE, id=id_)
    return _seen(row, vault) if row else None


def number(tx: Transaction, *, since: int) -> int:
    """How many came in since then."""
    row = tx.one("select count(*) from signals where received_at >= :since", since=since)
    return int(row[0]) if row else 0


def stamps(tx: Transaction, *, since: int, limit: int) -> dict[int, Stamp]:
    """What became of each of the newest signals; erased ones are left out."""
    rows = tx.all(STAMPS, since=since, limit=limit)
    return {row[0]: (row[1], row[2] is not None) for row in rows}


def some(tx: Transaction, vault: Vault, ids: Sequence[int]) -> list[tuple[Seen, Stamp]]:
    """These signals and what became of them; those that are not there are left out."""
    rows = tx.all(SOME, ids=list(ids))
    return [(_seen(row, vault), (row[5], row[6] is not None)) for row in rows]


def hide(tx: Transaction, id_: int, *, who: str, now: int) -> bool:
    """A person says that it is none of ours; false where a report was made of it, or before."""
    return tx.run(HIDE, id=id_, who=who, now=now) > 0


def show(tx: Transaction, id_: int) -> bool:
    """It may be ours after all."""
    return tx.run(SHOW, id=id_) > 0


def taken(tx: Transaction, id_: int, record_id: str) -> bool:
    """A person made a report of a signal; false if somebody was quicker."""
    return tx.run(TAKEN, id=id_, record_id=record_id) > 0


def _seen(row: Row, vault: Vault) -> Seen:
    document = vault.open(bytes(row[3]), bytes(row[4]))
    return Seen(
        id=row[0],
        channel=row[1],
        received_at=row[2],
        signal=msgspec.json.decode(document, type=Signal),
        record_id=row[5],
    )
