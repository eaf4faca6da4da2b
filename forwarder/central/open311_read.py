"""
GeoReport v2 answers as rows, whatever form they came in; pure.

Servers differ: JSON objects where the standard has arrays, `errors` wrapped or not, ids as numbers,
times without a zone, an XML answer to a JSON question, an HTML page with status 200. All but the
last are read here; a row is a mapping, and what is absent, null or empty is the same.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

Row: TypeAlias = Mapping[str, Any]

WRAPPERS = ("errors", "service_requests", "services", "service_request_updates", "requests")
PIECES = {"service", "request", "request_update", "attribute", "value", "error"}


def rows_in(body: bytes) -> Sequence[Row]:
    """The rows of an answer; ValueError where it is no GeoReport answer."""
    start = body.lstrip()[:1]
    if start == b"<":
        return _of_xml(body)
    try:
        content = msgspec.json.decode(body)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
    if isinstance(content, dict):
        wrapped = [content[name] for name in WRAPPERS if isinstance(content.get(name), list)]
        content = wrapped[0] if wrapped else [content]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise ValueError("expected a list of objects")
    return content


def text(row: Row, name: str) -> str:
    """A value as text; empty where there is none."""
    value = row.get(name)
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def rows_of(row: Row, name: str) -> Sequence[Row]:
    """A list within a row, such as the attributes of a service."""
    value = row.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else ()


def is_error(row: Row) -> bool:
    """Whether a row tells what was wrong; some servers do so with status 200."""
    return bool(text(row, "code") and text(row, "description")) and not (
        text(row, "service_request_id") or text(row, "service_code") or text(row, "datatype")
    )


def moment_of(row: Row, *names: str) -> int | None:
    """The first of these times that can be read: milliseconds since 1970."""
    for name in names:
        try:
            told = datetime.fromisoformat(text(row, name))
        except ValueError:
            continue
        told = told if told.tzinfo else told.replace(tzinfo=UTC)
        return int(told.timestamp() * 1000)
    return None


def _of_xml(body: bytes) -> Sequence[Row]:
    if b"<!" in body.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise ValueError("an XML answer with declarations of its own")
    try:
        root = ET.fromstring(body)  # noqa: S314 (no declarations, and the body has a bound)
    except ET.ParseError as exc:
        raise ValueError("neither JSON nor XML") from exc
    if root.tag.rpartition("}")[2].lower() == "html":
        raise ValueError("an HTML page")
    if all(child.tag in PIECES for child in root):
        return [_row(child) for child in root]
    return [_row(root)]


def _row(element: ET.Element) -> Row:
    return {child.tag: _value(child) for child in element}


def _value(element: ET.Element) -> object:
    if len(element) and all(child.tag in PIECES for child in element):
        return [_row(child) for child in element]
    return element.text
