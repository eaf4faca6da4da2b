"""A local app as /api/v1 knows it: its settings, its keys, and one report from it."""

from typing import Any

import aiohttp
from doors import Site

from channels.api import Api
from channels.api_options import ApiOptions, App
from channels.contract import Secret

KEY = bytes(range(32))
OLD = Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
NEW = Secret("whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")
APP_KEY = "kunci-ape-kesah-0000000001"
NEXT_KEY = "kunci-ape-kesah-0000000002"
OTHER_KEY = "kunci-siap-melayani-000001"
PATH = "/api/v1/reports"
REPORT = {"text": "Lampu jalan padam di Melati sejak tiga malam", "id": "ak-1"}


def app(**settings: Any) -> App:  # noqa: ANN401 (any setting)
    """The app `ape-kesah`, with other settings than usual."""
    chosen = {"name": "ape-kesah", "keys": (Secret(APP_KEY), Secret(NEXT_KEY))} | settings
    return App(**chosen)


def other_app(**settings: Any) -> App:  # noqa: ANN401 (any setting)
    """Another city's app."""
    return App(name="siap-melayani", keys=(Secret(OTHER_KEY),), **settings)


def opened(*apps: App, stopwatch: float = 0.0, **options: Any) -> Api:  # noqa: ANN401 (any setting)
    """The channel for these apps, in a minute that does not end."""
    apps = apps or (app(), other_app())
    return Api(ApiOptions(apps=apps, **options), KEY, stopwatch=lambda: stopwatch)


def shown(key: str = APP_KEY, **headers: str) -> dict[str, str]:
    """Headers with an app's key; other names with _ for -."""
    return {"Authorization": f"Bearer {key}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }


async def ask(
    site: Site,
    method: str,
    path: str,
    **request: Any,  # noqa: ANN401 (as aiohttp)
) -> tuple[aiohttp.ClientResponse, Any]:
    """One request and its JSON answer."""
    async with site.session.request(method, site.url + path, **request) as response:
        await response.read()
        return response, await response.json(content_type=None)


async def file_report(
    site: Site, report: object = REPORT, *, key: str = APP_KEY, **headers: str
) -> tuple[aiohttp.ClientResponse, Any]:
    """File one report as JSON."""
    return await ask(site, "POST", PATH, json=report, headers=shown(key, **headers))
