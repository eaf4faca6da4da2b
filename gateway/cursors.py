"""How far channels that pull have read: all SQL on table `cursors`."""

from channels.contract import Cursor
from forwarder.ports import Transaction

MOVE = """
insert into cursors (channel, name, value, moved_at) values (:channel, :name, :value, :now)
on conflict (channel, name) do update set value = excluded.value, moved_at = excluded.moved_at
"""


def move(tx: Transaction, *, channel: str, cursor: Cursor, now: int) -> None:
    """Write a cursor down; in the transaction of the deliveries it stands for."""
    tx.run(MOVE, channel=channel, name=cursor.name, value=cursor.value, now=now)


def of(tx: Transaction, channel: str) -> dict[str, str]:
    """Every cursor of a channel by its name."""
    rows = tx.all("select name, value from cursors where channel = :channel", channel=channel)
    return {row[0]: row[1] for row in rows}
