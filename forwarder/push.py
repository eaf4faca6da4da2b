"""
What is pushed to a central store, and its form on the wire: a CloudEvents 1.0 structured event.

The bytes depend on the stored row alone, never on the attempt: a retry sends the same body under
the same id, and a store that keeps ids sees each revision once.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
EVENT_TYPE = "lapor.record.v1"
SCHEMA = "lapor.record/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One revision of one record on its way to a central store."""

    record_id: str
    revision: int
    #: The record as JSON.
    document: bytes
    #: When the gateway wrote the revision: milliseconds since 1970.
    created_at: int
    #: An earlier attempt may have arrived: ask first, where the store can be asked.
    doubtful: bool = False

    @property
    def id(self) -> str:
        """The idempotency key; no dot, since Standard Webhooks separates by dots."""
        return f"{self.record_id}-{self.revision}"


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str = "1.0"
    id: str
    source: str
    type: str = EVENT_TYPE
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    dataschema: str = SCHEMA
    #: An extension attribute: a store may order by it without opening `data`.
    revision: int
    data: msgspec.Raw


def event(push: Push, source: str) -> bytes:
    """The request body for one push; equal for equal arguments."""
    return msgspec.json.encode(
        _Event(
            id=push.id,
            source=source,
            subject=push.record_id,
            time=datetime.fromtimestamp(push.created_at / 1000, UTC),
            revision=push.revision,
            data=msgspec.Raw(push.document),
        )
    )
