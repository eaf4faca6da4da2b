"""
An officer accepts what was derived, or says what is right: one revision more, and a lesson.

    accept ──▶ type, topic and agency are the officer's ──▶ revision ──▶ stores
    correct ─▶ one of them is another                   ──▶ lesson, board, audit

Whoever decides has seen a certain revision; where the case is another by now nothing is written
and they are told. The last act of a person can be taken back for some minutes: the earlier values
come in a revision of their own, since stores may have the other one already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import records
from gateway.access.person import Person
from gateway.access.trail import enter
from gateway.board.rows import refresh
from gateway.handling import decisions
from gateway.handling.choices import FIELDS, Choices, Field, accepted
from gateway.learning import corrections
from gateway.revise import opened, revise
from gateway.vault import Vault
from normalizer.deadlines import Clock
from normalizer.record import Agency, Judgement, Place, Record, Urgency

#: Accepting is about these; the others are corrected or left.
SUGGESTED: tuple[Field, ...] = ("type", "topic", "agency")
NO_REPORT = "bukan_laporan"


class Outcome(StrEnum):
    """What became of a decision."""

    DONE = "done"
    #: It was so already.
    SAME = "same"
    #: Somebody else changed the case meanwhile.
    CONFLICT = "conflict"
    #: There is nothing to accept: no office is suggested.
    UNDECIDED = "undecided"
    #: No such case, or one of another agency, or erased.
    MISSING = "missing"
    #: The value is none of those there are.
    STRANGE = "strange"


class Before(msgspec.Struct, frozen=True):
    """What an act changed, as it stood; sealed in `decisions`."""

    type: Judgement
    topic: Judgement
    agency: Agency
    urgency: Urgency
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Decides for officers; every method is one transaction's work."""

    vault: Vault
    centrals: Routes
    choices: Choices
    #: By which a corrected report gets its deadlines.
    deadlines: Clock | None = None

    def accept(
        self, tx: Transaction, by: Person, record_id: str, *, revision: int, now: int
    ) -> Outcome:
        """Make the officer's own what stands there; `revision` is the one they saw."""
        record = self._seen(tx, by, record_id)
        if record is None or record.revision != revision:
            return Outcome.CONFLICT if record else Outcome.MISSING
        if record.agency.value is None and record.type.value != NO_REPORT:
            return Outcome.UNDECIDED
        after = record
        for field in SUGGESTED:
            after = accepted(after, field)
        return self._put(tx, by, record, after, kind="accept", now=now)

    def correct(  # noqa: PLR0913 (what an officer says, each once)
        self,
        tx: Transaction,
        by: Person,
        record_id: str,
        values: Mapping[Field, str],
        *,
        revision: int,
        now: int,
    ) -> Outcome:
        """Put other values in place; an office nobody chose follows the topic."""
        record = self._seen(tx, by, record_id)
        if record is None or record.revision != revision:
            return Outcome.CONFLICT if record else Outcome.MISSING
        if not all(self.choices.has(record, field, value) for field, value in values.items()):
            return Outcome.STRANGE
        after = record
        for field in FIELDS:
            if field in values:
                after = self.choices.changed(after, field, values[field])
        if "topic" in values and "agency" not in values:
            after = self.choices.with_usual_office(after)
        return self._put(tx, by, record, after, kind="correct", now=now)

    def undo(self, tx: Transaction, by: Person, *, now: int, only: str = "") -> dict[str, Outcome]:
        """
        Take the person's last act back; what became of each case, by record id.

        With `only` the id of a record, of an act about many no more than that one.
        """
        found = decisions.last(tx, by.login, now=now)
        chosen = [one for one in found if only in {"", one.record_id}]
        return {one.record_id: self._undo(tx, by, one, now=now) for one in chosen}

    def _seen(self, tx: Transaction, by: Person, record_id: str) -> Record | None:
        found = records.find(tx, record_id)
        if found is None or found[1].data_key is None:
            return None
        record = opened(self.vault, found[1])
        return None if by.agency and record.agency.value != by.agency else record

    def _put(  # noqa: PLR0913 (what a transaction needs, each once)
        self,
        tx: Transaction,
        by: Person,
        record: Record,
        after: Record,
        *,
        kind: decisions.Kind,
        now: int,
    ) -> Outcome:
        fields = [field for field in FIELDS if getattr(record, field) != getattr(after, field)]
        if not fields and kind == "correct":
            return Outcome.SAME
        made = self._revise(tx, record, after, now=now)
        corrections.note(tx, record, after, fields, who=by.login, now=now)
        decisions.put(
            tx,
            record.record_id,
            who=by.login,
            kind=kind,
            revision=made,
            before=self.vault.seal(msgspec.json.encode(_before(record))),
            now=now,
        )
        values = ", ".join(f"{field} {_value(after, field)}" for field in fields)
        what = "accepted" if kind == "accept" else f"corrected: {values}"
        enter(tx, who=by.login, what=f"{what} ({record.case_code})", now=now, case=record.case_code)
        refresh(tx, self.vault, [record.record_id])
        return Outcome.DONE

    def _revise(self, tx: Transaction, record: Record, after: Record, *, now: int) -> int:
        """The number of the revision; the old one where accepting changed nothing."""
        timed = after
        if self.deadlines and after.type.value != record.type.value:
            dues = self.deadlines.of(after.type.value, after.sent_at, after.received_at)
            timed = msgspec.structs.replace(after, deadlines=dues)
        made = revise(
            tx, self.vault, record.record_id, lambda _: timed, centrals=self.centrals, now=now
        )
        return made.revision if made else record.revision

    def _undo(
        self, tx: Transaction, by: Person, decision: decisions.Decision, *, now: int
    ) -> Outcome:
        record = self._seen(tx, by, decision.record_id) or self._given_away(tx, decision)
        if record is None or decision.before is None:
            return Outcome.MISSING
        if record.revision != decision.revision:
            return Outcome.CONFLICT
        before = msgspec.json.decode(self.vault.open(*decision.before), type=Before)
        self._revise(tx, record, msgspec.structs.replace(record, **_fields_of(before)), now=now)
        decisions.undo(tx, decision, who=by.login, now=now)
        what = f"took back: {decision.kind} ({record.case_code})"
        enter(tx, who=by.login, what=what, now=now, case=record.case_code)
        refresh(tx, self.vault, [record.record_id])
        return Outcome.DONE

    def _given_away(self, tx: Transaction, decision: decisions.Decision) -> Record | None:
        """A case the person's own act took out of their agency: they may take that back."""
        found = records.find(tx, decision.record_id)
        if found is None or found[1].data_key is None:
            return None
        return opened(self.vault, found[1])


def _before(record: Record) -> Before:
    return Before(record.type, record.topic, record.agency, record.urgency, record.place)


def _fields_of(before: Before) -> dict[str, object]:
    return {field: getattr(before, field) for field in FIELDS}


def _value(record: Record, field: Field) -> str:
    value = getattr(record, field)
    if isinstance(value, Place):
        return value.code or "-"
    return (value.value if value else None) or "-"


def outcomes(found: Sequence[Outcome]) -> dict[Outcome, int]:
    """How many of each there are, for one sentence."""
    return {outcome: found.count(outcome) for outcome in Outcome if outcome in found}
