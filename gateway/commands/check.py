"""`lapor-gateway check`: a doctor that looks before citizens find out."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import click

from forwarder.routing import ALL
from gateway.build_centrals import build_centrals
from gateway.build_craft import build_channels, build_rules
from gateway.build_routes import read_taxonomy, strange_words
from gateway.commands.common import Place, place_options, show_table
from gateway.commands.daemon import NOT_RUNNING, not_ready
from gateway.errors import SettingsError
from gateway.file_places import FOLDER, place_of, try_out
from gateway.secrets import Secrets, gateway_key
from gateway.settings import Settings
from gateway.sockets import host_and_port
from gateway.store import Store, StoreBusy, StoreError
from gateway.store.reading import reading
from gateway.store.store import database_file
from gateway.vault import Vault
from normalizer.gazetteer import code_of
from normalizer.places import Places

LEAST_FREE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table; only "wrong" makes the answer "no"."""

    verdict: Literal["ok", "note", "wrong"]
    what: str
    says: str


@click.command()
@place_options
def check(place: Place) -> None:
    """
    Look at settings, secrets, ports, database, channels and central stores; exit 1 if one is wrong.

    Example: lapor-gateway check --config /etc/lapor-gateway --data /var/lib/lapor-gateway
    """
    findings = list(_findings(place))
    rows = [(finding.verdict, finding.what, finding.says) for finding in findings]
    show_table(("", "what", "says"), rows)
    if any(finding.verdict == "wrong" for finding in findings):
        sys.exit(1)


def _findings(place: Place) -> Iterator[Finding]:
    try:
        settings = place.settings()
        rules = build_rules(settings)
    except SettingsError as exc:
        yield Finding(verdict="wrong", what="settings", says=str(exc))
        return
    yield Finding(verdict="ok", what="settings", says=str(settings.file))
    yield _places(rules.places)
    yield _key(settings)
    yield _ministry(settings)
    yield _disk(settings)
    yield _attachments(settings)
    yield from asyncio.run(_database(settings))
    yield from _doors(settings)


def _places(places: Places) -> Finding:
    """Without the villages of its own area a gateway knows none of the names citizens write."""
    lacking = ", ".join(code_of(whole) for whole in places.lacks())
    if lacking:
        says = f"places.csv has nothing in {lacking}: lapor-gateway places import"
        return Finding(verdict="note", what="places", says=says)
    return Finding(verdict="ok", what="places", says=places.called())


def _key(settings: Settings) -> Finding:
    try:
        gateway_key(Secrets(dict(os.environ)), settings.data_dir, may_create=False)
    except SettingsError as exc:
        if _never_ran(settings.store_url):
            says = "will be made at the first start"
            return Finding(verdict="note", what="gateway key", says=says)
        return Finding(verdict="wrong", what="gateway key", says=str(exc))
    return Finding(verdict="ok", what="gateway key", says="found")


def _never_ran(store_url: str) -> bool:
    """Whether there is nothing yet that a lost key would have opened."""
    if store_url.startswith("sqlite:"):
        return not database_file(store_url).exists()
    try:
        with reading(store_url) as tx:
            return tx.one("select id from journal limit 1") is None
    except StoreError:
        return True  # a server that cannot be asked is told of beside the database


def _ministry(settings: Settings) -> Finding:
    if settings.ministry:
        says = "anonymous senders are sealed to the ministry's key"
        return Finding(verdict="ok", what="identity", says=says)
    says = (
        "no identity.ministry_key: of anonymous senders only the way to answer is kept, and nobody "
        "can tell later who they were; masked words of theirs are gone for good"
    )
    return Finding(verdict="note", what="identity", says=says)


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    verdict: Literal["ok", "wrong"] = "ok" if free > LEAST_FREE else "wrong"
    return Finding(verdict=verdict, what="disk", says=f"{free >> 20} MiB free at {folder}")


def _attachments(settings: Settings) -> Finding:
    """Whether files can be kept where they should lie."""
    what, place = "attachments", settings.attachments.place
    if not place:
        if settings.store_url.startswith("postgresql:"):
            says = "on this machine; with several, name a place all of them share"
            return Finding(verdict="note", what=what, says=says)
        return Finding(verdict="ok", what=what, says="in the data folder")
    try:
        try_out(place_of(settings.attachments, settings.data_dir / FOLDER))
    except OSError as exc:
        says = f"{place} cannot be used: {exc.strerror or exc}"
        return Finding(verdict="wrong", what=what, says=says)
    return Finding(verdict="ok", what=what, says=place)


async def _database(settings: Settings) -> list[Finding]:
    """Opens it if nobody else has; a running daemon is asked instead, and its ports are taken."""
    name = settings.store_url.split(":", 1)[0]
    if name == "sqlite" and _never_ran(settings.store_url):
        note = Finding(verdict="note", what="database", says="will be made at the first start")
        return [note, *_ports(settings)]
    if not_ready(settings) != NOT_RUNNING:
        return [_daemon(settings)]
    try:
        store = await Store.open(settings.store_url, settings.store_copies)
    except StoreBusy:
        return [_daemon(settings)]
    except StoreError as exc:
        return [Finding(verdict="wrong", what="database", says=str(exc))]
    await store.close()
    return [Finding(verdict="ok", what="database", says=name), *_ports(settings)]


def _daemon(settings: Settings) -> Finding:
    missing = not_ready(settings)
    if missing:
        return Finding(verdict="wrong", what="gateway", says="; ".join(missing))
    return Finding(verdict="ok", what="gateway", says="running and ready")


def _ports(settings: Settings) -> Iterator[Finding]:
    channels = build_channels(settings, Vault(bytes(32)))
    addresses = {"http.public": settings.http.public, "http.internal": settings.http.internal}
    for name, channel in channels.items():
        for address in channel.listening_on():
            addresses[f"channels.{name} {address}"] = address
    for what, address in addresses.items():
        yield _port(what, address)


def _port(what: str, address: str) -> Finding:
    try:
        with socket.create_server(host_and_port(address)):
            return Finding(verdict="ok", what=what, says=f"{address} is free")
    except (OSError, ValueError) as exc:
        return Finding(verdict="wrong", what=what, says=f"cannot listen on {address}: {exc}")


def _doors(settings: Settings) -> Iterator[Finding]:
    for name, channel in build_channels(settings, Vault(bytes(32))).items():
        yield from _notes(f"channel {name}", channel.problems())
    for name, central in build_centrals(settings).items():
        yield from _notes(f"central store {name}", central.problems())
    yield from _routes(settings)


def _routes(settings: Settings) -> Iterator[Finding]:
    """What each store is sent, where it is not everything."""
    taxonomy = read_taxonomy(settings)
    for name, chosen in settings.centrals.items():
        what = f"records for {name}"
        for word in strange_words(chosen.only, taxonomy):
            says = f"{word} is no type or topic of taxonomy.toml"
            yield Finding(verdict="wrong", what=what, says=says)
        if chosen.only != ALL:
            yield Finding(verdict="ok", what=what, says=f"only {chosen.only.named()}")


def _notes(what: str, problems: object) -> Iterator[Finding]:
    found = [str(problem) for problem in problems]  # type: ignore[attr-defined]
    for problem in found:
        yield Finding(verdict="note", what=what, says=problem)
    if not found:
        yield Finding(verdict="ok", what=what, says="nothing to mend")
