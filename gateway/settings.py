"""
Every setting of the gateway: gateway.toml, decoded once and strictly into frozen structs.

config/gateway.toml shows each key with its default; a test compares it with these structs. What an
operator's folder leaves out (a key, a section, a whole file) is taken from here and from the
shipped config folder. Times are seconds unless a name says otherwise.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import msgspec

from channels.contract import Channel
from channels.registry import CHANNELS
from channels.web_options import HOURS, Zone
from forwarder.backoff import Policy
from forwarder.central.contract import Central
from forwarder.central.handoff import HandoffCentral
from forwarder.central.http import HttpCentral
from forwarder.central.lapor import LaporCentral
from forwarder.central.open311 import Open311Central
from forwarder.central.postgres import PostgresCentral
from forwarder.central.sqlite import SqliteCentral
from forwarder.routing import ALL, Only
from gateway.config_files import CONFIG_FILE, find_config_file
from gateway.decode import Decoder, read_toml
from gateway.errors import SecretError, SettingsError
from gateway.files_options import Attachments
from gateway.log import Format, Level
from gateway.ministry import read_key
from gateway.notices_options import Notices
from gateway.secrets import Secrets
from gateway.sockets import host_and_port, is_loopback
from normalizer.gazetteer import GazetteerError, area_of

__all__ = ["Settings", "SettingsError", "read_settings"]

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Days = Annotated[int, msgspec.Meta(ge=0)]

# Open to everybody by nature: a citizen has no secret to show to a web form, and mail comes from
# any server in the world. Their own limits (CSRF and rates, recipients and sizes) guard them. The
# officer's door is the other way round: without a secret nobody comes in.
OPEN_TO_ALL = ("web", "mail", "officer")

# It becomes part of outbox rows, metrics and logs.
NAME = re.compile(r"[a-z0-9_-]{1,32}")

CENTRALS: tuple[type[Central], ...] = (
    SqliteCentral,
    HttpCentral,
    PostgresCentral,
    Open311Central,
    HandoffCentral,
    LaporCentral,
)
EMBEDDED_CENTRAL = {"central": {"kind": "sqlite"}}


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

    def __post_init__(self) -> None:
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
    limits: Limits = Limits()
    log: Log = Log()
    central: dict[str, dict[str, Any]] = {}
    channels: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralSettings:
    """Section [central.<name>]: one central store."""

    kind: type[Central]
    options: msgspec.Struct
    #: Section [central.<name>.only]: the records it gets.
    only: Only = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator decides."""

    #: The gateway.toml this was read from.
    file: Path
    config_dir: Path | None
    data_dir: Path
    #: The ministry's public key; b"" where there is none.
    ministry: bytes
    #: The section's URL, or that of the SQLite file in the data folder.
    store_url: str
    http: Http
    tenant: Tenant
    outbox: Policy
    pipeline: Pipeline
    identity: Identity
    retention: Retention
    attachments: Attachments
    proof: Proof
    notices: Notices
    limits: Limits
    log: Log
    centrals: Mapping[str, CentralSettings]
    #: The options of each channel that is enabled.
    channels: Mapping[str, msgspec.Struct]


def read_settings(
    config_dir: Path | None,
    data_dir: Path,
    environment: Mapping[str, str],
    channels: Sequence[type[Channel]] = CHANNELS,
) -> Settings:
    """Read gateway.toml and the secrets it names; SettingsError says what is wrong where."""
    file = find_config_file(config_dir, CONFIG_FILE)
    decoder = Decoder(file, Secrets(environment))
    content = decoder.section(read_toml(file), File)
    enabled = _channels(content.channels, decoder, channels)
    _refuse_open_doors(content.http, enabled, decoder)
    return Settings(
        file=file,
        config_dir=config_dir,
        data_dir=data_dir.absolute(),
        store_url=content.store.url or f"sqlite://{quote(str(data_dir.absolute()))}/gateway.db",
        http=content.http,
        tenant=content.tenant,
        outbox=content.outbox,
        pipeline=content.pipeline,
        identity=content.identity,
        retention=content.retention,
        ministry=_ministry(content.identity.ministry_key, decoder, Secrets(environment)),
        attachments=content.attachments,
        proof=content.proof,
        notices=content.notices,
        limits=content.limits,
        log=content.log,
        centrals=_centrals(content.central or EMBEDDED_CENTRAL, decoder),
        channels=enabled,
    )


def _ministry(named: str, decoder: Decoder, secrets: Secrets) -> bytes:
    if not named:
        return b""
    try:
        return read_key(Path(named).read_text() if "/" in named else secrets.value(named))
    except (OSError, ValueError, SecretError) as exc:
        raise decoder.refuse("identity.ministry_key", f"no public key there: {exc}") from exc


def _channels(
    sections: Mapping[str, dict[str, Any]], decoder: Decoder, known: Sequence[type[Channel]]
) -> Mapping[str, msgspec.Struct]:
    names = [channel.name for channel in known]
    for name in sections:
        if name not in names:
            raise decoder.refuse(f"channels.{name}", f"is no channel; there are {_list(names)}")
    enabled = {}
    for channel in known:
        key = f"channels.{channel.name}"
        section = dict(sections.get(channel.name, {}))
        wanted = section.pop("enabled", channel.embedded)
        if not isinstance(wanted, bool):
            raise decoder.refuse(f"{key}.enabled", "expected true or false")
        if wanted:  # the secrets of a channel that is switched off need not be there
            enabled[channel.name] = decoder.section(section, channel.Options, key)
    return enabled


def _centrals(
    sections: Mapping[str, dict[str, Any]], decoder: Decoder
) -> Mapping[str, CentralSettings]:
    kinds = {central.kind: central for central in CENTRALS}
    centrals = {}
    for name, content in sections.items():
        key = f"central.{name}"
        if not NAME.fullmatch(name):
            raise decoder.refuse(key, "a store's name consists of a-z, 0-9, _ and -")
        section = dict(content)
        kind = kinds.get(str(section.pop("kind", "")))
        if kind is None:
            raise decoder.refuse(f"{key}.kind", f"expected one of {_list(kinds)}")
        only = decoder.section(section.pop("only", {}), Only, f"{key}.only")
        options = decoder.section(section, kind.Options, key)
        centrals[name] = CentralSettings(kind=kind, options=options, only=only)
    if not any(one.only == ALL and not one.kind.public for one in centrals.values()):
        why = "one store must be without `only` and not public, for what no rule names"
        raise decoder.refuse("central", why)
    return centrals


def _refuse_open_doors(
    http: Http, channels: Mapping[str, msgspec.Struct], decoder: Decoder
) -> None:
    """
    Whoever reaches a channel without a secret can send complaints in anybody's name.

    Only channels that work without an account can be open at all; the others take nothing before
    they have their secret (tests/test_channel_contract.py).
    """
    if is_loopback(host_and_port(http.public)[0]):
        return
    embedded = {channel.name for channel in CHANNELS if channel.embedded}
    for name, options in channels.items():
        guarded = getattr(options, "secrets", ()) or getattr(options, "allow", ())
        if name in embedded and name not in OPEN_TO_ALL and not guarded:
            raise decoder.refuse(
                f"channels.{name}.secrets",
                f"a secret or an allow list is needed where http.public is {http.public}",
            )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
