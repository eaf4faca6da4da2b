"""A record in SP4N's words and its answers in ours, both by the mapping; pure."""

from collections.abc import Sequence
from hashlib import blake2b

from forwarder.central.cases import milliseconds
from forwarder.central.lapor_mapping import LaporMapping, at, list_at, text_at
from forwarder.central.templates import words_of
from forwarder.ledger import Case
from forwarder.update import Update
from normalizer.record import Record

# Times without a zone are those of Jakarta.
UTC_OFFSET = 7


def words_for(mapping: LaporMapping, record: Record, reference: str = "") -> dict[str, str]:
    """What templates may name, with their words for classes, categories and flags."""
    flags = {True: mapping.yes, False: mapping.no}
    topic, kind = record.topic.value or "", record.type.value or ""
    return {
        **words_of(record),
        "tracking_id": reference,
        "class": mapping.classes.get(kind, mapping.classes.get("", "")),
        "category": mapping.topics.get(topic, mapping.topics.get("", "")),
        "is_anonymous": flags[record.anonymous],
        "is_confidential": flags[record.confidential],
    }


def number_among(mapping: LaporMapping, answer: object, case_code: str) -> str:
    """The number of the report that bears our code, in the answer to a search."""
    read = mapping.read
    for row in list_at(answer, read.found):
        if case_code in text_at(row, read.found_text):
            return text_at(row, read.found_id)
    return ""


def updates_in(
    mapping: LaporMapping, answer: object, case: Case | None, now: int
) -> Sequence[Update]:
    """The news in an answer to `poll`; of one case, or of many that name themselves."""
    read = mapping.read
    rows = at(answer, read.updates)
    return [
        _update(mapping, row, case, now)
        for row in (rows if isinstance(rows, list) else [rows])
        if text_at(row, read.update_status) or text_at(row, read.update_text)
    ]


def _update(mapping: LaporMapping, row: object, case: Case | None, now: int) -> Update:
    read = mapping.read
    status, text = text_at(row, read.update_status), text_at(row, read.update_text)
    number = case.reference if case else text_at(row, read.update_reference)
    said = "\n".join((number, status, text, text_at(row, read.update_at)))
    try:
        when = milliseconds(text_at(row, read.update_at), UTC_OFFSET)
    except ValueError:
        when = now
    own = text_at(row, read.update_id)
    return Update(
        # Their numbers may count within a report alone; where they number nothing, what it says
        # is its name, so that told twice it is one.
        update_id=f"{number}#{own or blake2b(said.encode(), digest_size=16).hexdigest()}",
        record_id=case.record_id if case else "",
        reference=number,
        at=when,
        kind=mapping.statuses.get(status.lower()),
        status=status,
        text=text,
        agency=text_at(row, read.update_agency),
    )
