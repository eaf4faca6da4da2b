"""
The sections of gateway.toml: each key with its type, default and what it may be.

config/gateway.toml shows the same to the operator; a test compares. Times are seconds unless a name
says otherwise. Stores and channels bring sections of their own.
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from channels.web_options import HOURS, Zone
from forwarder.backoff import Policy
from gateway.access.options import Console
from gateway.files_options import Attachments
from gateway.log import Format, Level
from gateway.notices_options import Notices
from gateway.sockets import host_and_port
from normalizer.gazetteer import GazetteerError, area_of

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Days = Annotated[int, msgspec.Meta(ge=0)]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of gateway.toml."""


class Http(_Section, frozen=True, kw_only=True):
    """Section [http]: the two listeners."""

    public: str = "127.0.0.1:8080"
    internal: str = "127.0.0.1:8081"
    #: The largest request; the web form with its files must fit.
    body_bytes: Count = 32 * 1024 * 1024
    #: All bodies that are on their way at one moment; what comes above it hears 503.
    arriving_bytes: Count = 256 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.arriving_bytes < self.body_bytes:
            raise ValueError("arriving_bytes is less than body_bytes, which is one request")
        for key in ("public", "internal"):
            try:
                host_and_port(getattr(self, key))
            except ValueError as exc:
                raise ValueError(f"{key}: {exc}") from exc


class StoreSection(_Section, frozen=True, kw_only=True):
    """Section [store]: where journal, records and outbox live."""

    #: Empty: SQLite in the data folder.
    url: str = ""
    #: A commit is on so many machines before anybody hears "ok"; 2 needs synchronous standbys.
    copies: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if self.copies > 1 and not self.url.startswith("postgresql://"):
            raise ValueError("copies: only postgresql://… keeps more than one")
        if self.url and not self.url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("url: expected sqlite:///… or postgresql://…")
        if urlsplit(self.url).password or "password=" in self.url:
            raise ValueError("url: a password does not belong here; name a passfile= instead")


class Tenant(_Section, frozen=True, kw_only=True):
    """Section [tenant]: whose gateway this is."""

    #: Its own area by Kemendagri code, several with commas; names are looked for there first.
    area: str = ""
    #: Its clock: quiet hours and deadlines go by it.
    zone: Zone = "WIB"

    @property
    def utc_hours(self) -> int:
        """How many hours its clock is ahead of UTC."""
        return HOURS[self.zone]

    def __post_init__(self) -> None:
        try:
            area_of(self.area)
        except GazetteerError as exc:
            raise ValueError(f"area: {exc}") from exc


class Pipeline(_Section, frozen=True, kw_only=True):
    """Section [pipeline]: from message to record."""

    #: After this the parts of a long SMS that did come are a report of their own.
    part_timeout: Seconds = 900.0
    #: In chats a photo or a place without words waits so long for them.
    quiet_time: Seconds = 20.0
    #: An album is whole when no picture of it came for so long.
    album_time: Seconds = 2.0
    #: In chats a report that does not say where it is gets one question.
    questions: bool = True
    #: How far back the same complaint is looked for.
    match_window_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90
    #: More automatic answers than this to one sender are a loop of two machines.
    replies_per_hour: Count = 240
    #: Read and classify in a process of its own, so that no message makes another one wait.
    own_process: bool = True
    #: So many of them; one is enough for two cores.
    processes: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    #: How long a receipt waits for the central store's own, before it goes out without.
    receipt_patience: Annotated[float, msgspec.Meta(ge=0)] = 3.0


class Identity(_Section, frozen=True, kw_only=True):
    """Section [identity]: who learns who complained."""

    #: Name and contact stand in the record, except of anonymous reports.
    share: bool = False
    #: The ministry's public key: a file's path (with a /), or the name of a secret. Who sent an
    #: anonymous report is sealed to it; without it only the return address is kept.
    ministry_key: str = ""
    #: Revealing who somebody is needs a second person's consent.
    two_persons: bool = False


class Retention(_Section, frozen=True, kw_only=True):
    """Section [retention]: days after a case was closed, for `retain`; 0 keeps for ever."""

    #: The public states of a case that is over.
    closed: tuple[str, ...] = ("selesai", "diarsipkan", "dibatalkan")
    #: How to answer somebody anonymous.
    anonymous_days: Days = 30
    #: Who somebody named is.
    identities_days: Days = 365
    #: Messages as they came; records stay.
    messages_days: Days = 365
    #: Commands, delivery reports and what was ignored, from when it came.
    others_days: Days = 90
    #: Answers that were sent, from when they were.
    answers_days: Days = 90
    #: Whole cases: the record as well.
    cases_days: Days = 0


class Proof(_Section, frozen=True, kw_only=True):
    """Section [proof]: where signed anchors of the journal go, so that nobody can rewrite it."""

    #: Between two anchors, where something came in; 0: none are made.
    every: Annotated[float, msgspec.Meta(ge=0)] = 3600.0
    #: To each central store that keeps them.
    stores: bool = True
    #: Appended to this file, best one on another machine; empty: none.
    file: str = ""
    #: Sent to this address; empty: none.
    mail: str = ""


class Targets(_Section, frozen=True, kw_only=True):
    """Section [targets]: what the office wants to reach in a year; 0: no target."""

    #: Reports of all channels together.
    reports: Days = 0
    #: Of them, answered or taken up, in hundredths.
    followed_percent: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.0


class Limits(_Section, frozen=True, kw_only=True):
    """Section [limits]: bounds of the process itself."""

    #: SIGTERM: requests and deliveries under way may finish within this time.
    drain: Seconds = 20.0
    #: A channel that fails is started again after a wait that grows up to this.
    restart_wait: Seconds = 60.0


class Log(_Section, frozen=True, kw_only=True):
    """Section [log]."""

    format: Format = "auto"
    level: Level = "info"


class File(_Section, frozen=True, kw_only=True):
    """gateway.toml as a whole; stores and channels are decoded by their own structs."""

    http: Http = Http()
    tenant: Tenant = Tenant()
    store: StoreSection = StoreSection()
    outbox: Policy = Policy()
    pipeline: Pipeline = Pipeline()
    identity: Identity = Identity()
    retention: Retention = Retention()
    attachments: Attachments = Attachments()
    proof: Proof = Proof()
    notices: Notices = Notices()
    targets: Targets = Targets()
    console: Console = Console()
    limits: Limits = Limits()
    log: Log = Log()
    central: dict[str, dict[str, Any]] = {}
    channels: dict[str, dict[str, Any]] = {}
