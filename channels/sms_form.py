"""
The fields of one SMS request: the octets of each value, one per character (Latin-1).

Octets, because the charset is only known once all fields are read; `channels.sms_text` makes text
of them. Absent is not empty: an SMS may well be empty, a request without a text field is one we
were not prepared for.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import unquote, urlencode

from channels.sms_text import clean, words

#: Of from, to, text, id, sent_at, udh, charset: what the request held. `row` is an id the provider
#: may give again, so that it says which message this is only together with all the rest.
Fields: TypeAlias = dict[str, str]

#: Raw query, the headers the preset asks for (in lower case), body.
Raw: TypeAlias = tuple[str, Mapping[str, str], bytes]

# A key of the journal, and PostgreSQL indexes no longer ones.
_LONGEST_ID = 200

# No form encodes these; all other ids are found by reading all fields.
_PLAIN = re.compile(rb"[A-Za-z0-9._-]{1,200}")

_FORM = "application/x-www-form-urlencoded"

_CHARSET = re.compile(r'charset="?([^\s";]+)', re.IGNORECASE)


def id_finder(name: str) -> Callable[[Raw], str | None]:
    """
    Finds a plain id in a form without reading all of it, or None where a closer look is needed.

    Reading every field would be half of what the intake spends on a message that brings its id.
    """
    wanted = f"&{name}=".encode()

    def find(raw: Raw) -> str | None:
        query, headers, body = raw
        # In a form `&` only parts fields; in JSON it may be the citizen's.
        if query or body[:1] == b"{" or _FORM not in headers.get("content-type", ""):
            return None
        form = b"&" + body
        start = form.find(wanted) + len(wanted)
        if start < len(wanted) or form.find(wanted, start) >= 0:
            return None
        value = form[start:].partition(b"&")[0]
        return value.decode() if _PLAIN.fullmatch(value) else None

    return find


def external_id(fields: Fields) -> str:
    """The provider's id, else a SHA-256 over all that stays the same when it sends again."""
    given = words(fields.get("id", ""))
    if given.strip() and len(given) <= _LONGEST_ID:
        return given
    told = [fields.get(name, "") for name in ("id", "row", "from", "to", "text", "sent_at", "udh")]
    unambiguous = "".join(f"{len(one)}:{one}" for one in told)
    return hashlib.sha256(unambiguous.encode("latin-1", "replace")).hexdigest()


def pairs(raw: Raw) -> tuple[Fields, str]:
    """Query and body together, the body having the last word, and the charset it declares or ""."""
    query, headers, body = raw
    fields, declared = query_fields(query), headers.get("content-type", "")
    if "json" in declared or body[:1] == b"{":
        document = _json(body)
        if document is not None:
            return fields | document, "utf-8"
    fields |= _urlencoded(body.decode("latin-1"))
    return fields, declared_charset(declared) if "charset" in declared else ""


def query_fields(query: str) -> Fields:
    """The fields of a raw query."""
    return _urlencoded(characters(query)) if query else {}


def declared_charset(content_type: str) -> str:
    """The charset parameter of a Content-Type, or ""."""
    found = _CHARSET.search(content_type)
    return found[1] if found else ""


def characters(text: str) -> str:
    """Text as fields carry it: its UTF-8 octets, one per character."""
    return text if text.isascii() else clean(text).encode().decode("latin-1")


def form(fields: Mapping[str, str]) -> Raw:
    """A request that posts these fields."""
    headers = {"Content-Type": _FORM}
    return "", headers, urlencode(fields, errors="replace").encode()


def _urlencoded(text: str) -> Fields:
    """As `parse_qsl` with Latin-1 and blanks kept would read it, at a quarter of its time."""
    fields = {}
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        fields[_unquoted(name)] = _unquoted(value)
    return fields


def _unquoted(text: str) -> str:
    text = text.replace("+", " ")
    return unquote(text, "latin-1") if "%" in text else text


def _json(body: bytes) -> Fields | None:
    try:
        document = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return {
        name: characters(str(value))
        for name, value in document.items()
        if isinstance(value, str | int | float)
    }
