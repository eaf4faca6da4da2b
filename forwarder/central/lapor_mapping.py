"""
How SP4N's API is spoken to: a mapping in config/lapor.toml; nothing about that API is known here.

Its documentation is open only to accounts with the role "developer". So requests are templates over
the record's fields, answers are read by JSON pointers (RFC 6901), and words of theirs are tables.
`lapor-gateway conform lapor` tries a mapping step by step and says what does not fit.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from forwarder.central.templates import filled
from forwarder.update import UpdateKind

# What templates may name beside the record's fields.
EXTRA = (
    *("token", "username", "password", "tracking_id", "cursor"),
    *("comment_id", "comment", "solved", "category", "class", "is_anonymous", "is_confidential"),
)
REQUESTS = ("login", "categories", "create", "find", "attach", "comment", "update", "poll")
_ESCAPES = re.compile("~[01]")


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the mapping."""


class Asked(Part, frozen=True, kw_only=True):
    """One request of their API; an empty path: they have none for it."""

    method: Literal["GET", "POST", "PUT", "PATCH"] = "POST"
    #: Below the url; a template.
    path: str = ""
    #: How `fields` travel: as JSON, as a form, in the address, or with the file as multipart.
    send: Literal["json", "form", "query", "multipart"] = "json"
    #: Templates by field name; "a/b" is b within a. One that is filled with nothing is left out.
    fields: dict[str, str] = {}
    #: Statuses that mean yes.
    ok: tuple[int, ...] = (200, 201)


class Read(Part, frozen=True, kw_only=True):
    """Where things stand in their answers, as JSON pointers; empty: nowhere."""

    #: In the answer to a new report.
    tracking_id: str = ""
    #: Where an answer with a good status says yes or no, and what yes looks like.
    success: str = ""
    success_is: tuple[str, ...] = ()
    #: Where it says what was wrong; shown to the operator without the citizen's words.
    error: str = ""
    #: In the answer to `login`: what {token} is from then on.
    token: str = ""
    #: The list in an answer with categories, and within one of them.
    categories: str = ""
    category_id: str = ""
    category_name: str = ""
    #: The list of reports in the answer to a search, and within one: number and text.
    found: str = ""
    found_id: str = ""
    found_text: str = ""
    #: The list of news in the answer to a poll ("": the answer itself), and within one of them.
    updates: str = ""
    update_id: str = ""
    update_reference: str = ""
    update_at: str = ""
    update_status: str = ""
    update_text: str = ""
    update_agency: str = ""


class LaporMapping(Part, frozen=True, kw_only=True):
    """lapor.toml."""

    #: Whether somebody has run `conform lapor --send` with this mapping and it fits. Until then
    #: nothing is sent: no record may get lost in an API that was only guessed at.
    confirmed: bool = False
    #: Where the mapping is from, for people.
    about: str = ""
    #: Headers of every request; templates.
    headers: dict[str, str] = {}
    #: Fields of every request, as in `Asked.fields`: such as a token in the body.
    fields: dict[str, str] = {}
    login: Asked = Asked()
    categories: Asked = Asked()
    create: Asked = Asked()
    find: Asked = Asked()
    attach: Asked = Asked()
    comment: Asked = Asked()
    update: Asked = Asked()
    poll: Asked = Asked()
    read: Read = Read()
    #: The field of a multipart form that holds a file.
    file_field: str = "file"
    #: Whether a report sent twice under the same reference is one over there.
    folds: bool = False
    #: Their words for yes and no of the flags.
    yes: str = "1"
    no: str = "0"
    #: Their names for our types, and ids of categories for our topics; "" is for all others.
    classes: dict[str, str] = {}
    topics: dict[str, str] = {}
    #: What their status words mean; a word that is not here is told as it is.
    statuses: dict[str, UpdateKind] = {}


def at(content: Any, pointer: str) -> Any:  # noqa: ANN401 (a JSON value)
    """The value a pointer points to, or None where there is none."""
    if not pointer:
        return content
    for word in pointer.removeprefix("/").split("/"):
        name = _ESCAPES.sub(lambda found: {"~1": "/", "~0": "~"}[found[0]], word)
        if isinstance(content, dict) and name in content:
            content = content[name]
        elif isinstance(content, list) and name.isdecimal() and int(name) < len(content):
            content = content[int(name)]
        else:
            return None
    return content


def text_at(content: Any, pointer: str) -> str:  # noqa: ANN401 (a JSON value)
    """The same as text; empty where it is none or no pointer is set."""
    value = at(content, pointer) if pointer else None
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def list_at(content: Any, pointer: str) -> Sequence[Any]:  # noqa: ANN401 (a JSON value)
    """The list a pointer points to; empty where there is none."""
    value = at(content, pointer)
    return value if isinstance(value, list) else ()


def fields_of(asked: Asked, common: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """The fields of one request, filled; empty ones are left out."""
    templates = {**common, **asked.fields}
    values = {name: filled(template, words) for name, template in templates.items()}
    return {name: value for name, value in values.items() if value}


def nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """Fields whose names have parts, as JSON objects within each other."""
    whole: dict[str, Any] = {}
    for name, value in fields.items():
        *path, last = name.split("/")
        inside = whole
        for part in path:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return whole


def pointers_in(content: Any, at: str = "") -> Iterator[str]:  # noqa: ANN401 (a JSON value)
    """Where an answer holds values, without the values; of a list only its first entry."""
    if isinstance(content, dict):
        for name, value in content.items():
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            yield from pointers_in(value, f"{at}/{escaped}")
    elif isinstance(content, list):
        yield f"{at} (a list of {len(content)})"
        for value in content[:1]:
            yield from pointers_in(value, f"{at}/0")
    else:
        yield at


def templates_in(mapping: LaporMapping) -> Iterator[str]:
    """Every template, to be checked for names nothing stands for."""
    yield from (*mapping.headers.values(), *mapping.fields.values())
    for name in REQUESTS:
        asked: Asked = getattr(mapping, name)
        yield from (asked.path, *asked.fields.values())
