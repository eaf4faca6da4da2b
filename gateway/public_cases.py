"""Public cases in a list, as Open311 clients ask for them: nothing in it names anyone."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from channels.contract import CaseQuery, Point, PublicCase
from forwarder.ports import Row, Transaction
from gateway.naming import moment
from gateway.vault import Vault
from normalizer.codes import read_case_code
from normalizer.record import Record

PAGE_ROWS = 500
# What is filtered is sealed: no request opens more rows than this.
MOST_OPENED = 20_000

COLUMNS = "record_id, case_code, state, received_at, updated_at, document, data_key"
BY_CODE = f"select {COLUMNS} from records where case_code {{among:codes}} order by received_at desc"
BY_TIME = f"""
select {COLUMNS} from records
where received_at >= :since and (received_at < :until or (received_at = :until and record_id < :id))
order by received_at desc, record_id desc limit :limit
"""
LAST_ID = "~"


def find(tx: Transaction, vault: Vault, wanted: CaseQuery) -> list[PublicCase]:
    """The cases a query asks for, newest first."""
    found = (case for row in _rows(tx, wanted) if (case := _public(row, vault, wanted)))
    return list(islice(found, wanted.offset, wanted.offset + wanted.limit))


def _rows(tx: Transaction, wanted: CaseQuery) -> Iterator[Row]:
    if wanted.case_codes:
        codes = [code for code in map(read_case_code, wanted.case_codes) if code]
        yield from tx.all(BY_CODE, codes=codes) if codes else ()
        return
    since, until = (
        int(at.timestamp() * 1000) for at in (wanted.received_from, wanted.received_until)
    )
    last = LAST_ID
    for _ in range(MOST_OPENED // PAGE_ROWS):
        page = tx.all(BY_TIME, since=since, until=until, id=last, limit=PAGE_ROWS)
        if not page:
            return
        yield from page
        last, until = page[-1][0], page[-1][3]


def _public(row: Row, vault: Vault, wanted: CaseQuery) -> PublicCase | None:
    _, case_code, state, received_at, updated_at, document, data_key = row
    if data_key is None or (wanted.states and state not in wanted.states):
        return None
    record = msgspec.json.decode(vault.open(bytes(document), bytes(data_key)), type=Record)
    if record.visibility != "public" or record.confidential:
        return None
    if wanted.topics and record.topic.value not in wanted.topics:
        return None
    return PublicCase(
        case_code=case_code,
        state=state,
        received_at=moment(received_at),
        updated_at=moment(updated_at),
        topic=record.topic.value,
        agency=record.agency.value,
        place=record.place.name if record.place else "",
        point=Point(lat=record.point.lat, lon=record.point.lon) if record.point else None,
    )
