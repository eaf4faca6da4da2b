"""
Nothing that is kept of an anonymous report may be tied to its sender without the gateway key.

`blind` rewrites what one message leads to before it leaves the thinking process; `hide` does the
same, in the commit, to all that was written before anybody knew. The messages themselves lose their
keys: what they said is in the record, and who said it in the ministry's box.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from forwarder.ports import Transaction
from gateway.naming import is_hidden
from gateway.questions import Open
from gateway.turn import Hidden, Made
from gateway.work import Settled

RECORDS = """
update records set pseudonym = :lane where record_id = :record_id and pseudonym <> :lane
"""
REPORTERS = """
update reporters set pseudonym = :lane where record_id = :record_id and pseudonym <> :lane
"""
WORK = "update work set lane = :lane where record_id = :record_id and lane <> :lane"
MESSAGES = """
update journal set data_key = null where data_key is not null
and id in (select journal_id from work where record_id = :record_id)
"""
REPLIES = """
update outbox set lane = :lane
where record_id = :record_id and reply_id is not null and lane <> :lane
"""
# What waits for a store was made while the report was not anonymous yet, and is put aside. What may
# be on its way this moment ends as the store answers, or the number it gives would be lost.
_PUT_ASIDE = "(state = 'parked' or (state = 'pending' and owner is null))"
OLDER = f"""
update outbox set data_key = null,
    reason = case when {_PUT_ASIDE} then 'superseded: anonymous' else reason end,
    dismissed = case when {_PUT_ASIDE} then 'superseded: anonymous' else dismissed end,
    settled_at = case when {_PUT_ASIDE} then :now else settled_at end,
    state = case when {_PUT_ASIDE} then 'parked' else state end
where record_id = :record_id and kind = 'record' and data_key is not null and revision < (
    select revision from records where record_id = :record_id
)
"""
NOTICES = "update notices set lane = :lane where record_id = :record_id and lane <> :lane"
UNASK = "delete from questions where lane = :lane and record_id <> :record_id"
QUESTIONS = "update questions set lane = :lane where record_id = :record_id and lane <> :lane"
JOINED = ("joined", "command")
LANE_OF = "select record_id, pseudonym from records where record_id {among:ids}"


def blind(made: Made, lane: str) -> None:
    """Put what stands for the sender in place of `lane` where an anonymous report is spoken of."""
    hidden = {one.record_id: one.lane for one in made.effects.hidden}
    if not hidden:
        return
    made.settled = [
        replace(row, lane=hidden[row.record_id]) if row.record_id in hidden else row
        for row in made.settled
    ]
    made.entries = [
        replace(entry, lane=hidden[entry.record_id])
        if entry.record_id in hidden and entry.lane == lane
        else entry
        for entry in made.entries
    ]


def hide(tx: Transaction, reports: Sequence[Hidden], *, now: int) -> None:
    """Rewrite what is known of these reports; harmless where it is done already."""
    for report in dict.fromkeys(reports):
        ids = {"lane": report.lane, "record_id": report.record_id}
        for statement in (RECORDS, REPORTERS, WORK, REPLIES, NOTICES, UNASK, QUESTIONS):
            tx.run(statement, **ids)
        tx.run(MESSAGES, record_id=report.record_id)
        supersede(tx, report.record_id, now=now)


def supersede(tx: Transaction, record_id: str, *, now: int) -> None:
    """Let no earlier revision of a record go out any more."""
    tx.run(OLDER, record_id=record_id, now=now)


def spoken_of(tx: Transaction, settled: Sequence[Settled]) -> list[Hidden]:
    """The anonymous reports that messages joined or were commands about."""
    ids = {row.record_id for row in settled if row.record_id and row.state in JOINED}
    rows = tx.all(LANE_OF, ids=sorted(ids)) if ids else []
    return [Hidden(record_id=row[0], lane=row[1]) for row in rows if is_hidden(row[1])]


def asked_blindly(tx: Transaction, asked: Sequence[Open]) -> list[Open]:
    """Questions about an anonymous report are kept under what stands for its sender."""
    ids = [one.record_id for one in asked if one.record_id]
    lanes: dict[str, str] = dict(tx.all(LANE_OF, ids=ids)) if ids else {}
    return [
        replace(one, lane=lanes[one.record_id])
        if one.record_id and is_hidden(lanes.get(one.record_id, ""))
        else one
        for one in asked
    ]
