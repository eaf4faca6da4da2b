"""
Every setting of the gateway: gateway.toml, decoded once and strictly into frozen structs.

What an operator's folder leaves out (a key, a section, a whole file) is taken from sections.py and
from the shipped config folder.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from channels.contract import Channel
from channels.registry import CHANNELS
from forwarder.backoff import Policy
from forwarder.central.contract import Central
from forwarder.central.handoff import HandoffCentral
from forwarder.central.http import HttpCentral
from forwarder.central.lapor import LaporCentral
from forwarder.central.open311 import Open311Central
from forwarder.central.postgres import PostgresCentral
from forwarder.central.sqlite import SqliteCentral
from forwarder.routing import ALL, Only
from gateway.access.options import Console
from gateway.config_files import CONFIG_FILE, find_config_file
from gateway.decode import Decoder, read_toml
from gateway.errors import SecretError, SettingsError
from gateway.files_options import Attachments
from gateway.ministry import read_key
from gateway.notices_options import Notices
from gateway.secrets import Secrets
from gateway.sections import (
    File,
    Http,
    Identity,
    Limits,
    Log,
    Pipeline,
    Proof,
    Retention,
    Targets,
    Tenant,
)
from gateway.sockets import host_and_port, is_loopback

__all__ = ["Settings", "SettingsError", "read_settings"]

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
    #: On how many machines a commit is before anybody hears "ok".
    store_copies: int
    http: Http
    tenant: Tenant
    outbox: Policy
    pipeline: Pipeline
    identity: Identity
    retention: Retention
    attachments: Attachments
    proof: Proof
    notices: Notices
    targets: Targets
    console: Console
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
        store_copies=content.store.copies,
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
        targets=content.targets,
        console=content.console,
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
