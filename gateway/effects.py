"""
What a dialog changes beside records and answers: questions, public states, and who is forgotten.

Who asks to be forgotten is erased as an officer's `erase` does it, in the commit of their message.
"""

from collections.abc import Sequence

from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import questions, records
from gateway.back import comments, silence
from gateway.custody.erasing import Eraser
from gateway.custody.forgetting import forget as forget_person
from gateway.custody.holding import BY_SENDER
from gateway.hiding import asked_blindly, hide, spoken_of
from gateway.naming import hidden_lane
from gateway.turn import Effects
from gateway.vault import Vault
from gateway.work import Settled


def forget(tx: Transaction, eraser: Eraser, effects: Effects, now: int) -> None:
    """
    Carry out who is to be forgotten; before the answer to it is written down.

    Raises Stale where a hold came or went since the answer was made: it would not be true.
    """
    for person in effects.forgotten:
        gone = forget_person(tx, eraser, person.lane, BY_SENDER, now, also=[person.row])
        if len(gone.held) != person.held:
            raise records.Stale("a hold")


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
