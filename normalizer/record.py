"""
The canonical record: one JSON document per complaint, `lapor.record/1`.

The text stays as the citizen wrote it; everything derived stands beside it with its reason.
`config/record.schema.json` is generated from these structs.
"""

from datetime import datetime
from typing import Literal

import msgspec

ReportType = Literal[
    "pengaduan_pengawasan", "pengaduan", "aspirasi", "permintaan_informasi", "bukan_laporan"
]
FlagName = Literal["fraud", "promotion", "spam", "prank", "abuse"]

PrivateKind = Literal[
    "nik", "kk", "phone", "email", "account", "plate", "address", "name", "health", "child"
]


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A piece of the record."""


class Reporter(_Part, frozen=True, kw_only=True):
    """Who complained, as far as the reader of the record may know."""

    #: A keyed hash: equal for one person on one channel; differs per record when anonymous.
    pseudonym: str
    name: str | None = None
    contact: str | None = None
    #: Identity sealed to the ministry's key, base64; the gateway cannot open it.
    sealed: str | None = None


class Judgement(_Part, frozen=True, kw_only=True):
    """A value somebody or something decided on, with what speaks for it; null: not decided."""

    value: str | None
    confidence: float
    by: Literal["rules", "model", "officer"] = "rules"
    version: str = "1"
    #: The citizen's words that led to it.
    why: tuple[str, ...] = ()


class Agency(Judgement, frozen=True, kw_only=True):
    """The office this should go to, and up to three others it might."""

    alternatives: tuple[str, ...] = ()


class Urgency(_Part, frozen=True, kw_only=True):
    """How soon somebody must look."""

    value: Literal["darurat", "segera", "biasa"] = "biasa"
    why: tuple[str, ...] = ()
    by: Literal["rules", "model", "officer"] = "rules"


class Flag(_Part, frozen=True, kw_only=True):
    """What an officer should look at a report for; never a reason to hold it back."""

    value: FlagName
    confidence: float
    version: str = "1"
    why: tuple[str, ...] = ()


class PrivateSpan(_Part, frozen=True, kw_only=True):
    """Personal data in the text: from character `start` up to `end`, as Python counts them."""

    kind: PrivateKind
    start: int
    end: int


class StoredFile(_Part, frozen=True, kw_only=True):
    """An attachment, kept under its SHA-256."""

    sha256: str
    media_type: str
    bytes: int
    name: str


class PlaceCandidate(_Part, frozen=True, kw_only=True):
    """A place the words may mean."""

    code: str
    name: str
    level: str


class Place(_Part, frozen=True, kw_only=True):
    """Where it is: the citizen's words in `name`, a Kemendagri code where one was found."""

    code: str | None = None
    name: str = ""
    level: str | None = None
    confidence: float = 0.0
    candidates: tuple[PlaceCandidate, ...] = ()
    by: Literal["rules", "model", "officer"] = "rules"
    version: str = "1"
    #: The names in the citizen's words that led to it.
    why: tuple[str, ...] = ()
    #: What the words say below a village, each empty where they do not.
    street: str = ""
    landmark: str = ""
    hamlet: str = ""
    rt: str = ""
    rw: str = ""


class MapPoint(_Part, frozen=True, kw_only=True):
    """WGS 84 degrees."""

    lat: float
    lon: float


class Duplicate(_Part, frozen=True, kw_only=True):
    """An earlier record this one repeats or belongs to."""

    cluster: str
    relation: Literal["same", "related"]
    of: str
    score: float
    why: tuple[str, ...] = ()
    #: How many reports say the same, this one included.
    volume: int = 1
    #: Clusters that turn out to be one with `cluster` by this record.
    joins: tuple[str, ...] = ()


class Deadlines(_Part, frozen=True, kw_only=True):
    """Until when what must have happened, by config/deadlines.toml; null: no such deadline."""

    #: The office's own promise of a first answer.
    promise_by: datetime | None = None
    verify_by: datetime | None = None
    follow_up_by: datetime | None = None
    solve_by: datetime | None = None


class Record(_Part, frozen=True, kw_only=True):
    """One complaint."""

    schema: Literal["lapor.record/1"] = "lapor.record/1"
    record_id: str
    revision: int
    case_code: str
    received_at: datetime
    sent_at: datetime | None
    channel: str
    external_id: str
    visibility: Literal["public", "private"]
    source_url: str | None = None
    #: The words of the post this report answers or quotes.
    context: str | None = None
    reporter: Reporter
    anonymous: bool
    confidential: bool
    text: str
    clean_text: str
    title: str
    #: ISO 639; null where the words do not tell.
    language: str | None
    attachments: tuple[StoredFile, ...] = ()
    type: Judgement
    topic: Judgement
    agency: Agency
    urgency: Urgency
    flags: tuple[Flag, ...] = ()
    place: Place | None = None
    point: MapPoint | None = None
    duplicate: Duplicate | None = None
    deadlines: Deadlines = Deadlines()
    #: Kinds of personal data found in title and text.
    privacy: tuple[PrivateKind, ...] = ()
    #: Where they stand in `text`.
    privacy_spans: tuple[PrivateSpan, ...] = ()
    #: Short facts for the officer, such as "incomplete: part 2 of 3 is missing".
    remarks: tuple[str, ...] = ()
