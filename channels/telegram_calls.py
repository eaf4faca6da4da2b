"""What is asked of the Bot API and what it says, in our own words: values without the library."""

from dataclasses import dataclass

from channels.contract import Button, TryLater

#: What Telegram says of a file that is away for a moment, or for ever.
UNAVAILABLE = TryLater(reason="temporarily unavailable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message of ours."""

    chat: int
    text: str
    #: The message it answers, and the topic of the forum it stands in.
    message: int | None = None
    thread: int | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The group became a supergroup, which has another id."""

    chat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What Telegram thinks of our webhook."""

    url: str
    pending: int
    #: When it last failed, by Telegram's clock; 0: never.
    failed_at: int
