"""Handing an order about personal data to the daemon, or carrying it out where none runs."""

import asyncio
import getpass
import json
import urllib.error
from http import HTTPStatus

import click
import msgspec

from gateway.app import operator_token
from gateway.build import build_custodian
from gateway.commands.common import Place
from gateway.commands.daemon import posted
from gateway.custody.duty import Done, Duty, Refused
from gateway.settings import Settings
from gateway.store import Store, StoreBusy
from gateway.store.reading import reading
from gateway.vault import Vault

# Retention and rotation walk over everything that is stored.
LONG_SECONDS = 24 * 3600


def entrust(place: Place, duty: Duty) -> Done:
    """Have an order carried out; a refusal ends the command with its sentence."""
    settings = place.settings()
    vault = place.vault(settings)
    with reading(settings.store_url):
        pass  # a gateway that never ran has nothing to act on, and gets no database from us
    try:
        return asyncio.run(_here(settings, vault, duty))
    except StoreBusy:
        return _over_there(settings, operator_token(vault), duty)
    except LookupError as exc:
        raise click.ClickException(f"there is no {exc.args[0]}") from exc
    except Refused as exc:
        raise click.ClickException(str(exc)) from exc


def me() -> str:
    """Who sits here, as the machine knows it."""
    return getpass.getuser()


async def _here(settings: Settings, vault: Vault, duty: Duty) -> Done:
    store = await Store.open(settings.store_url)
    try:
        return await build_custodian(settings, vault, store).carry_out(duty)
    finally:
        await store.close()


def _over_there(settings: Settings, token: str, duty: Duty) -> Done:
    body = msgspec.json.encode(duty)
    try:
        answer = posted(settings, token, "/custody", body, seconds=LONG_SECONDS)
    except urllib.error.HTTPError as exc:
        if exc.code in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            raise click.ClickException(json.load(exc).get("detail", "refused")) from exc
        raise click.ClickException(f"the running gateway did not take it: {exc}") from exc
    except OSError as exc:
        raise click.ClickException(f"the running gateway did not take it: {exc}") from exc
    return msgspec.convert(answer, type=Done)
