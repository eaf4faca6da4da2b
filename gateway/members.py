"""
Which journal rows belong to a report or wait to belong to one: the dialog's questions to `work`.

The `reason` of a row that joined a record later, or of a command that changed it, is its role (see
`normalizer.dialog_talk.Role`); rows the record was made of have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

import msgspec

from forwarder.ports import Transaction
from gateway.work import Claimed, load
from normalizer.dialog_talk import Role

#: Why a message waits that is no part: for words, or for the rest of its album.
QUIET = "quiet"
ROLES = frozenset(get_args(Role))

# A claim has moved `due` of what is in hand; its time is over.
WAITING = """
select w.lane, w.journal_id, case when w.owner is null then w.due else 0 end, j.external_id,
       j.received_at
from work w join journal j on j.id = w.journal_id
where w.lane {among:lanes} and w.state = 'waiting' and w.reason = 'quiet' order by w.journal_id
"""
MEMBERS = "select journal_id, state, reason from work where record_id = :record_id"
BY_EXTERNAL_ID = """
select w.lane, w.state, w.record_id from journal j join work w on w.journal_id = j.id
where j.channel = :channel and j.external_id = :external_id
"""
FORGET = """
update journal set data_key = null where id in (
    select journal_id from work where lane = :lane and state = 'command'
    union all select journal_id from work where lane = :lane and state = 'waiting'
    union all select journal_id from work where lane = :lane and state = 'parked'
    union all select w.journal_id from records r join work w on w.record_id = r.record_id
        where r.pseudonym = :lane
) and id not in (
    select w.journal_id from work w join holds h on h.record_id = w.record_id where w.lane = :lane
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that waits a moment for what belongs to it."""

    id: int
    external_id: str
    received_at: int
    #: When it goes on alone; 0 where that is now.
    due: int


class Part(msgspec.Struct, frozen=True):
    """A journal row of a report, and what it is to it."""

    row: Claimed
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What became of an earlier message of a channel."""

    lane: str | None
    state: str
    record_id: str | None


def waiting_of(tx: Transaction, lanes: Sequence[str]) -> dict[str, list[Waiting]]:
    """The messages of these senders that wait, oldest first."""
    found: dict[str, list[Waiting]] = {}
    for lane, id_, due, external_id, received_at in tx.all(WAITING, lanes=list(lanes)):
        one = Waiting(id=id_, external_id=external_id, received_at=received_at, due=due)
        found.setdefault(lane, []).append(one)
    return found


def members_of(tx: Transaction, record_id: str, also: Sequence[int] = ()) -> list[Part]:
    """Every row of a record with its payload, oldest first; `also` rows that join it now."""
    roles = dict.fromkeys(also, _role("", None))
    roles |= {row[0]: _role(row[1], row[2]) for row in tx.all(MEMBERS, record_id=record_id)}
    return [Part(row=row, role=roles[row.id]) for row in load(tx, list(roles))]


def original(tx: Transaction, channel: str, external_id: str) -> Original | None:
    """What became of the message with this id, or None where it is unknown."""
    row = tx.one(BY_EXTERNAL_ID, channel=channel, external_id=external_id)
    return Original(lane=row[0], state=row[1], record_id=row[2]) if row else None


def forget(tx: Transaction, lane: str, also: Sequence[int]) -> None:
    """Destroy the keys to everything a sender has sent that is not held."""
    tx.run("update journal set data_key = null where id {among:ids}", ids=list(also))
    tx.run(FORGET, lane=lane)


def _role(state: str, reason: str | None) -> Role:
    known = state in {"joined", "command"} and reason in ROLES
    return cast("Role", reason) if known else ""
