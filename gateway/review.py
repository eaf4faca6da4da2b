"""What today's rules would make of what was recorded before; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass

from channels.contract import InboundMessage
from forwarder.ports import Transaction
from gateway import records, work
from gateway.assembly import Ready
from gateway.naming import lane_of
from gateway.reading import Opened, Reader
from gateway.recording import Recorder
from normalizer.dialog import join

# A revision is new by nature, and duplicates depend on what came since.
BESIDE_THE_POINT = {"revision", "duplicate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One record and the fields that would change."""

    case_code: str
    fields: tuple[str, ...]


def review(
    tx: Transaction, *, reader: Reader, recorder: Recorder, since: int, channel: str
) -> Iterator[Review]:
    """Each record received since then, made again from its journal rows."""
    for stored in records.since(tx, since, channel):
        rows = reader.read(work.load(tx, work.members_of(tx, stored.record_id)))
        ready = _ready(recorder, rows)
        if ready is None or stored.data_key is None:
            continue
        before, after = recorder.again(ready, stored)
        changed = [
            name
            for name in before.__struct_fields__
            if name not in BESIDE_THE_POINT and getattr(before, name) != getattr(after, name)
        ]
        yield Review(case_code=before.case_code, fields=tuple(changed))


def _ready(recorder: Recorder, rows: list[Opened]) -> Ready | None:
    said = [row.said for row in rows if isinstance(row.said, InboundMessage)]
    if not said or len(said) != len(rows):
        return None
    first = rows[0].row
    message = join(said) if said[0].part else said[0]
    lane = lane_of(recorder.vault, first.channel, message, first.external_id)
    return Ready(row=first, message=message, lane=lane, joined=tuple(r.row.id for r in rows[1:]))
