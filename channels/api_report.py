"""
What apps send and get: the bodies of /api/v1, each as a struct.

The OpenAPI document is made of these very structs (api_openapi.py), so it says what is checked.
Unknown fields are refused: who mistypes `anonymous` must hear of it, not be exposed.
"""

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

# At least one character one can see. Not \S: what counts as a blank differs between languages, and
# the app's must agree with ours.
VISIBLE = (
    r"[^\x00-\x20\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
)

Text: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=20_000,
        pattern=VISIBLE,
        description="What the citizen wrote, complete and unchanged.",
        examples=["Lampu jalan padam di depan SDN 3 sejak tiga malam."],
    ),
]
Line: TypeAlias = Annotated[str, Meta(max_length=200)]
Place: TypeAlias = Annotated[
    str, Meta(max_length=500, description="Where, in the citizen's words.")
]
Topic: TypeAlias = Annotated[
    str,
    Meta(max_length=100, description="A code of GET /api/v1/topics that the citizen or app chose."),
]
Latitude: TypeAlias = Annotated[float, Meta(ge=-90, le=90)]
Longitude: TypeAlias = Annotated[float, Meta(ge=-180, le=180)]
OwnId: TypeAlias = Annotated[
    str,
    Meta(
        max_length=200,
        description="The app's own id of the report. It stands in for Idempotency-Key where that"
        " header is missing, so repeat it with every retry.",
        examples=["ak-2026-000123"],
    ),
]
SentAt: TypeAlias = Annotated[
    datetime, Meta(tz=True, description="When the citizen sent it, with its zone.")
]


class Reporter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who complains, as far as the app knows; kept apart from the text and encrypted."""

    #: The app's own id of the person.
    id: Line = ""
    name: Line = ""
    contact: Line = ""


class Report(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A complaint as JSON."""

    text: Text
    title: Line = ""
    topic: Topic = ""
    place: Place = ""
    lat: Latitude | None = None
    lon: Longitude | None = None
    reporter: Reporter = Reporter()
    anonymous: bool = False
    confidential: bool = False
    sent_at: SentAt | None = None
    id: OwnId = ""


class FormReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A complaint with files, as multipart/form-data; the words may be missing, not both."""

    text: Text | UnsetType = UNSET
    title: Line = ""
    topic: Topic = ""
    place: Place = ""
    lat: Latitude | UnsetType = UNSET
    lon: Longitude | UnsetType = UNSET
    reporter_id: Line = ""
    reporter_name: Line = ""
    reporter_contact: Line = ""
    anonymous: bool = False
    confidential: bool = False
    sent_at: SentAt | UnsetType = UNSET
    id: OwnId = ""


class Created(Struct, frozen=True, kw_only=True):
    """The report is on disk, and this is its case code."""

    case_code: str
    #: Where to ask for its state, with the same app's key.
    status_url: str
    state: str = "diterima"


class CaseState(Struct, frozen=True, kw_only=True):
    """The public state of a case; the times are null until the gateway has read the report."""

    case_code: str
    #: One of: diterima, diteruskan, ditindaklanjuti, selesai, diarsipkan, dibatalkan.
    state: str = "diterima"
    received_at: SentAt | None = None
    updated_at: SentAt | None = None


class TopicEntry(Struct, frozen=True, kw_only=True):
    """A kind of complaint."""

    code: str
    name: str
    keywords: tuple[str, ...] = ()


class TopicList(Struct, frozen=True, kw_only=True):
    """Every kind of complaint the gateway tells apart."""

    topics: tuple[TopicEntry, ...]


class Mistake(Struct, frozen=True, kw_only=True):
    """What is wrong in a body, and where."""

    #: A JSON pointer in the form of a URI fragment: "#/reporter/name".
    pointer: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document (RFC 9457); switch on `type`."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[Mistake, ...] = ()
    violated_policies: tuple[str, ...] = field(default=(), name="violated-policies")
