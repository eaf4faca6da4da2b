"""What may be the same as a report: found by the words and the incident, compared as at arrival."""

from dataclasses import dataclass

from forwarder.ports import Transaction
from gateway import fingerprints, neighbours
from gateway.handling.apart import parted_from
from gateway.handling.kin import parts_of
from gateway.handling.seeing import Seen, is_theirs
from gateway.revise import opened
from gateway.vault import Vault
from normalizer.fingerprint import Fingerprints
from normalizer.match import compare
from normalizer.normalize import complaint
from normalizer.record import Record
from normalizer.report import Complaint, written_at

DAY_MS = 86_400_000
#: So long before a report, and ever after, the same is looked for.
WINDOW_MS = 90 * DAY_MS
SHOWN = 5

NAMES = """
select record_id, case_code, state, coalesce(cluster, record_id) from records
where record_id {among:ids}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """A report that may be the same."""

    record: Record
    state: str
    score: float
    why: tuple[str, ...]


def likely_for(tx: Transaction, vault: Vault, seen: Seen, *, agency: str) -> list[Likely]:
    """The likeliest first; none that is known to be the same or not, none of another agency."""
    record = seen.record
    words = Fingerprints(vault.derive("fingerprints"))
    since = seen.status.received_at - WINDOW_MS
    [found] = neighbours.find(tx, [("", fingerprints.keys_of(words, record))], since=since)
    ids = {one.record_id for one in found}
    if record.duplicate and record.duplicate.relation == "related":
        ids.add(record.duplicate.of)
    ids -= {record.record_id} | parted_from(tx, record.record_id)
    known = set(parts_of(tx, record.record_id))
    names = {row[0]: row for row in tx.all(NAMES, ids=sorted(ids))} if ids else {}
    strange = [id_ for id_, row in names.items() if row[3] not in known]
    opened_ = [
        opened(vault, one)
        for one in neighbours.documents(tx, strange).values()
        if one.data_key is not None
    ]
    mine = _said(record)
    suggested = [
        likely
        for other in opened_
        if is_theirs(other, agency)
        and (likely := _likely(record, other, mine, names[other.record_id][2]))
    ]
    return sorted(suggested, key=lambda one: -one.score)[:SHOWN]


def _likely(record: Record, other: Record, mine: Complaint, state: str) -> Likely | None:
    told = record.duplicate
    if told and told.of == other.record_id:
        return Likely(record=other, state=state, score=told.score, why=told.why)
    verdict = compare(mine, _said(other))
    if verdict.relation == "none":
        return None
    return Likely(record=other, state=state, score=verdict.score, why=verdict.why)


def _said(record: Record) -> Complaint:
    return complaint(
        record.clean_text,
        record.place,
        record.topic.value,
        written_at(record.sent_at, record.received_at),
    )
