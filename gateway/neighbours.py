"""
Earlier records a message may repeat: those that share its keys, and those of its sender.

What is found here travels without its document, for most of those are remembered where they are
compared; `documents` brings the others along.
"""

from collections.abc import Sequence

from forwarder.ports import Transaction
from gateway import fingerprints
from gateway.records import Stored, stored

# Reports of the same sender a message is compared with, the newest.
OF_A_SENDER = 8

CANDIDATES = """
select r.number, r.record_id, r.pseudonym, r.received_at, r.data_key,
    coalesce(c.whole, r.cluster, r.record_id), coalesce(w.reports, 1)
from records r left join clusters c on c.cluster = coalesce(r.cluster, r.record_id)
left join clusters w on w.cluster = c.whole where r.number {among:numbers}
"""
SAME_SENDER = """
select asked.value, (
    select {joined:newest.number} from (
        select s.number from records s
        where s.pseudonym = asked.value and s.received_at >= :since
        order by s.received_at desc limit :most
    ) newest
) from {each_text:lanes}
"""
DOCUMENTS = """
select record_id, pseudonym, received_at, document, data_key from records
where record_id {among:record_ids}
"""


def find(
    tx: Transaction, asked: Sequence[tuple[str, Sequence[int]]], *, since: int
) -> list[list[Stored]]:
    """
    For each message, given by its sender and its keys, the earlier records that may be the same.

    Those that share keys, most alike first, then those of the sender; without their documents.
    """
    if not asked:
        return []
    found = fingerprints.alike(tx, [keys for _, keys in asked], since=since)
    lanes = sorted({lane for lane, _ in asked})
    rows = tx.all(SAME_SENDER, lanes=lanes, since=since, most=OF_A_SENDER)
    sent = {lane: [*map(int, numbers.split(","))] for lane, numbers in rows if numbers}
    wanted = [
        dict.fromkeys([*numbers, *sent.get(lane, ())])
        for (lane, _), numbers in zip(asked, found, strict=True)
    ]
    known = _candidates(tx, sorted({number for numbers in wanted for number in numbers}))
    return [[known[number] for number in numbers if number in known] for numbers in wanted]


def _candidates(tx: Transaction, numbers: list[int]) -> dict[int, Stored]:
    rows = tx.all(CANDIDATES, numbers=numbers) if numbers else []
    return {
        number: Stored(record_id, lane, received, b"", key and bytes(key), cluster, volume)
        for number, record_id, lane, received, key, cluster, volume in rows
    }


def documents(tx: Transaction, record_ids: Sequence[str]) -> dict[str, Stored]:
    """These records with their documents, as they are now."""
    rows = tx.all(DOCUMENTS, record_ids=list(record_ids)) if record_ids else []
    return {row[0]: stored(row) for row in rows}
