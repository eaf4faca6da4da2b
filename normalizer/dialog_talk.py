"""
What the dialog remembers of one sender on one channel, and what it decides.

`Conversation` is everything `turn` knows beside the message; `Decision` is everything that can
follow. Both are plain values: the gateway fills the one from its tables and carries the other out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, TypeAlias

from channels.contract import InboundMessage
from normalizer.report import Command
from normalizer.wording import Sentence

#: What was asked last and not answered yet.
#: where: the place of a report. what: what a report without words is about. words: the same, not
#: said aloud. more: the citizen announced an addition. erase: whether they mean it. solved: whether
#: their case is. answer: what the office wants to know of it. anonymous, confidential, hidden: no
#: question, but a wish for the next report.
Topic: TypeAlias = Literal[
    "where",
    "what",
    "words",
    "more",
    "erase",
    "solved",
    "answer",
    "anonymous",
    "confidential",
    "hidden",
]
#: What a message does to a record that is there already. "" is for the messages it was made of.
Role: TypeAlias = Literal[
    "", "add", "place", "choice", "hide", "withdraw", "solved", "unsolved", "edit", "unsent"
]

#: The public state of a report its sender took back.
WITHDRAWN = "dibatalkan"
#: An announced addition or a wish for the next report is meant for now.
SOON = timedelta(hours=1)
#: An answer is waited for so long; a command without a code is about a report no older.
ANSWER = timedelta(hours=24)
#: A photo, a place or a cry after the words belongs to them for so long.
TOGETHER = timedelta(minutes=10)
#: What is added later than this, without a code, is a report of its own.
THREAD = timedelta(days=60)
PATIENCE: Mapping[Topic, timedelta] = MappingProxyType(
    {
        "where": ANSWER,
        "what": ANSWER,
        "words": TOGETHER,
        "more": SOON,
        "erase": ANSWER,
        "solved": timedelta(days=30),
        "answer": timedelta(days=30),
        "anonymous": SOON,
        "confidential": SOON,
        "hidden": SOON,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message and what it is by itself, whoever sent it."""

    #: With the flags its own words ask for.
    message: InboundMessage
    command: Command | None
    #: What it says; "" for files and places alone.
    said: str
    #: It brings files or a place.
    things: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A report that was made before, as far as the dialog may know it."""

    record_id: str
    case_code: str
    state: str
    received_at: datetime
    #: Whoever speaks now has sent it.
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that waits for its answer."""

    topic: Topic
    asked_at: datetime
    #: None where it is about no report.
    report: Known | None = None
    #: How many numbered answers were offered.
    choices: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What is known of a sender on a channel when they say something."""

    #: People chat here: a photo first, the words after it, one message for each thought.
    chat: bool = False
    #: The address of the sender is the provider's word, not something they typed themselves.
    known_sender: bool = True
    #: The sender proved who they are: always, but where addresses are forged easily (mail).
    proven: bool = True
    #: Their newest report that was not withdrawn.
    newest: Known | None = None
    #: The report the message names by its code.
    named: Known | None = None
    #: The report an earlier message or answer belongs to, which this message edits or answers.
    about: Known | None = None
    #: The message that is edited has not become anything yet.
    original_waits: bool = False
    question: Asked | None = None
    #: Messages of this sender wait for words.
    waiting: bool = False
    #: This message has waited long enough itself.
    waited: bool = False
    #: They asked for no notices.
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A report of its own, together with the messages that wait."""

    #: The receipt to send, where it is a particular one.
    receipt: Sentence | None = None
    #: The report the citizen meant to add to, for that receipt.
    instead_of: str = ""
    remark: str = ""
    anonymous: bool = False
    confidential: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Wait a little: more of it may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """It belongs to a report of theirs and makes a revision of it."""

    report: Known
    role: Role
    #: The answer; None: no answer is needed.
    say: Sentence | None = None
    #: The open question is answered by it.
    closes: bool = False
    asks: Asked | None = None
    #: The same answer is given once for a report, not for each of many photos.
    once: bool = False
    #: About a case that is on its way: a word to the office, where the store takes such.
    comment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer, and nothing else happens."""

    sentence: Sentence
    #: The report it is about.
    report: Known | None = None
    #: What was typed in place of a code, or the command that is explained.
    given: str = ""
    asks: Asked | None = None
    closes: bool = False
    #: True: they get no notices any more; False: they get them again.
    silences: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """The citizen takes back what waits; nothing was made of it yet."""

    say: Sentence | None = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Destroy every key to who this citizen is."""


Decision: TypeAlias = Begin | Hold | Change | Say | Discard | Forget
