"""
What is pushed to a central store, and its form on the wire: a CloudEvents 1.0 structured event.

The bytes depend on the stored row alone, never on the attempt: a retry sends the same body under
the same id, and a store that keeps ids sees each revision once.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

Kind = Literal["record", "comment", "anchor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One revision of a record, a comment on it, or an anchor, on its way to a central store."""

    record_id: str
    #: Of the record; of a comment its number among those on this record; of an anchor its sequence.
    revision: int
    kind: Kind = "record"
    #: The record, the `forwarder.update.Comment` or the signed anchor as JSON.
    document: bytes
    #: When the gateway wrote the revision: milliseconds since 1970.
    created_at: int
    #: What the store called the record when it took another revision; empty: it begins here.
    reference: str = ""
    #: The highest revision it has taken; above `revision` for one that was parked and tried again.
    known: int = 0
    #: An earlier attempt may have arrived: ask first, where the store can be asked.
    doubtful: bool = False

    @property
    def id(self) -> str:
        """The idempotency key; no dot, since Standard Webhooks separates by dots."""
        if self.kind == "record":
            return f"{self.record_id}-{self.revision}"
        return f"{self.record_id}-{self.kind}-{self.revision}"


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    dataschema: str
    #: An extension attribute: a store may order by it without opening `data`.
    revision: int
    data: msgspec.Raw


def event(push: Push, source: str) -> bytes:
    """The request body for one push; equal for equal arguments."""
    return msgspec.json.encode(
        _Event(
            id=push.id,
            source=source,
            type=f"lapor.{push.kind}.v1",
            dataschema=f"lapor.{push.kind}/1",
            subject=push.record_id,
            time=datetime.fromtimestamp(push.created_at / 1000, UTC),
            revision=push.revision,
            data=msgspec.Raw(push.document),
        )
    )
