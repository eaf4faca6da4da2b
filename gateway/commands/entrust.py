"""Handing an order about personal data or accounts to the daemon, or doing it where none runs."""

import asyncio
import getpass
import json
import urllib.error
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import click
import msgspec

from gateway.access import ordering
from gateway.access.ordering import UserOrder
from gateway.build import build_custodian
from gateway.clock import now_ms
from gateway.commands.common import Place
from gateway.commands.daemon import posted
from gateway.custody.duty import Done, Duty, Refused
from gateway.serving import operator_token
from gateway.settings import Settings
from gateway.store import Store, StoreBusy
from gateway.store.reading import reading
from gateway.vault import Vault

# Retention and rotation walk over everything that is stored.
LONG_SECONDS = 24 * 3600

Here = Callable[[Settings, Vault, Store], Awaitable[Done]]


def entrust(place: Place, duty: Duty) -> Done:
    """Have an order carried out; a refusal ends the command with its sentence."""

    async def here(settings: Settings, vault: Vault, store: Store) -> Done:
        return await build_custodian(settings, vault, store).carry_out(duty)

    return _ordered(place, "/custody", duty, here)


def order_user(place: Place, order: UserOrder) -> Done:
    """The same for an order about an account of the console."""

    async def here(_: Settings, vault: Vault, store: Store) -> Done:
        return await store.write(lambda tx: ordering.carry_out(tx, vault, order, now_ms()))

    return _ordered(place, "/users", order, here)


def me() -> str:
    """Who sits here, as the machine knows it."""
    return getpass.getuser()


def _ordered(place: Place, path: str, order: msgspec.Struct, here: Here) -> Done:
    settings = place.settings()
    with reading(settings.store_url):
        pass  # a gateway that never ran has nothing to act on, and gets no database from us
    vault = place.vault(settings)
    try:
        return asyncio.run(_here(settings, vault, here))
    except StoreBusy:
        return _over_there(settings, operator_token(vault), path, order)
    except LookupError as exc:
        raise click.ClickException(f"there is no {exc.args[0]}") from exc
    except Refused as exc:
        raise click.ClickException(str(exc)) from exc


async def _here(settings: Settings, vault: Vault, work: Here) -> Done:
    store = await Store.open(settings.store_url)
    try:
        return await work(settings, vault, store)
    finally:
        await store.close()


def _over_there(settings: Settings, token: str, path: str, order: msgspec.Struct) -> Done:
    body = msgspec.json.encode(order)
    try:
        answer = posted(settings, token, path, body, seconds=LONG_SECONDS)
    except urllib.error.HTTPError as exc:
        if exc.code in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            raise click.ClickException(json.load(exc).get("detail", "refused")) from exc
        raise click.ClickException(f"the running gateway did not take it: {exc}") from exc
    except OSError as exc:
        raise click.ClickException(f"the running gateway did not take it: {exc}") from exc
    return msgspec.convert(answer, type=Done)
