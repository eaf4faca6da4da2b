"""
What the journal holds of X: one item each, with what it refers to and how it came.

    {"from": "mentions", "for": "<our account>", "item": {…as X sent it…}, "includes": {…}}

`from` is mentions, rule, activity or gap. A page of a hundred posts becomes a hundred deliveries,
so a post that nobody can read parks alone. Reports have the post's id as their key, however they
came: a mention that is polled, found by a rule and pushed is one. Signals have a key of their own,
or a post seen as a signal first could never become a report.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from channels.contract import Delivery, Ignored, Inbox, Parsed, Unreadable
from channels.x_activity import read_event
from channels.x_post import Found, Post, clean, meaning, summons
from channels.x_v2 import beside, read_v2

_MOST_ID = 64


class Wrapped(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The journal's form of one item."""

    came: str = msgspec.field(name="from")
    account: str = msgspec.field(name="for", default="")
    rule: str = ""
    #: "signal" where it is only for the monitor.
    use: str = ""
    #: Of a webhook: what kind of event it is.
    event: str = ""
    #: The earlier version that is in the journal.
    replaces: str = ""
    item: object = None
    includes: object = None
    #: Of a gap: what was not looked at, and why.
    missed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item on its way into the journal."""

    external_id: str
    wrapped: Wrapped
    #: Earlier versions of the same post, newest first.
    earlier: tuple[str, ...] = ()

    def delivery(self) -> Delivery:
        """As the journal takes it."""
        return Delivery(external_id=self.external_id, payload=_packed(self.wrapped))


def item_of(item: object, includes: object, wrapped: Wrapped, *, is_report: bool) -> Item:
    """One post of a page or an event, in the format of API v2."""
    mine = beside(item, includes)
    try:
        post = read_v2(item, mine)
    except (msgspec.ValidationError, ValueError):  # ValueError: a name no text can be
        kept = _with(wrapped, item=item, includes=mine)
        return Item(external_id=f"bad.{_digest(item)}", wrapped=kept)
    is_report = is_report or bool(summons(post, _found(wrapped)))
    kept = _with(wrapped, item=item, includes=mine, use="" if is_report else "signal")
    return _keyed(post, kept, is_report=is_report)


def event_of(kind: str, event: object, users: object, account: str) -> Item:
    """One event of the Account Activity API."""
    wrapped = Wrapped(came="activity", account=account, event=kind, item=event, includes=users)
    said = read_event(kind, event, users)
    if isinstance(said, Post):
        return _keyed(said, wrapped, is_report=True)
    key = said.key if said and said.key else f"{clean(kind)[:_MOST_ID]}.{_digest(event)}"
    return Item(external_id=key, wrapped=wrapped)


def gap(key: str, missed: str) -> Delivery:
    """A record of what nobody looked at; `missed` names no person and quotes no post."""
    return Delivery(external_id=key, payload=_packed(Wrapped(came="gap", missed=missed)))


async def deliveries(items: Sequence[Item], inbox: Inbox) -> list[Delivery]:
    """The items as the journal takes them; an edited post names the version we hold."""
    return [(await _linked(item, inbox)).delivery() for item in items]


def read(payload: bytes) -> Parsed:
    """What a journaled item says."""
    try:
        wrapped = msgspec.convert(json.loads(payload), Wrapped)
        if wrapped.came == "gap":
            return Ignored(reason=f"not looked at: {clean(wrapped.missed)}")
        if wrapped.came == "activity" and not is_v2(wrapped.event):
            return _event(wrapped)
        return meaning(read_v2(wrapped.item, wrapped.includes), _found(wrapped))
    except msgspec.ValidationError as error:
        # Its sentence names types and the path, never a value.
        return Unreadable(reason=f"not a post as X sends it: {error}"[:200])
    except (ValueError, RecursionError):
        return Unreadable(reason="not JSON")


def _event(wrapped: Wrapped) -> Parsed:
    said = read_event(wrapped.event, wrapped.item, wrapped.includes)
    if said is None:
        return Unreadable(reason="an event of a kind we do not know")
    if isinstance(said, Post):
        return meaning(said, _found(wrapped))
    return said.means(wrapped.account)


def is_v2(event: str) -> bool:
    """Whether an event brings a post as API v2 has it; the other API's are older."""
    return event.startswith("post.") and event.endswith(".create")


def _found(wrapped: Wrapped) -> Found:
    return Found(
        account=wrapped.account,
        rule=clean(wrapped.rule),
        is_report=wrapped.use != "signal",
        is_mention=wrapped.came == "mentions" or wrapped.event == "post.mention.create",
        replaces=clean(wrapped.replaces),
    )


def _keyed(post: Post, wrapped: Wrapped, *, is_report: bool) -> Item:
    if is_report:
        return Item(external_id=post.id[:_MOST_ID], wrapped=wrapped, earlier=post.earlier)
    # An edited post is no second signal.
    first = post.versions[0] if post.versions else post.id
    return Item(external_id=f"signal.{first}"[:_MOST_ID], wrapped=wrapped)


async def _linked(item: Item, inbox: Inbox) -> Item:
    for version in item.earlier:
        if await inbox.stored(version) is not None:
            return replace(item, wrapped=_with(item.wrapped, replaces=version))
    return item


def _with(wrapped: Wrapped, **changes: object) -> Wrapped:
    return msgspec.structs.replace(wrapped, **changes)


def _packed(wrapped: Wrapped) -> bytes:
    """JSON in ASCII: a half of a surrogate pair, which X lets through, survives as its escape."""
    # msgspec names the fields and leaves out the empty ones; only json can write such halves.
    plain = {field.encode_name: getattr(wrapped, field.name) for field in _FIELDS}
    kept = {name: value for name, value in plain.items() if value not in ("", None, {}, [])}
    return json.dumps(kept, separators=(",", ":")).encode()


_FIELDS = msgspec.structs.fields(Wrapped)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
