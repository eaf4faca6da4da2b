"""
What we read of an update, as lenient structs; every other field is passed over.

Wire format: https://core.telegram.org/bots/api#update. Ids have up to 52 bits, entity offsets count
UTF-16 units. Nothing is required but what a message cannot be without.
"""

import msgspec

from channels import webhooks


class User(msgspec.Struct):
    """A person or a bot."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""


class Chat(msgspec.Struct):
    """Where something was said; `type` is private, group, supergroup or channel."""

    id: int
    type: str = "private"
    title: str = ""
    username: str = ""

    @property
    def is_private(self) -> bool:
        """Whether it is one person alone with the bot."""
        return self.type == "private"


class Entity(msgspec.Struct):
    """A part of a text that means something."""

    type: str
    offset: int
    length: int
    user: User | None = None


class File(msgspec.Struct):
    """A photo in one size, a video, a voice message, a document."""

    file_id: str
    file_name: str = ""
    mime_type: str = ""
    file_size: int | None = None
    width: int = 0
    height: int = 0


class Location(msgspec.Struct):
    """A point on the map; with `live_period` one that moves."""

    latitude: float
    longitude: float
    live_period: int | None = None


class Venue(msgspec.Struct):
    """The name of a point on the map."""

    title: str = ""
    address: str = ""


class Contact(msgspec.Struct):
    """A card from somebody's phone book."""

    phone_number: str = ""
    first_name: str = ""
    last_name: str = ""
    user_id: int | None = None


class Origin(msgspec.Struct):
    """Where a forwarded message was first."""

    sender_user: User | None = None
    sender_user_name: str = ""
    sender_chat: Chat | None = None
    chat: Chat | None = None
    message_id: int | None = None


class Quote(msgspec.Struct):
    """The part of another message that a reply picks out."""

    text: str = ""


class Quoted(msgspec.Struct):
    """The message a reply answers."""

    from_: User | None = msgspec.field(name="from", default=None)
    text: str = ""
    caption: str = ""


class Message(msgspec.Struct):
    """One message."""

    message_id: int
    chat: Chat
    date: int = 0
    edit_date: int | None = None
    from_: User | None = msgspec.field(name="from", default=None)
    sender_chat: Chat | None = None
    is_automatic_forward: bool = False
    is_topic_message: bool = False
    message_thread_id: int | None = None
    media_group_id: str = ""
    forward_origin: Origin | None = None
    reply_to_message: Quoted | None = None
    quote: Quote | None = None
    text: str = ""
    entities: list[Entity] = []
    caption: str = ""
    caption_entities: list[Entity] = []
    photo: list[File] = []
    video: File | None = None
    video_note: File | None = None
    voice: File | None = None
    audio: File | None = None
    document: File | None = None
    animation: File | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Contact | None = None

    @property
    def words(self) -> str:
        """The text, or what stands below a picture."""
        return self.text or self.caption

    @property
    def thread(self) -> int | None:
        """The topic of a forum it stands in."""
        return self.message_thread_id if self.is_topic_message else None


class Under(msgspec.Struct):
    """The message a button stood under; it may be too old to be told in full."""

    message_id: int
    chat: Chat
    is_topic_message: bool = False
    message_thread_id: int | None = None


class Callback(msgspec.Struct):
    """Somebody pressed a button."""

    id: str
    from_: User = msgspec.field(name="from")
    message: Under | None = None
    data: str = ""


class Update(msgspec.Struct):
    """One update; the kinds that are not here are read by their name alone."""

    update_id: int | None = None
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: Callback | None = None


def decode(raw: bytes) -> tuple[Update, dict[str, object]]:
    """An update, and its plain JSON for what is not read; ValueError where it is none."""
    return webhooks.decode(raw, Update), webhooks.decode(raw, dict)
