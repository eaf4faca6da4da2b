"""
Erasing a case: its keys are destroyed, stores get a blank revision, a certificate says so.

The journal's rows stay with their ciphertext, so the chain verifies as before and the certificate
names rows and digests that anybody can find there. Files go unless another record has them too. A
case that is held is left alone.
"""

from dataclasses import dataclass, field

import msgspec

from forwarder import outbox_desk
from forwarder.outbox import CENTRAL
from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import fingerprints, hiding, members, questions, records
from gateway.back import timeline
from gateway.custody.duty import Done, Duty, Refused, case_of, note
from gateway.custody.holding import held_among
from gateway.naming import HIDDEN, hidden_lane, moment
from gateway.revise import opened, revise
from gateway.turn import Hidden
from gateway.vault import Vault
from normalizer.fingerprint import Fingerprints
from normalizer.privacy_hidden import blank
from normalizer.record import Record

ROWS = """
select j.chain, j.position, j.digest from work w join journal j on j.id = w.journal_id
where w.record_id = :record_id order by j.id
"""
STORES = """
select target from outbox where record_id = :record_id and kind = 'record' and revision = :revision
order by target
"""
REPORTER = "update reporters set data_key = null where record_id = :record_id"
SENT = """
update outbox set data_key = null, owner = null, reason = case when state in
    ('pending', 'uncertain') then 'erased' else reason end,
    dismissed = case when state in ('pending', 'uncertain') then 'erased' else dismissed end,
    settled_at = coalesce(settled_at, :now),
    state = case when state in ('pending', 'uncertain') then 'parked' else state end
where record_id = :record_id and kind <> 'record' and data_key is not null
"""
SIGNALS = """
update signals set data_key = null where record_id = :record_id
or journal_id in (select journal_id from work where record_id = :record_id)
"""
FILES = "select sha256 from record_files where record_id = :record_id"
SHARED = """
select sha256 from record_files where sha256 {among:shas} and record_id <> :record_id
"""
UNFILE = "delete from record_files where record_id = :record_id"
CERTIFY = """
insert into certificates (at, record_id, document) values (:now, :record_id, :document)
"""
NUMBER = "select number from records where record_id = :record_id"


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased, when and why; it names nobody."""

    schema: str = "lapor.erasure/1"
    case_code: str
    record_id: str
    erased_at: str
    who: str
    reason: str
    #: Rows whose keys are gone, as chain:position:digest; the chain still verifies.
    journal: tuple[str, ...] = ()
    #: Stores that were sent the blank revision.
    stores: tuple[str, ...] = ()
    revision: int = 0
    #: Whether the words of the report stand, without a name, because it was passed on.
    words_stay: bool = False
    files: tuple[str, ...] = ()
    #: Files that stay because another report has them too.
    files_kept: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Eraser:
    """Erases cases within a transaction; files are gone only after it, see `unlink`."""

    vault: Vault
    centrals: Routes
    #: SHA-256 of files nobody needs any more.
    files: list[str] = field(default_factory=list)

    def carry_out(self, tx: Transaction, duty: Duty, now: int) -> Done:
        """Erase a case, or all of a sender."""
        if duty.case_code:
            status = case_of(tx, duty.case_code)
            if held_among(tx, [status.record_id]):
                raise Refused(f"{duty.case_code} is held: release it first")
            made = [self.erase(tx, status.record_id, duty, now)]
        else:
            made = self._person(tx, duty, now)
        found = [one for one in made if one]
        certificates = [msgspec.to_builtins(one) for one in found]
        return Done(lines=(f"erased {len(found)} cases",), data={"certificates": certificates})

    def erase(self, tx: Transaction, record_id: str, duty: Duty, now: int) -> Certificate | None:
        """Erase one record; None where that was done before."""
        found = records.find(tx, record_id)
        if found is None or found[1].data_key is None:
            return None
        before = opened(self.vault, found[1])
        words = Fingerprints(self.vault.derive("fingerprints"))
        keys = fingerprints.keys_of(words, before)
        pseudonym = self.vault.pseudonym("anonymous", record_id)
        after = revise(
            tx,
            self.vault,
            record_id,
            lambda record: blank(record, pseudonym, f"{moment(now):%Y-%m-%d}"),
            centrals=self.centrals,
            now=now,
        )
        if after is None:
            return None
        row = tx.one(NUMBER, record_id=record_id)
        fingerprints.drop(tx, keys, row[0] if row else None)
        tx.run(REPORTER, record_id=record_id)
        tx.run(SENT, record_id=record_id, now=now)
        tx.run(SIGNALS, record_id=record_id)
        timeline.forget(tx, [record_id])
        lane = HIDDEN + self.vault.pseudonym("erased", record_id)
        hiding.hide(tx, [Hidden(record_id=record_id, lane=lane)], now=now)
        gone, kept = self._files(tx, record_id)
        certificate = certify(
            tx,
            after,
            Certificate(
                case_code=before.case_code,
                record_id=record_id,
                erased_at=moment(now).isoformat(timespec="seconds"),
                who=duty.who,
                reason=duty.reason,
                files=gone,
                files_kept=kept,
            ),
            now,
        )
        note(tx, duty, f"erased case {before.case_code}", now)
        return certificate

    def _person(self, tx: Transaction, duty: Duty, now: int) -> list[Certificate | None]:
        """Everything of a sender: their cases, and what they sent that became none."""
        lane = self.vault.pseudonym(duty.channel, duty.sender)
        lanes = (lane, hidden_lane(self.vault, lane))
        ids = [record_id for one in lanes for record_id in records.all_of(tx, one)]
        held = held_among(tx, ids)
        made = [self.erase(tx, record_id, duty, now) for record_id in ids if record_id not in held]
        for one in lanes:
            outbox_desk.forget(tx, one, now)
            members.forget(tx, one, [])
        questions.close(tx, lanes)
        if held:
            note(tx, duty, f"left {len(held)} cases of a person that are held", now)
        return made

    def _files(self, tx: Transaction, record_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        shas = [row[0] for row in tx.all(FILES, record_id=record_id)]
        rows = tx.all(SHARED, shas=shas, record_id=record_id) if shas else []
        shared = {row[0] for row in rows}
        gone = tuple(sha for sha in shas if sha not in shared)
        self.files += gone
        tx.run(UNFILE, record_id=record_id)
        return gone, tuple(sorted(shared))


def certify(tx: Transaction, after: Record, about: Certificate, now: int) -> Certificate:
    """Write a certificate down, with the rows whose keys are gone."""
    rows = tx.all(ROWS, record_id=about.record_id)
    targets = tx.all(STORES, record_id=about.record_id, revision=after.revision)
    certificate = msgspec.structs.replace(
        about,
        stores=tuple(row[0].removeprefix(CENTRAL) for row in targets),
        revision=after.revision,
        journal=tuple(f"{chain}:{at}:{bytes(digest).hex()}" for chain, at, digest in rows),
    )
    document = msgspec.json.encode(certificate).decode()
    tx.run(CERTIFY, now=now, record_id=about.record_id, document=document)
    return certificate
