"""
Erasing a case: its keys are destroyed, stores get a blank revision, a certificate says so.

The journal's rows stay with their ciphertext, so the chain verifies as before and the certificate
names rows and digests that anybody can find there. Files go unless another record has them too:
the commit says which, and `files_leaving.let_go` deletes them after it.
Whether a case is held is for its caller to ask.
"""

from dataclasses import dataclass

import msgspec

from forwarder.outbox import CENTRAL
from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import files_leaving, fingerprints, hiding, records
from gateway.back import timeline
from gateway.board.rows import refresh
from gateway.custody.duty import Duty, note
from gateway.naming import HIDDEN, moment
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
and dismissed is null order by target
"""
# A store that never had the case, nor has it on its way, is told nothing: an empty report would
# begin there.
UNTOLD = """
update outbox set data_key = null, state = 'parked', reason = 'erased', dismissed = 'erased',
    settled_at = :now
where record_id = :record_id and kind = 'record' and revision = :revision and not exists (
    select 1 from outbox e where e.record_id = outbox.record_id and e.target = outbox.target
    and e.kind = 'record' and e.revision < :revision
    and (e.state in ('delivered', 'uncertain') or e.owner is not null
        or (e.state = 'parked' and e.dismissed is null)))
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
# What stood in it before an officer decided otherwise can be taken back no more.
DECISIONS = "update decisions set data_key = null where record_id = :record_id"
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
    files: tuple[str, ...] = ()
    #: Files that stay because another report has them too.
    files_kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Erases cases within a transaction."""

    vault: Vault
    centrals: Routes

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
        tx.run(UNTOLD, record_id=record_id, revision=after.revision, now=now)
        row = tx.one(NUMBER, record_id=record_id)
        fingerprints.drop(tx, keys, row[0] if row else None)
        tx.run(REPORTER, record_id=record_id)
        tx.run(SENT, record_id=record_id, now=now)
        tx.run(SIGNALS, record_id=record_id)
        tx.run(DECISIONS, record_id=record_id)
        timeline.forget(tx, [record_id])
        refresh(tx, self.vault, [record_id])
        lane = HIDDEN + self.vault.pseudonym("erased", record_id)
        hiding.hide(tx, [Hidden(record_id=record_id, lane=lane)], now=now)
        gone, kept = _leave_files(tx, record_id, now)
        certificate = _certify(
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


def _leave_files(
    tx: Transaction, record_id: str, now: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files that are left to nobody, and those another record has too."""
    shas = [row[0] for row in tx.all(FILES, record_id=record_id)]
    rows = tx.all(SHARED, shas=shas, record_id=record_id) if shas else []
    shared = {row[0] for row in rows}
    gone = tuple(sha for sha in shas if sha not in shared)
    files_leaving.leave(tx, gone, now)
    tx.run(UNFILE, record_id=record_id)
    return gone, tuple(sorted(shared))


def _certify(tx: Transaction, after: Record, about: Certificate, now: int) -> Certificate:
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
