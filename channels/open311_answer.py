"""
GeoReport v2 answers: one tree of values, written as XML or as JSON.

Lists have a name for the whole and one for each piece in XML; JSON keeps the whole's alone. What
XML cannot hold (control characters) is left out of both, so that both say the same.
https://wiki.open311.org/GeoReport_v2/
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Literal, TypeAlias

import msgspec
from aiohttp import web

Format: TypeAlias = Literal["xml", "json"]
#: None is an empty element in XML and null in JSON.
Value: TypeAlias = "str | int | float | bool | Row | list[Value] | None"
Row: TypeAlias = dict[str, "Value"]

_TYPES: Mapping[Format, str] = {"xml": "text/xml", "json": "application/json"}
_HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n'
_PIECES = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of an error answer."""

    code: HTTPStatus
    description: str


def answer(
    root: str,
    content: Row | Sequence[Row],
    form: Format,
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The tree under the name of its root, which JSON leaves out."""
    value: Value = content if isinstance(content, dict) else list(content)
    body = _xml(root, value) if form == "xml" else msgspec.json.encode(_plain(value))
    return web.Response(
        status=status,
        body=body,
        content_type=_TYPES[form],
        charset="utf-8",
        headers=headers,
    )


def refusal(
    faults: Sequence[Fault], form: Format, *, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Every fault that was found; the first one is the status."""
    rows: list[Row] = [
        {"code": fault.code.value, "description": fault.description} for fault in faults
    ]
    return answer("errors", rows, form, status=faults[0].code, headers=headers)


def clean(text: str) -> str:
    """Text that XML can hold, line breaks as XML parsers hand them on."""
    return _NO_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def stamp(moment: datetime) -> str:
    """A time as GeoReport writes it, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: Value) -> object:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return clean(value) if isinstance(value, str) else value


def _xml(root: str, value: Value) -> bytes:
    written: bytes = ET.tostring(_element(root, value), encoding="utf-8")
    return _HEAD + written


def _element(name: str, value: Value) -> ET.Element:
    element = ET.Element(name)
    if isinstance(value, dict):
        element.extend(_element(inner, content) for inner, content in value.items())
    elif isinstance(value, list):
        element.extend(_element(_PIECES[name], content) for content in value)
    else:
        element.text = _text(_plain(value))
    return element


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
