"""
How each SMS gateway hands a message over: its request, read into one set of fields.

`read` is what the intake and `parse` share, `play` is the same request made up by the simulator.
A new gateway is one `Preset`; what is sent to it is in `channels.sms_send`.
Kannel 1.4.5 user guide, "HTTP interface"; Jasmin, "HTTP API", deliver; Gammu SMSD, RunOnReceive.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlencode

import msgspec

from channels.sms_form import Fields, Raw, characters, declared_charset, form, pairs, query_fields

PresetName: TypeAlias = Literal["generic", "kannel", "jasmin", "gammu"]

_OCTET = re.compile(r"\d{1,3}", re.ASCII)
_ZONED = re.compile(r"\d+(\.\d+)?|.*(Z|[+-]\d\d:?\d\d)", re.ASCII | re.DOTALL)


class Names(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"sender": "from", "receiver": "to"},
):
    """What the provider calls each field, in form, query and JSON of the generic preset."""

    sender: str = "from"
    receiver: str = "to"
    text: str = "text"
    id: str = "id"
    sent_at: str = "sent_at"
    udh: str = "udh"
    charset: str = "charset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One citizen's SMS, as `lapor-gateway send` gives it to a preset to play."""

    id: str
    sender: str
    receiver: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of gateway."""

    #: The body of the 200 that tells it we have the message.
    acknowledgement: bytes
    #: The request headers `read` looks at, in lower case.
    headers: tuple[str, ...]
    read: Callable[[Raw, Names], Fields]
    play: Callable[[Played, Names], Raw]
    #: What the form field with the id is called, for the quick look at it; None: there is none.
    id_name: Callable[[Names], str] | None = None


# --- generic ------------------------------------------------------------------------------------


def _read_generic(raw: Raw, names: Names) -> Fields:
    given, charset = pairs(raw)
    called = {
        "from": names.sender,
        "to": names.receiver,
        "text": names.text,
        "id": names.id,
        "sent_at": names.sent_at,
        "udh": names.udh,
        "charset": names.charset,
    }
    return {"charset": charset} | _renamed(given, called)


def _renamed(given: Fields, called: Mapping[str, str]) -> Fields:
    return {field: given[name] for field, name in called.items() if name in given}


def _play_generic(sms: Played, names: Names) -> Raw:
    sent = {names.sender: sms.sender, names.text: sms.text, names.id: sms.id}
    if sms.receiver:
        sent[names.receiver] = sms.receiver
    return form(sent)


# --- Kannel -------------------------------------------------------------------------------------


def _read_kannel(raw: Raw, names: Names) -> Fields:
    """From post-url: headers and body; from get-url: all in the query, under the names below."""
    del names
    query, headers, body = raw
    given = query_fields(query)
    told = {
        "from": headers.get("x-kannel-from"),
        "to": headers.get("x-kannel-to"),
        "sent_at": headers.get("x-kannel-time"),
        "udh": headers.get("x-kannel-udh"),
    }
    fields = {name: characters(value) for name, value in told.items() if value is not None}
    called = {name: name for name in ("from", "to", "id", "udh", "text")} | {"sent_at": "ts"}
    fields |= _renamed(given, called)
    if "text" in fields:
        return fields | {"charset": given.get("charset") or _by_coding(given.get("coding", ""))}
    if body or "from" in fields:
        fields["text"] = body.decode("latin-1")
    declared = headers.get("content-type", "")
    is_binary = "octet-stream" in declared
    return fields | {"charset": "binary" if is_binary else declared_charset(declared)}


def _by_coding(coding: str) -> str:
    return {"1": "binary", "2": "utf-16be"}.get(coding, "")


def _play_kannel(sms: Played, names: Names) -> Raw:
    del names
    headers = {
        "X-Kannel-From": sms.sender,
        "X-Kannel-To": sms.receiver,
        "Content-Type": 'text/plain; charset="UTF-8"',
    }
    return urlencode({"id": sms.id}), headers, sms.text.encode(errors="replace")


# --- Jasmin -------------------------------------------------------------------------------------


def _read_jasmin(raw: Raw, names: Names) -> Fields:
    del names
    given, _ = pairs(raw)
    fields = _renamed(given, {"from": "from", "to": "to", "id": "id"})
    text = _unhexed(given.get("binary", "")) or given.get("content")
    if text is None:
        return fields
    return fields | {"text": text, "charset": _by_data_coding(given.get("coding", ""), text)}


def _by_data_coding(coding: str, text: str) -> str:
    """SMPP data coding; the flags of a message class leave the two alphabet bits in place."""
    scheme = int(coding) if _OCTET.fullmatch(coding) else 0
    alphabet = {1: "ascii", 2: "binary", 3: "latin-1", 4: "binary", 8: "utf-16be"}
    # Links with another default alphabet than GSM show it by octets that no septet can be.
    default = "gsm7" if text.isascii() else ""
    return alphabet.get(scheme & 0x0C if scheme & 0xF0 else scheme, default)


def _unhexed(text: str) -> str:
    try:
        return bytes.fromhex(text).decode("latin-1")
    except ValueError:
        return ""


def _play_jasmin(sms: Played, names: Names) -> Raw:
    del names
    sent = {"id": sms.id, "from": sms.sender, "to": sms.receiver, "origin-connector": "simulator"}
    binary = sms.text.encode("utf-16-be", "replace").hex()
    return form(sent | {"coding": "8", "binary": binary})


# --- Gammu --------------------------------------------------------------------------------------


def _read_gammu(raw: Raw, names: Names) -> Fields:
    """Row ids start again with a new database; a local time that names no zone is no moment."""
    del names
    given, charset = pairs(raw)
    called = {"from": "number", "text": "text", "to": "phone_id", "udh": "udh", "row": "id"}
    if _ZONED.fullmatch(given.get("timestamp", "")):
        called["sent_at"] = "timestamp"
    return {"charset": charset} | _renamed(given, called)


def _play_gammu(sms: Played, names: Names) -> Raw:
    del names
    sent = {"number": sms.sender, "text": sms.text, "phone_id": sms.receiver, "id": sms.id}
    return form(sent)


_FORM_HEADERS = ("content-type",)
_KANNEL_HEADERS = tuple(f"x-kannel-{name}" for name in ("from", "to", "time", "udh"))

PRESETS: Mapping[str, Preset] = {
    "generic": Preset(
        acknowledgement=b"ok",
        headers=_FORM_HEADERS,
        read=_read_generic,
        play=_play_generic,
        id_name=lambda names: names.id,
    ),
    "kannel": Preset(
        # A body would be sent to the citizen as an SMS; 204 or another type than text as an error.
        acknowledgement=b"",
        headers=(*_FORM_HEADERS, *_KANNEL_HEADERS),
        read=_read_kannel,
        play=_play_kannel,
    ),
    "jasmin": Preset(
        acknowledgement=b"ACK/Jasmin",
        headers=_FORM_HEADERS,
        read=_read_jasmin,
        play=_play_jasmin,
        id_name=lambda _: "id",
    ),
    "gammu": Preset(
        acknowledgement=b"ok", headers=_FORM_HEADERS, read=_read_gammu, play=_play_gammu
    ),
}
