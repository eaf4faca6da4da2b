"""
Whom to tell: everybody whose report says the same as the one an update is about.

Each reporter once, by their own case: whoever reported it several times is told about the report
the update is for, or else about their newest.
"""

from collections.abc import Sequence

from forwarder.ports import Transaction
from gateway import clusters
from gateway.back import notices
from gateway.back.take import News
from normalizer.dialog_talk import WITHDRAWN

CLUSTER = "select coalesce(cluster, record_id) from records where record_id = :record_id"
PARTS = "select cluster from clusters where whole = :whole"
PEOPLE = """
select record_id, pseudonym from records
where (record_id {among:parts} or cluster {among:parts}) and state <> :withdrawn
order by case when record_id = :about then 1 else 0 end, received_at
"""


def plan(tx: Transaction, news: Sequence[News], *, fold: int, now: int) -> None:
    """Put down that people are to be told, `fold` milliseconds from now."""
    worth_telling: dict[str, list[int]] = {}
    urgent = {one.record_id for one in news if one.read.urgent}
    for one in news:
        # What came too late tells nothing about how the case stands, but what was said was said.
        if not one.read.quiet and (one.update.text or not one.late):
            worth_telling.setdefault(one.record_id, []).append(one.id)
    for record_id, lines in worth_telling.items():
        people = people_of(tx, record_id)
        due, pressing = now + fold, record_id in urgent
        notices.add(tx, people, lines, due=due, now=now, urgent=pressing)


def people_of(tx: Transaction, record_id: str) -> dict[str, str]:
    """One report of each who reports the same, with their lane."""
    row = tx.one(CLUSTER, record_id=record_id)
    whole = clusters.whole(tx, row[0] if row else record_id)
    parts = sorted({whole, *(part[0] for part in tx.all(PARTS, whole=whole))})
    rows = tx.all(PEOPLE, parts=parts, about=record_id, withdrawn=WITHDRAWN)
    # The last row of a lane stands for its reporter.
    return {id_: lane for lane, id_ in {lane: id_ for id_, lane in rows}.items()}
