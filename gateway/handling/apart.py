"""Pairs of reports an officer said are not the same, so that nobody is asked about them again."""

from collections.abc import Iterable

from forwarder.ports import Transaction

COLUMNS = ("one", "other", "at")
OTHERS = "select other from apart where one = :id union all select one from apart where other = :id"
FORGET = "delete from apart where one = :one and other = :other"


def part(tx: Transaction, record_id: str, others: Iterable[str], now: int) -> None:
    """A report is not the same as these."""
    pairs = [_pair(record_id, other) for other in others if other != record_id]
    tx.insert("apart", COLUMNS, [(*pair, now) for pair in sorted(pairs)])


def forget(tx: Transaction, record_id: str, other: str) -> None:
    """They are the same after all."""
    one, another = _pair(record_id, other)
    tx.run(FORGET, one=one, other=another)


def parted_from(tx: Transaction, record_id: str) -> set[str]:
    """What a report is known not to be the same as."""
    return {row[0] for row in tx.all(OTHERS, id=record_id)}


def _pair(record_id: str, other: str) -> tuple[str, str]:
    return (record_id, other) if record_id < other else (other, record_id)
