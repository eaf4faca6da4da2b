"""Both ends of the Open311 server in its tests: a client that posts, and an inbox with cases."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
from doors import LeanInbox, Site

from channels.contract import CaseQuery, Point, PublicCase, PublicStatus, Secret
from channels.open311 import Open311
from channels.open311_options import Client, Open311Options

KEY = bytes(range(32))
API_KEY = "kunci-fixmystreet-01"
NEXT_KEY = "kunci-fixmystreet-02"
OTHER_KEY = "kunci-kota-lain-0001"
PATH = "/open311/v2"
NOW = datetime(2026, 1, 3, 1, 30, tzinfo=UTC)
FORM = {
    "api_key": API_KEY,
    "service_code": "jalan",
    "lat": "-6.91751",
    "long": "107.61912",
    "description": "Jalan berlubang di depan pasar",
}


class Time:
    """Seconds since 1970, standing still until somebody changes them."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now.timestamp()

    def __call__(self) -> float:
        """Tell it."""
        return self.now


class Cases(LeanInbox):
    """An inbox that knows some public cases and one that is not public."""

    def __init__(
        self, cases: Sequence[PublicCase] = (), hidden: PublicStatus | None = None
    ) -> None:
        self.known = list(cases)
        self.hidden = hidden
        self.asked: list[CaseQuery] = []

    async def cases(self, wanted: CaseQuery) -> list[PublicCase]:
        """As the gateway's own inbox would tell them."""
        self.asked.append(wanted)
        found = [case for case in self.known if _fits(case, wanted)]
        found.sort(key=lambda case: case.received_at, reverse=True)
        return found[wanted.offset : wanted.offset + wanted.limit]

    async def status(self, case_code: str) -> PublicStatus | None:
        """Also of what is not public."""
        everything = [*self.known, *([self.hidden] if self.hidden else [])]
        return next((case for case in everything if case.case_code == case_code), None)


def _fits(case: PublicCase, wanted: CaseQuery) -> bool:
    if wanted.case_codes:
        return case.case_code in wanted.case_codes
    return (
        wanted.received_from <= case.received_at <= wanted.received_until
        and (not wanted.topics or case.topic in wanted.topics)
        and (not wanted.states or case.state in wanted.states)
    )


def case(code: str, *, days: float = 1, state: str = "diterima", **more: Any) -> PublicCase:  # noqa: ANN401 (any field)
    """A case that came some days ago and changed an hour later."""
    at = NOW - timedelta(days=days)
    told: dict[str, Any] = {
        "topic": "jalan",
        "agency": "Dinas Contoh",
        "place": "Kelurahan Melati",
        "point": Point(lat=-6.9175, lon=107.6191),
        "updated_at": at + timedelta(hours=1),
    } | more
    return PublicCase(case_code=code, state=state, received_at=at, **told)


def opened(*clients: Client, clock: Time | None = None, **options: Any) -> Open311:  # noqa: ANN401 (any setting)
    """The channel with two clients, in a minute that does not end."""
    clients = clients or (client(), Client(name="kota-lain", keys=(Secret(OTHER_KEY),)))
    chosen = Open311Options(clients=clients, **options)
    return Open311(chosen, KEY, clock=clock or Time(), stopwatch=lambda: 0.0)


def client(**settings: Any) -> Client:  # noqa: ANN401 (any setting)
    """The client `fixmystreet`."""
    chosen = {"name": "fixmystreet", "keys": (Secret(API_KEY), Secret(NEXT_KEY))} | settings
    return Client(**chosen)


async def get(site: Site, path: str) -> tuple[int, str, str]:
    """Status, Content-Type and text of one answer; `path` is below /open311/v2."""
    async with site.session.get(site.url + PATH + path) as response:
        return response.status, response.headers["Content-Type"], await response.text()


async def rows(site: Site, path: str) -> Any:  # noqa: ANN401 (whatever JSON says)
    """What a resource says as JSON."""
    return json.loads((await get(site, path))[2])


async def post(
    site: Site,
    fields: dict[str, Any] | Sequence[tuple[str, str]] = FORM,
    *,
    form: str = "json",
    query: str = "",
    **headers: str,
) -> tuple[aiohttp.ClientResponse, str]:
    """POST requests, urlencoded; header names with _ for -."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.session.post(
        f"{site.url}{PATH}/requests.{form}{query}", data=urlencode(fields), headers=kind | named
    ) as response:
        return response, await response.text()


async def posted(site: Site, fields: dict[str, Any] | None = None, **headers: str) -> str:
    """The id a request gets."""
    response, text = await post(site, FORM | (fields or {}), **headers)
    assert response.status == 201, text
    [row] = json.loads(text)
    return str(row["service_request_id"])


def as_json(text: str) -> Any:  # noqa: ANN401 (whatever XML says)
    """XML as the JSON of the same answer would have it, every value as text or None."""
    root = ET.fromstring(text)  # noqa: S314 (our own answer)
    return _value(root)


LISTS = {"services", "service_requests", "service_request_updates", "attributes", "values",
         "endpoints", "formats", "errors"}  # fmt: skip


def _value(element: ET.Element) -> Any:  # noqa: ANN401 (whatever XML says)
    if element.tag in LISTS:
        return [_value(inner) for inner in element]
    if len(element):
        return {inner.tag: _value(inner) for inner in element}
    return element.text


def as_text(value: Any) -> Any:  # noqa: ANN401 (whatever JSON says)
    """JSON with every value as XML writes it; an empty text and null are the same there."""
    if isinstance(value, dict):
        return {name: as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_text(inner) for inner in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value in {None, ""} else str(value)
