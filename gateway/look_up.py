"""
What is remembered when a message comes: `look_up`, in one read for a whole batch.

Most messages are plain reports of people who were asked nothing: for them a few short questions to
the database are enough for all together, and neighbours alone are asked for one by one. A message
that depends on what an earlier one of the same sender in this batch brings about is left for the
next round, which begins after this one's commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forwarder import outbox_desk
from forwarder.ports import Transaction
from gateway import members, neighbours, questions, records
from gateway.conversation import (
    ALWAYS_THE_SAME,
    LOOKING,
    Moment,
    Timing,
    always_the_same,
    talk,
    target_of,
)
from gateway.naming import hidden_lane
from gateway.questions import Open
from gateway.records import Stored
from gateway.turn import Context, Inquiry
from gateway.vault import Vault

HOUR = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """The messages of one round with what was known, and those that must come after it."""

    inquiries: list[Inquiry]
    contexts: list[Context]
    later: list[Inquiry]


def look_up(
    tx: Transaction, vault: Vault, asked: Sequence[Inquiry], *, timing: Timing, now: int
) -> LookedUp:
    """What is known of each message, oldest first."""
    lanes = sorted({inquiry.lane for inquiry in asked})
    hidden = {lane: hidden_lane(vault, lane) for lane in lanes}
    answers = outbox_desk.recent(tx, [*lanes, *hidden.values()], since=now - HOUR)
    at = Moment(
        tx=tx,
        vault=vault,
        timing=timing,
        now=now,
        open=_open(questions.of(tx, [*lanes, *hidden.values()]), hidden),
        waiting=members.waiting_of(tx, lanes),
        records=records.find_all(tx, [inquiry.record_id for inquiry in asked]),
        answers={
            lane: answers.get(lane, 0) + answers.get(other, 0) for lane, other in hidden.items()
        },
    )
    first, later = _round(asked, at)
    asking = [inquiry for inquiry in first if inquiry.keys is not None]
    alike = neighbours.find(
        tx,
        [(inquiry.lane, inquiry.keys or ()) for inquiry in asking],
        since=now - timing.match_window,
    )
    known = {inquiry.id: found for inquiry, found in zip(asking, alike, strict=True)}
    contexts = [_context(inquiry, known.get(inquiry.id, []), at) for inquiry in first]
    return LookedUp(inquiries=first, contexts=contexts, later=later)


def _open(found: Mapping[str, Open], hidden: Mapping[str, str]) -> dict[str, Open]:
    """The newest question of each sender, also where it is about an anonymous report."""
    pairs = {lane: (found.get(lane), found.get(other)) for lane, other in hidden.items()}
    return {
        lane: max(filter(None, both), key=lambda one: one.asked_at)
        for lane, both in pairs.items()
        if any(both)
    }


def _round(asked: Sequence[Inquiry], at: Moment) -> tuple[list[Inquiry], list[Inquiry]]:
    """The messages that can be decided on side by side, and the rest."""
    first: list[Inquiry] = []
    later: list[Inquiry] = []
    reported: set[str] = set()
    changed: set[str] = set()
    for inquiry in asked:
        lane = inquiry.lane
        command = inquiry.command.name if inquiry.command else ""
        asks = not inquiry.plain and not always_the_same(inquiry)
        lively = asks or lane in at.open or lane in at.waiting
        if lane in changed or (lively and lane in reported):
            changed.add(lane)
            later.append(inquiry)
            continue
        first.append(inquiry)
        if lively and command not in (*LOOKING, *ALWAYS_THE_SAME):
            changed.add(lane)
        elif not command:
            reported.add(lane)
    return first, later


def _context(inquiry: Inquiry, alike: list[Stored], at: Moment) -> Context:
    tx, lane = at.tx, inquiry.lane
    found = at.records.get(inquiry.record_id)
    existing = target_of(tx, found, with_parts=True, also=inquiry.ids)
    return Context(
        existing=existing,
        neighbours=alike,
        answers=at.answers.get(lane, 0),
        talk=None if existing else talk(inquiry, at),
    )
