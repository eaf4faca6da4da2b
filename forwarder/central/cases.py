"""
What a store with tables keeps beside records: comments of citizens, updates of officers.

    case_comments   what citizens added, once by comment_id
    case_updates    what the office says: whoever may INSERT here is heard; see docs/central-sql.md
    gateway_anchors  signed ends of the gateway's journal, to verify it against one day
    cases           a view over both and over what was pushed: the timeline of a case

An update needs a record_id or a case_code, and something to tell; all else has a default. The words
here are the same for SQLite and PostgreSQL.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, get_args

import msgspec

from channels.contract import Refused
from forwarder.push import Push
from forwarder.update import Comment, Update, UpdateKind

COMMENTS = "case_comments"
UPDATES = "case_updates"
ANCHORS = "gateway_anchors"
TIMELINE = "cases"
PAGE = 200
KINDS: tuple[str, ...] = get_args(UpdateKind)
#: The columns of a comment, in the order of `comment_cells`.
COMMENT_COLUMNS = ("comment_id", "record_id", "at", "text", "solved")

_COMMENT = msgspec.json.Decoder(Comment)


class Kept(NamedTuple):
    """An anchor as a row; two gateways may number theirs alike, so its hash is the key."""

    digest: str
    document: str


def said_cells(push: Push) -> tuple[object, ...] | Kept | Refused:
    """What is no record as column values."""
    if push.kind == "anchor":
        return Kept(hashlib.sha256(push.document).hexdigest(), push.document.decode())
    return comment_cells(push)


def comment_cells(push: Push) -> tuple[object, ...] | Refused:
    """A comment as column values; one that fits none is for a person to see."""
    try:
        said = _COMMENT.decode(push.document)
        at = moment(said.at)
    except (ValueError, OverflowError, OSError) as exc:
        return Refused(reason=f"the comment cannot be stored: {type(exc).__name__}")
    if said.record_id != push.record_id:
        return Refused(reason="the comment is not about the record it is sent for")
    return (said.comment_id, said.record_id, at, said.text, said.solved)


def update_of(row: Sequence[Any], utc_offset: int) -> Update:
    """An update from its row: id, record_id, at as ISO 8601, kind, status, text, agency."""
    id_, record_id, at, kind, status, text, agency = row
    return Update(
        update_id=str(id_),
        record_id=record_id or "",
        at=milliseconds(at, utc_offset),
        kind=kind or None,
        status=status or "",
        text=text or "",
        agency=agency or "",
    )


def moment(at: int) -> str:
    """Milliseconds since 1970 as ISO 8601."""
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def milliseconds(at: str, utc_offset: int) -> int:
    """ISO 8601 as milliseconds since 1970; a time without a zone is the office's."""
    told = datetime.fromisoformat(at)
    if told.tzinfo is None:
        told = (told - timedelta(hours=utc_offset)).replace(tzinfo=UTC)
    return int(told.timestamp() * 1000)
