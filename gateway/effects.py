"""
What a dialog changes beside records and answers: questions, public states, and who is forgotten.

Erasing a person destroys the keys to what they sent, to who they are and to what we told them. What
was passed on stays, in a last revision that names nobody.
"""

from functools import partial

import msgspec

from forwarder import outbox_desk
from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import members, questions, records
from gateway.back import notices, timeline
from gateway.revise import revise
from gateway.turn import Effects
from gateway.vault import Vault
from normalizer.record import Record, Reporter

AUDIT = "insert into audit (at, who, what) values (:at, :who, :what)"


def forget(tx: Transaction, vault: Vault, effects: Effects, *, centrals: Routes, now: int) -> None:
    """Carry out who is to be forgotten; before the answer to it is written down."""
    for person in effects.forgotten:
        ids = records.all_of(tx, person.lane)
        for record_id in ids:
            nameless = partial(_nameless, vault.pseudonym("anonymous", record_id))
            revise(tx, vault, record_id, nameless, centrals=centrals, now=now)
        records.forget(tx, person.lane)
        timeline.forget(tx, ids)
        notices.forget(tx, person.lane, now)
        outbox_desk.forget(tx, person.lane, now)
        rows = members.forget(tx, person.lane, [person.row])
        questions.close(tx, [person.lane])
        what = f"erased a person on request: {rows} messages, {len(ids)} records"
        tx.run(AUDIT, at=now, who="citizen", what=what)


def write(tx: Transaction, effects: Effects, *, now: int) -> None:
    """Write the rest down."""
    questions.close(tx, effects.closed)
    questions.ask(tx, effects.asked)
    for record_id, state in effects.moved:
        records.move(tx, record_id, state, now=now)


def _nameless(pseudonym: str, record: Record) -> Record:
    """A record that does not tell who reported it."""
    reporter = Reporter(pseudonym=pseudonym, sealed=record.reporter.sealed)
    return msgspec.structs.replace(record, anonymous=True, reporter=reporter)
