"""
Events of the Account Activity API: posts in the old format, direct messages, and much that is none.

    {"for_user_id": "…", "tweet_create_events": [{…}, …]}

Posts are in the old format, see x_v1.
https://docs.x.com/x-api/account-activity/introduction
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from channels.contract import Ignored, InboundMessage, Parsed, Unreadable
from channels.windows import pack_address
from channels.x_post import Post, clean, written
from channels.x_v1 import Entities, links_in, moment, read_v1

#: What happens around an account and is no message.
NOISE = {
    "favorite_events": "a like",
    "follow_events": "somebody followed or stopped following",
    "unfollow_events": "somebody stopped following",
    "block_events": "a block",
    "unblock_events": "a block taken back",
    "mute_events": "a mute",
    "unmute_events": "a mute taken back",
    "direct_message_indicate_typing_events": "somebody is typing",
    "direct_message_mark_read_events": "somebody has read our message",
    "user_event": "an account took its permission back",
}
#: The same from the X Activity API, by what the name of the event begins with.
_NOISE_BEGINS = {
    "like.": "a like",
    "follow.": "somebody followed or stopped following",
    "profile.": "a profile was changed",
    "mute.": "a mute",
    "block.": "a block",
    "chat.": "an encrypted message, which X gives nobody",
    "dm.": "news about direct messages",
    "spaces.": "a broadcast",
    "news.": "a news item",
    "oauth.": "an account took its permission back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """A direct message."""

    id: str
    sender: str
    name: str
    text: str
    sent_at: datetime | None
    has_file: bool

    @property
    def key(self) -> str:
        """Its external id."""
        return f"dm.{self.id}"

    def means(self, account: str) -> Parsed:
        """A report nobody else may see, unless we wrote it ourselves."""
        if account and self.sender == account:
            return Ignored(reason="our own direct message")
        remark = "file not fetched: X gives files of direct messages to their receiver alone"
        return InboundMessage(
            sender=self.sender,
            name=self.name,
            text=self.text,
            sent_at=self.sent_at,
            return_address=pack_address(self.sender, by="dm"),
            confidential=True,
            remarks=(remark,) if self.has_file else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A post that is gone."""

    id: str
    author: str

    @property
    def key(self) -> str:
        """Its external id."""
        return f"{self.id}.deleted"

    def means(self, account: str) -> Parsed:
        """The author took it back."""
        if account and self.author == account:
            return Ignored(reason="a post of our own was deleted")
        return InboundMessage(sender=self.author, text="", edits=self.id, withdrawn=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Anything else, with what it is; "" where it is not what X promises."""

    what: str
    key: str = ""

    def means(self, account: str) -> Parsed:
        """Nothing for us, or nothing anybody can read."""
        del account
        if self.what:
            return Ignored(reason=self.what)
        return Unreadable(reason="an event without what X promises in it")


Event = Post | Direct | Deleted | Other


def read_event(kind: str, event: object, users: object) -> Event | None:
    """One event; None for a kind that X has added since."""
    reader = _READERS.get(kind)
    if reader is not None:
        try:
            return reader(event, users)
        except (msgspec.ValidationError, OverflowError, ValueError):
            return Other(what="")
    what = NOISE.get(kind) or next(
        (told for begin, told in _NOISE_BEGINS.items() if kind.startswith(begin)), ""
    )
    return Other(what=what) if what else None


# --- the formats ----------------------------------------------------------------------------------


class _Message(msgspec.Struct):
    text: str = ""
    entities: Entities | None = None
    attachment: object = None


class _Create(msgspec.Struct):
    sender_id: str
    message_data: _Message


class _Direct(msgspec.Struct):
    id: str
    type: str = ""
    created_timestamp: str = ""
    message_create: _Create | None = None


class _Gone(msgspec.Struct):
    id: str
    user_id: str = ""


class _Deletion(msgspec.Struct):
    status: _Gone


class _GoneV2(msgspec.Struct):
    id: str
    author_id: str = ""


# --- reading them ---------------------------------------------------------------------------------


def _post(event: object, _: object) -> Post:
    return read_v1(event)


def _direct(event: object, users: object) -> Direct | Other:
    direct = msgspec.convert(event, _Direct)
    if direct.message_create is None:
        return Other(what="no message: somebody joined or left", key=f"dm.{direct.id}")
    sender, said = direct.message_create.sender_id, direct.message_create.message_data
    return Direct(
        id=clean(direct.id),
        sender=clean(sender),
        name=_name_of(sender, users),
        text=written(said.text, links_in(said.entities)),
        sent_at=moment(direct.created_timestamp),
        has_file=said.attachment is not None,
    )


def _deletion(event: object, _: object) -> Deleted:
    gone = msgspec.convert(event, _Deletion).status
    return Deleted(id=clean(gone.id), author=clean(gone.user_id))


def _deletion_v2(event: object, _: object) -> Deleted:
    gone = msgspec.convert(event, _GoneV2)
    return Deleted(id=clean(gone.id), author=clean(gone.author_id))


_READERS = {
    "tweet_create_events": _post,
    "direct_message_events": _direct,
    "tweet_delete_events": _deletion,
    "post.delete": _deletion_v2,
}


def _name_of(sender: str, users: object) -> str:
    """A name from the `users` beside direct messages; the newer API hides it one level deeper."""
    user = users.get(sender) if isinstance(users, Mapping) else None
    user = user.get("data", user) if isinstance(user, Mapping) else None
    name = user.get("name") if isinstance(user, Mapping) else None
    return clean(name) if isinstance(name, str) else ""
