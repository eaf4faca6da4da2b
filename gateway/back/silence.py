"""
Who asked for no notices, by BERHENTI: all SQL on the table `silenced`.

Everybody stands there under what stands for them in anonymous reports (`naming.hidden_lane`): it
holds for both kinds of reports and ties none to the other.
"""

from collections.abc import Sequence

from forwarder.ports import Transaction


def silence(tx: Transaction, lane: str, now: int) -> None:
    """Send no notices any more (`lane`: `hidden_lane`, it fits all they report); answers go out."""
    tx.insert("silenced", ("lane", "since"), [(lane, now)])


def speak(tx: Transaction, lane: str) -> None:
    """Send them again."""
    tx.run("delete from silenced where lane = :lane", lane=lane)


def among(tx: Transaction, lanes: Sequence[str]) -> set[str]:
    """Who of these asked for none."""
    rows = tx.all("select lane from silenced where lane {among:lanes}", lanes=list(lanes))
    return {row[0] for row in rows}
