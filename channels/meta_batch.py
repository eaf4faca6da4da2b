"""
Meta's webhooks: one POST into its items, each a webhook of its own with the bytes it came in.

    {object, entry: [{id, messaging: [item] | standby: [item] | changes: [{field, value}]}]}

WhatsApp packs a second level into a change: value.messages[] and value.statuses[]. An item's key is
Meta's id for it, made distinct where one id stands for several news (a message and its deletion,
the statuses of one message); what has no id is keyed by its bytes. Meta delivers at least once.
"""

from collections.abc import Iterator

import msgspec

from channels.contract import Delivery
from channels.webhooks import decode, digest

#: What one WhatsApp change may hold many of.
_LISTS = ("messages", "statuses", "errors")


class _Batch(msgspec.Struct, frozen=True):
    entry: list[msgspec.Raw]
    object: str = ""


class _Entry(msgspec.Struct, frozen=True):
    id: msgspec.Raw = msgspec.Raw(b'""')
    time: msgspec.Raw = msgspec.Raw(b"0")
    messaging: list[msgspec.Raw] = []
    standby: list[msgspec.Raw] = []
    changes: list[msgspec.Raw] = []
    # Instagram Login puts a single change into the entry itself.
    field: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Change(msgspec.Struct, frozen=True):
    value: dict[str, msgspec.Raw]
    field: str = ""


def split(body: bytes) -> list[Delivery]:
    """Each item alone; a body that is no webhook is kept as it is, for a person to look at."""
    try:
        batch = decode(body, _Batch)
    except ValueError:
        return [Delivery(external_id=digest(body), payload=body)]
    return [delivery for entry in batch.entry for delivery in _of_entry(batch.object, entry)]


def _of_entry(kind: str, raw: msgspec.Raw) -> Iterator[Delivery]:
    try:
        entry = decode(bytes(raw), _Entry)
    except ValueError:
        yield Delivery(external_id=digest(bytes(raw)), payload=_alone(kind, raw))
        return
    for item in entry.messaging:
        yield Delivery(external_id=_said(item), payload=_wrapped(kind, entry, "messaging", item))
    for item in entry.standby:
        # What another app was told must not stand in the way of what we are told.
        key = f"standby:{_said(item)}"
        yield Delivery(external_id=key, payload=_wrapped(kind, entry, "standby", item))
    changes = list(entry.changes)
    if not (entry.messaging or entry.standby or changes or entry.field):
        # Of a kind that did not exist when this was written: kept all the same.
        yield Delivery(external_id=digest(bytes(raw)), payload=_alone(kind, raw))
    if entry.field:
        named = {"field": entry.field, "value": entry.value}
        changes.append(msgspec.Raw(msgspec.json.encode(named)))
    for change in changes:
        for key, part in _of_change(change):
            yield Delivery(external_id=key, payload=_wrapped(kind, entry, "changes", part))


def _of_change(raw: msgspec.Raw) -> Iterator[tuple[str, msgspec.Raw]]:
    """A change, or where it holds several messages or statuses, each of them; with their keys."""
    try:
        change = decode(bytes(raw), _Change)
        lists = {name: _items(change, name) for name in _LISTS if name in change.value}
    except ValueError:
        yield digest(bytes(raw)), raw
        return
    if change.field != "messages" or not lists:
        yield _changed(change) or digest(bytes(raw)), raw
        return
    common = {name: part for name, part in change.value.items() if name not in _LISTS}
    for name, items in lists.items():
        for item in items:
            alone = {"field": change.field, "value": common | {name: [item]}}
            yield _told(item), msgspec.Raw(msgspec.json.encode(alone))


def _items(change: _Change, name: str) -> list[msgspec.Raw]:
    return decode(bytes(change.value[name]), list[msgspec.Raw])


def _wrapped(kind: str, entry: _Entry, name: str, item: msgspec.Raw) -> bytes:
    return _alone(kind, {"id": entry.id, "time": entry.time, name: [item]})


def _alone(kind: str, entry: object) -> bytes:
    return msgspec.json.encode({"object": kind, "entry": [entry]})


# --- keys ---------------------------------------------------------------------------------------


class _Message(msgspec.Struct, frozen=True):
    mid: str = ""
    is_deleted: bool = False


class _Edit(msgspec.Struct, frozen=True):
    mid: str
    num_edit: int | str = 0


class _Item(msgspec.Struct, frozen=True):
    message: _Message = _Message()
    postback: _Message = _Message()
    message_edit: _Edit | None = None


class _Part(msgspec.Struct, frozen=True):
    id: str
    status: str = ""


class _Comment(msgspec.Struct, frozen=True):
    id: str = ""
    comment_id: str = ""
    item: str = ""
    verb: str = ""


def _said(raw: msgspec.Raw) -> str:
    """The key of something said in a chat of a page or an Instagram account."""
    try:
        item = decode(bytes(raw), _Item)
    except ValueError:
        return digest(bytes(raw))
    if item.message_edit:
        return f"{item.message_edit.mid}:edit:{item.message_edit.num_edit}"
    if item.message.mid and item.message.is_deleted:
        return f"{item.message.mid}:deleted"
    return item.message.mid or item.postback.mid or digest(bytes(raw))


def _told(raw: msgspec.Raw) -> str:
    """The key of a WhatsApp message or status."""
    try:
        part = decode(bytes(raw), _Part)
    except ValueError:
        return digest(bytes(raw))
    return f"{part.id}:{part.status}" if part.status else part.id or digest(bytes(raw))


def _changed(change: _Change) -> str:
    """The key of a comment when it is made; "" for everything else."""
    try:
        value = decode(msgspec.json.encode(change.value), _Comment)
    except ValueError:
        return ""
    if change.field in ("comments", "live_comments") and value.id:
        return comment_key(value.id)
    is_new = change.field == "feed" and (value.item, value.verb) == ("comment", "add")
    return comment_key(value.comment_id) if is_new and value.comment_id else ""


def comment_key(comment_id: str) -> str:
    """The external id of a public comment."""
    return f"comment:{comment_id}"
