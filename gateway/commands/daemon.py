"""How a command reaches the gateway: by its database, or by the daemon that holds it."""

import asyncio
import getpass
import json
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

import click
import msgspec

from gateway import operate
from gateway.build_craft import build_clock
from gateway.build_routes import build_routes, tracking_forms
from gateway.clock import now_ms
from gateway.commands.common import Place
from gateway.filing import Desk, Filed, Filing
from gateway.handoff import AlreadyGiven, WrongForm
from gateway.journal import Journal
from gateway.operate import Order
from gateway.serving import operator_token
from gateway.settings import Settings
from gateway.store import Store, StoreBusy
from gateway.store.reading import reading
from gateway.vault import Vault

SECONDS = 30
NOT_RUNNING = ["not running"]


def carry_out(place: Place, order: Order) -> int:
    """Do it here when no daemon runs, else let the daemon do it; how many rows were touched."""
    settings = place.settings()
    order = msgspec.structs.replace(order, who=getpass.getuser())
    with reading(settings.store_url):
        pass  # a gateway that never ran has nothing to act on, and gets no database from us
    try:
        return asyncio.run(_here(settings, order))
    except StoreBusy:
        return _over_there(settings, operator_token(place.vault(settings)), order)


def file_it(place: Place, filing: Filing) -> Filed:
    """Put it into the journal, here when no daemon runs, else by the daemon."""
    settings = place.settings()
    vault = place.vault(settings)
    with reading(settings.store_url):
        pass  # as above
    try:
        return asyncio.run(_file_here(settings, vault, filing))
    except StoreBusy:
        body = msgspec.json.encode(filing)
        return msgspec.convert(_posted(settings, operator_token(vault), "/file", body), type=Filed)
    except LookupError as exc:
        raise click.ClickException(f"there is no {exc}") from exc
    except (WrongForm, AlreadyGiven) as exc:
        raise click.ClickException(str(exc)) from exc


def not_ready(settings: Settings) -> list[str]:
    """What the daemon says is not ready; "not running" where none answers."""
    try:
        with _open(settings, "/health/ready") as response:
            return list(json.load(response)["not_ready"])
    except urllib.error.HTTPError as exc:
        return list(json.load(exc)["not_ready"])
    except OSError:
        return NOT_RUNNING


async def _here(settings: Settings, order: Order) -> int:
    store = await Store.open(settings.store_url)
    try:
        return await store.write(lambda tx: operate.carry_out(tx, order, now_ms()))
    finally:
        await store.close()


async def _file_here(settings: Settings, vault: Vault, filing: Filing) -> Filed:
    store = await Store.open(settings.store_url)
    try:
        journal = Journal(store, vault, clock=now_ms)
        await journal.open()
        desk = Desk(
            database=store,
            journal=journal,
            vault=vault,
            clock=now_ms,
            deadlines=build_clock(settings),
            centrals=build_routes(settings),
            tracking=tracking_forms(settings),
        )
        return await desk.file(filing)
    finally:
        await store.close()


def posted(settings: Settings, token: str, path: str, body: bytes, *, seconds: float) -> Any:  # noqa: ANN401 (JSON)
    """The running gateway's answer; raises what urllib raises."""
    headers = {"Authorization": f"Bearer {token}"}
    with _open(settings, path, body, headers, seconds=seconds) as response:
        return json.load(response)


def _over_there(settings: Settings, token: str, order: Order) -> int:
    return int(_posted(settings, token, "/operate", msgspec.json.encode(order))["rows"])


def _posted(settings: Settings, token: str, path: str, body: bytes) -> Any:  # noqa: ANN401 (JSON)
    try:
        with _open(settings, path, body, {"Authorization": f"Bearer {token}"}) as response:
            return json.load(response)
    except urllib.error.HTTPError as exc:
        if exc.code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise click.ClickException(str(json.load(exc).get("detail", ""))) from exc
        if exc.code == HTTPStatus.NOT_FOUND:
            raise click.ClickException("the gateway does not know it") from exc
        raise click.ClickException(f"the running gateway did not take it: {exc}") from exc
    except OSError as exc:
        raise click.ClickException(f"the running gateway did not take it: {exc}") from exc


def _open(
    settings: Settings,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    *,
    seconds: float = SECONDS,
) -> Any:  # noqa: ANN401 (urllib's response)
    url = f"http://{settings.http.internal}{path}"
    request = urllib.request.Request(url, body, headers or {})
    # No proxy: the listener is this machine's own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=seconds)
