"""
A city's GeoReport v2 server with the habits such servers have; `quirks` switches them on.

    xml            answers in XML whatever is asked for        objects    an object, not an array
    no_list        publishes no descriptions                   html       a page with status 200
    errors_200     tells errors with status 200                numbers    ids are numbers
    tokens         gives a token, the number when `number`     lost       keeps it, hangs up
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from listening import listening

API_KEY = "kunci-kota-0001"
SERVICES: Sequence[dict[str, Any]] = (
    {"service_code": "jalan", "service_name": "Jalan", "metadata": False, "type": "realtime"},
    {"service_code": "LAMP", "service_name": "Lampu", "metadata": True, "type": "realtime"},
    {"service_code": "lain", "service_name": "Lainnya", "metadata": False, "type": "realtime"},
)
DEFINITION = {
    "service_code": "LAMP",
    "attributes": [
        {"code": "NOTE", "datatype": "text", "variable": False, "required": True},
        {"code": "JUDUL", "datatype": "string", "variable": True, "required": True},
        {
            "code": "URGENSI",
            "datatype": "singlevaluelist",
            "variable": True,
            "required": False,
            "values": [{"key": "darurat", "name": "Darurat"}],
        },
    ],
}
PIECES = {"services": "service", "service_requests": "request", "errors": "error"}


class City:
    """What it holds, and how it behaves."""

    def __init__(self) -> None:
        self.url = ""
        self.quirks: set[str] = set()
        self.requests: list[dict[str, str]] = []
        self.posts: list[dict[str, str]] = []
        self.updates: list[dict[str, str]] = []
        self.asked: list[str] = []
        #: The number a token is exchanged for; empty: not yet.
        self.number = ""
        #: Statuses answered before anything else, one for each question.
        self.statuses: list[int] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One question."""
        self.asked.append(f"{request.method} {request.path_qs}")
        resource, _, form = request.match_info["resource"].rpartition(".")
        form = "xml" if "xml" in self.quirks else form
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), text="<html>away</html>")
        if request.method == "POST":
            fields = {str(name): str(value) for name, value in (await request.post()).items()}
            return await self._post(request, resource, fields, form)
        token = {"token": resource[7:], "service_request_id": self.number}
        known: dict[str, tuple[str, Sequence[dict[str, Any]]]] = {
            "services": ("services", SERVICES),
            "services/LAMP": ("service_definition", [DEFINITION]),
            "tokens/t-17": ("service_requests", [token]),
            "servicerequestupdates": ("service_request_updates", self.updates),
            "requests": ("service_requests", self._listed(request)),
        }
        return self._rows(*known[resource], form)

    def _listed(self, request: web.Request) -> list[dict[str, str]]:
        ids = request.query.get("service_request_id", "")
        rows = [
            row for row in self.requests if not ids or row["service_request_id"] in ids.split(",")
        ]
        if "no_list" in self.quirks:
            return [{**row, "description": ""} for row in rows]
        return rows

    async def _post(
        self, request: web.Request, resource: str, fields: dict[str, str], form: str
    ) -> web.StreamResponse:
        if "html" in self.quirks:
            return web.Response(text="<html><body>Masuk</body></html>", content_type="text/html")
        if fields.get("api_key") != API_KEY:
            return self._error(403, "Missing or invalid api_key", form)
        if resource == "servicerequestupdates":
            self.updates.append({**fields, "update_id": f"u{len(self.updates)}"})
            return self._rows("service_request_updates", [{"update_id": "u"}], form)
        self.posts.append(fields)
        if "errors_200" in self.quirks:
            return self._error(200, "service_code was not found", form)
        if any(row["description"] == fields["description"] for row in self.requests):
            return self._error(400, "this is a duplicate", form)
        number = str(101 + len(self.requests))
        self.requests.append(
            {
                "service_request_id": number,
                "status": "open",
                "description": fields["description"],
                "requested_datetime": "2026-01-03T08:30:00+07:00",
            }
        )
        if "lost" in self.quirks:
            assert request.transport
            request.transport.close()
        row: dict[str, Any] = {"service_request_id": number, "service_notice": None}
        if "tokens" in self.quirks:
            row = {"token": "t-17"}
        if "numbers" in self.quirks:
            row["service_request_id"] = int(number)
        return self._rows("service_requests", [row], form, status=201)

    def _error(self, code: int, words: str, form: str) -> web.Response:
        rows = [{"code": code if code != 200 else 404, "description": words}]
        return self._rows("errors", rows, form, status=code)

    def _rows(
        self, root: str, rows: Sequence[dict[str, Any]], form: str, status: int = 200
    ) -> web.Response:
        if form == "xml":
            return web.Response(status=status, body=_xml(root, rows), content_type="text/xml")
        content: object = list(rows)
        if root == "service_definition" or ("objects" in self.quirks and len(rows) == 1):
            content = rows[0]
        return web.Response(
            status=status, text=json.dumps(content), content_type="application/json"
        )


def _xml(root: str, rows: Sequence[dict[str, Any]]) -> bytes:
    whole = ET.Element(root)
    for row in rows:
        piece = whole if root == "service_definition" else ET.SubElement(whole, PIECES[root])
        for name, value in row.items():
            _grow(ET.SubElement(piece, name), name, value)
    return bytes(ET.tostring(whole, encoding="utf-8", xml_declaration=True))


def _grow(element: ET.Element, name: str, value: object) -> None:
    if isinstance(value, list):
        for one in value:
            piece = ET.SubElement(element, name.removesuffix("s"))
            for inner, said in one.items():
                _grow(ET.SubElement(piece, inner), inner, said)
    elif value is not None:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


@asynccontextmanager
async def city() -> AsyncIterator[City]:
    """The server, listening."""
    served = City()
    app = web.Application()
    app.router.add_route("*", "/v2/{resource:.*}", served.answer)
    async with listening(web.AppRunner(app, access_log=None)) as url:
        served.url = f"{url}/v2"
        yield served
