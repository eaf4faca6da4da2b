"""What today's rules would make of what was recorded before; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass

from forwarder.ports import Transaction
from gateway import members, records
from gateway.changing import Changer
from gateway.reading import Reader
from gateway.recording import Recorder

# A revision is new by nature.
BESIDE_THE_POINT = {"revision"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One record and the fields that would change."""

    case_code: str
    fields: tuple[str, ...]


def review(
    tx: Transaction, *, reader: Reader, recorder: Recorder, since: int, channel: str
) -> Iterator[Review]:
    """Each record received since then, made again from its journal rows."""
    changer = Changer(reader, recorder)
    for stored in records.since(tx, since, channel):
        if stored.data_key is None:
            continue
        before, after = changer.again(stored, members.members_of(tx, stored.record_id))
        changed = [
            name
            for name in before.__struct_fields__
            if name not in BESIDE_THE_POINT and getattr(before, name) != getattr(after, name)
        ]
        yield Review(case_code=before.case_code, fields=tuple(changed))
