"""
All that happened to a case, from every table that knows of it, as one list with the newest last.

Its timeline, what was delivered where, what citizens are still to be told, and who looked at it or
changed it. Bounded: of a case with thousands of entries the newest are told.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from forwarder.outbox import CENTRAL, CHANNEL
from forwarder.ports import Transaction, Vault
from gateway.access import trail_list
from gateway.access.trail_list import Wanted
from gateway.back import timeline
from gateway.handling.replying import OFFICE
from gateway.handling.seeing import Seen

MOST = 100
#: Begins what the audit trail says of somebody who only looked.
LOOKED = "looked at"

# By `record_id`, which the unique name of a row begins with.
DELIVERIES = """
select id, kind, revision, target, state, created_at, settled_at, reason, reference
from outbox where record_id = :record_id order by id desc limit :limit
"""
NOTICES = """
select due, created_at, state, reason from notices
where record_id = :record_id and state in ('waiting', 'held') order by id desc limit 1
"""
Kind = Literal["arrived", "step", "said", "delivery", "answer", "notice", "deed"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; what it is called is the page's to say."""

    at: int
    kind: Kind
    #: A step's kind, an outbox row's kind, what a person did.
    what: str
    #: Of a step or a delivery: how the case or the row stands.
    state: str = ""
    #: Who did it, or where it went.
    who: str = ""
    text: str = ""


def trace_of(tx: Transaction, vault: Vault, seen: Seen, *, limit: int = MOST) -> list[Event]:
    """The newest entries, oldest of them first."""
    found = [
        Event(at=seen.status.received_at, kind="arrived", what=seen.status.channel),
        *_steps(tx, vault, seen),
        *_deliveries(tx, seen, limit),
        *_notices(tx, seen),
    ]
    return sorted(found, key=lambda one: one.at)[-limit:]


def news_since(tx: Transaction, vault: Vault, seen: Seen, *, since: int, who: str) -> list[Event]:
    """What happened to a case after a moment, without what this person did."""
    steps = [one for one in _steps(tx, vault, seen) if one.at >= since]
    done = deeds(tx, seen, since=since, limit=MOST)
    others = [one for one in done if one.who != who and not one.what.startswith(LOOKED)]
    return sorted([*steps, *others], key=lambda one: one.at)[-MOST:]


def deeds(tx: Transaction, seen: Seen, *, since: int, limit: int) -> list[Event]:
    """Who looked at the case or changed it, by the audit trail."""
    wanted = Wanted(case=seen.status.case_code, since=since)
    found = trail_list.entries(tx, wanted, limit)
    return [Event(at=one.at, kind="deed", who=one.who, what=one.what) for one in found]


def _steps(tx: Transaction, vault: Vault, seen: Seen) -> Iterator[Event]:
    for step in timeline.of(tx, seen.status.record_id, vault):
        told = step.told
        yield Event(
            at=step.at,
            kind="step" if step.store else "said",
            what=step.kind,
            state=step.state or step.word,
            who="" if step.store == OFFICE else step.store,
            text=(told.text or told.agency) if told else "",
        )


def _deliveries(tx: Transaction, seen: Seen, limit: int) -> Iterator[Event]:
    rows = tx.all(DELIVERIES, record_id=seen.status.record_id, limit=limit)
    for _, kind, revision, target, state, created_at, settled_at, reason, reference in rows:
        is_record = target.startswith(CENTRAL)
        yield Event(
            at=settled_at or created_at,
            kind="delivery" if is_record else "answer",
            what=f"{revision}" if is_record and kind == "record" else kind,
            state=state,
            who=target.removeprefix(CENTRAL).removeprefix(CHANNEL),
            text=reason or reference or "",
        )


def _notices(tx: Transaction, seen: Seen) -> Iterator[Event]:
    for due, _, state, reason in tx.all(NOTICES, record_id=seen.status.record_id):
        yield Event(at=due, kind="notice", what=state, state=state, text=reason or "")
