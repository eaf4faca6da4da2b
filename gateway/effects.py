"""
What a dialog changes beside records and answers: questions, public states, and who is forgotten.

Erasing a person destroys the keys to what they sent, to who they are and to what we told them. What
was passed on stays, in a last revision that names nobody.
"""

from collections.abc import Sequence
from functools import partial

from forwarder import outbox_desk
from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import members, questions, records
from gateway.back import comments, notices, silence, timeline
from gateway.custody.erasing import Certificate, certify
from gateway.custody.holding import held_among
from gateway.hiding import asked_blindly, hide, spoken_of, supersede
from gateway.naming import hidden_lane, moment
from gateway.revise import revise
from gateway.turn import Effects
from gateway.vault import Vault
from gateway.work import Settled
from normalizer.privacy_hidden import hidden_record, nameless
from normalizer.record import Record

AUDIT = "insert into audit (at, who, what) values (:at, :who, :what)"


def forget(tx: Transaction, vault: Vault, effects: Effects, *, centrals: Routes, now: int) -> None:
    """Carry out who is to be forgotten; before the answer to it is written down."""
    for person in effects.forgotten:
        lanes = (person.lane, hidden_lane(vault, person.lane))
        ids = [record_id for lane in lanes for record_id in records.all_of(tx, lane)]
        held = held_among(tx, ids)
        ids = [record_id for record_id in ids if record_id not in held]
        for record_id in ids:
            change = partial(_nameless, vault.pseudonym("anonymous", record_id))
            after = revise(tx, vault, record_id, change, centrals=centrals, now=now)
            if after:
                supersede(tx, record_id, now=now)
                certify(tx, after, _certificate(after, now), now)
        timeline.forget(tx, ids)
        rows = 0
        for lane in lanes:
            records.forget(tx, lane)
            notices.forget(tx, lane, now)
            outbox_desk.forget(tx, lane, now)
            rows += members.forget(tx, lane, [person.row] if lane == person.lane else [])
        questions.close(tx, lanes)
        silence.speak(tx, hidden_lane(vault, person.lane))
        what = f"erased a person on request: {rows} messages, {len(ids)} records"
        tx.run(AUDIT, at=now, who="citizen", what=what)


def write(  # noqa: PLR0913 (what a transaction needs, each once)
    tx: Transaction,
    vault: Vault,
    effects: Effects,
    settled: Sequence[Settled],
    *,
    centrals: Routes,
    now: int,
) -> None:
    """Write the rest down; `settled` are the rows it comes from."""
    questions.close(tx, effects.closed)
    questions.ask(tx, asked_blindly(tx, effects.asked))
    for record_id, state in effects.moved:
        records.move(tx, record_id, state, now=now)
    hide(tx, [*effects.hidden, *spoken_of(tx, settled)], now=now)
    comments.put(tx, vault, effects.heard, centrals=centrals, now=now)
    for lane, quiet in effects.silenced:
        if quiet:
            silence.silence(tx, hidden_lane(vault, lane), now)
        else:
            silence.speak(tx, hidden_lane(vault, lane))


def _nameless(pseudonym: str, record: Record) -> Record:
    """A record that does not tell who reported it, nor in its words."""
    return nameless(hidden_record(record), pseudonym)


def _certificate(after: Record, now: int) -> Certificate:
    return Certificate(
        case_code=after.case_code,
        record_id=after.record_id,
        erased_at=moment(now).isoformat(timespec="seconds"),
        who="citizen",
        reason="HAPUS",
        words_stay=True,
    )
