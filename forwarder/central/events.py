"""
Updates as CloudEvents of type lapor.update.v1, one or a batch; pure. See docs/central-http.md.

An event of another type is an error and not passed over: a misspelt type would lose every update
in silence. `data` may have more fields than are known here.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from forwarder.update import Page, Update, UpdateKind

TYPE = "lapor.update.v1"
BATCH = "application/cloudevents-batch+json"


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    record_id: str = ""
    reference: str = ""
    kind: UpdateKind | None = None
    status: str = ""
    text: str = ""
    agency: str = ""


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str
    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    data: _Data


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    events: tuple[_Event, ...]
    cursor: str
    more: bool = False


def updates_in(headers: Mapping[str, str], body: bytes, now: int) -> Sequence[Update]:
    """The updates of a request body; ValueError where it holds something else."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_batch = kind == BATCH or body.lstrip().startswith(b"[")
    if is_batch:
        events = msgspec.json.decode(body, type=tuple[_Event, ...])
    else:
        events = (msgspec.json.decode(body, type=_Event),)
    return tuple(_update(event, now) for event in events)


def page_in(body: bytes, now: int) -> Page:
    """A page of updates as a store hands it out when asked; ValueError where it is none."""
    page = msgspec.json.decode(body, type=_Page)
    return Page(
        updates=tuple(_update(event, now) for event in page.events),
        cursor=page.cursor,
        more=page.more,
    )


def _update(event: _Event, now: int) -> Update:
    data = event.data
    record_id = data.record_id or event.subject
    if event.specversion != "1.0" or event.type != TYPE:
        raise ValueError(f"expected a CloudEvent 1.0 of type {TYPE}")
    if not event.id or not event.source:
        raise ValueError("id and source must not be empty")
    if not record_id and not data.reference:
        raise ValueError("subject, data.record_id or data.reference must say which case")
    if not (data.kind or data.status or data.text or data.agency):
        raise ValueError("data tells nothing: one of kind, status, text, agency is needed")
    time = event.time
    if time is not None and time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return Update(
        # The two together are unique, CloudEvents 1.0 says.
        update_id=f"{event.source}#{event.id}",
        record_id=record_id,
        reference=data.reference,
        at=now if time is None else int(time.timestamp() * 1000),
        kind=data.kind,
        status=data.status,
        text=data.text,
        agency=data.agency,
    )
