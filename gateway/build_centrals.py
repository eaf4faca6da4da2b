"""The central stores records go to, each built by its kind."""

from collections.abc import Callable, Mapping
from typing import Any

from forwarder.central.contract import Central
from forwarder.central.handoff import HandoffCentral
from forwarder.central.http import HttpCentral
from forwarder.central.lapor import LaporCentral
from forwarder.central.lapor_mapping import LaporMapping
from forwarder.central.open311 import Open311Central
from forwarder.central.postgres import PostgresCentral
from forwarder.central.sqlite import SqliteCentral
from forwarder.ledger import Ledger, NoLedger, OutboxLedger
from forwarder.outbox import CENTRAL
from forwarder.ports import Database
from gateway import records
from gateway.build_craft import build_files
from gateway.clock import now_ms
from gateway.config_files import find_config_file
from gateway.decode import Decoder, read_toml
from gateway.errors import SettingsError
from gateway.secrets import Secrets
from gateway.settings import CentralSettings, Settings

# Nobody answers after a year; a store that is asked about each case is spared the others.
FOLLOWED_MS = 365 * 86_400_000

MAKERS: Mapping[type[Central], Callable[[str, Any, Settings, Ledger], Central]] = {
    SqliteCentral: lambda name, options, settings, _: SqliteCentral(
        name, options, settings.data_dir
    ),
    HttpCentral: lambda name, options, *_: HttpCentral(name, options, now_ms),
    PostgresCentral: lambda name, options, *_: PostgresCentral(name, options),
    LaporCentral: lambda name, options, settings, ledger: LaporCentral(
        name,
        options,
        mapping=_mapping(settings, options.mapping),
        clock=now_ms,
        ledger=ledger,
        fetch=lambda sha256: kept_file(settings, sha256),
    ),
    HandoffCentral: lambda name, options, *_: HandoffCentral(name, options),
    Open311Central: lambda name, options, _, ledger: Open311Central(name, options, now_ms, ledger),
}


def build_centrals(settings: Settings, database: Database | None = None) -> dict[str, Central]:
    """All of them; without a database they can be looked at and pushed to, and follow nothing."""
    return {
        name: _central(name, chosen, settings, _ledger(name, database))
        for name, chosen in settings.centrals.items()
    }


def _ledger(name: str, database: Database | None) -> Ledger:
    if database is None:
        return NoLedger()
    return OutboxLedger(
        database,
        f"{CENTRAL}{name}",
        since=lambda: now_ms() - FOLLOWED_MS,
        ended=records.ended,
    )


def kept_file(settings: Settings, sha256: str) -> bytes | None:
    """An attachment by its SHA-256; None where it is gone, OSError where its place is away."""
    try:
        with build_files(settings).open(sha256) as file:
            return file.read()
    except FileNotFoundError:
        return None


def _mapping(settings: Settings, name: str) -> LaporMapping:
    file = find_config_file(settings.config_dir, name)
    return Decoder(file, Secrets({})).section(read_toml(file), LaporMapping)


def _central(name: str, chosen: CentralSettings, settings: Settings, ledger: Ledger) -> Central:
    try:
        return MAKERS[chosen.kind](name, chosen.options, settings, ledger)
    except ValueError as exc:
        raise SettingsError(f"{settings.file}: central.{name}: {exc}") from exc
