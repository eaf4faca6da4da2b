"""The one open question of each sender: all SQL on the table `questions`."""

from collections.abc import Sequence

import msgspec

from forwarder.ports import Transaction

OPEN = """
select lane, topic, record_id, choices, asked_at from questions where lane {among:lanes}
"""
ASK = """
insert into questions (lane, topic, record_id, choices, asked_at)
values (:lane, :topic, :record_id, :choices, :asked_at)
on conflict (lane) do update set topic = excluded.topic, record_id = excluded.record_id,
    choices = excluded.choices, asked_at = excluded.asked_at
"""


class Open(msgspec.Struct, frozen=True):
    """A question a sender was asked."""

    lane: str
    topic: str
    record_id: str | None
    choices: int
    asked_at: int


def of(tx: Transaction, lanes: Sequence[str]) -> dict[str, Open]:
    """The open questions of these senders."""
    return {
        row[0]: Open(lane=row[0], topic=row[1], record_id=row[2], choices=row[3], asked_at=row[4])
        for row in tx.all(OPEN, lanes=list(lanes))
    }


def ask(tx: Transaction, asked: Sequence[Open]) -> None:
    """Write questions down; a newer one takes the place of an older."""
    tx.many(
        ASK,
        [
            {
                "lane": question.lane,
                "topic": question.topic,
                "record_id": question.record_id,
                "choices": question.choices,
                "asked_at": question.asked_at,
            }
            for question in asked
        ],
    )


def close(tx: Transaction, lanes: Sequence[str]) -> None:
    """These senders have answered."""
    if lanes:
        tx.run("delete from questions where lane {among:lanes}", lanes=list(lanes))
