"""
Erasing on somebody's word: a case on an officer's, all of a person on an officer's or their own.

What a person sent that became no case, what they were told and asked goes with their cases. A case
that is held stays, with what is needed to answer for it, and who asked is written beside the hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from forwarder import outbox_desk
from forwarder.ports import Transaction
from gateway import members, questions, records
from gateway.back import notices, silence
from gateway.custody.duty import Done, Duty, Refused, case_of, note
from gateway.custody.erasing import Certificate, Eraser
from gateway.custody.holding import asked_for, held_among, lock
from gateway.naming import hidden_lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgone:
    """What became of a person's cases."""

    certificates: Sequence[Certificate]
    #: Ids of records that are held.
    held: Sequence[str]


def erase(tx: Transaction, eraser: Eraser, duty: Duty, now: int) -> Done:
    """Erase a case, or all of a sender, on an officer's order."""
    if duty.case_code:
        status = case_of(tx, duty.case_code)
        lock(tx, [status.record_id])
        if held_among(tx, [status.record_id]):
            raise Refused(f"{duty.case_code} is held: release it first")
        made = eraser.erase(tx, status.record_id, duty, now)
        found, held = [made] if made else [], 0
    else:
        lane = eraser.vault.pseudonym(duty.channel, duty.sender)
        gone = forget(tx, eraser, lane, duty, now)
        found, held = list(gone.certificates), len(gone.held)
    lines = [f"erased {len(found)} cases"]
    if held:
        lines.append(f"left {held} cases that are held; they are erased when they are released")
    return Done(
        lines=tuple(lines), data={"certificates": [msgspec.to_builtins(one) for one in found]}
    )


def forget(  # noqa: PLR0913, PLR0917 (whose data, on whose word, when)
    tx: Transaction, eraser: Eraser, lane: str, duty: Duty, now: int, also: Sequence[int] = ()
) -> Forgone:
    """Erase everything of a sender; `also` names journal rows that are not settled yet."""
    lanes = (lane, hidden_lane(eraser.vault, lane))
    ids = [record_id for one in lanes for record_id in records.all_of(tx, one)]
    lock(tx, ids)
    held = held_among(tx, ids)
    made = [eraser.erase(tx, record_id, duty, now) for record_id in ids if record_id not in held]
    for one in lanes:
        notices.forget(tx, one, now)
        outbox_desk.forget(tx, one, now)
        members.forget(tx, one, also if one == lane else ())
    questions.close(tx, lanes)
    if held:
        asked_for(tx, sorted(held), now)
        note(tx, duty, f"left {len(held)} cases of a person that are held", now)
    else:  # who asked for no notices is somebody, too
        silence.speak(tx, hidden_lane(eraser.vault, lane))
    return Forgone(certificates=[one for one in made if one], held=sorted(held))
