"""
What all pages have in common: how one is declared, who looks at it, how it is shown.

A page module has `routes(office)`, which gives its entries. Templates are read by aiohttp-jinja2
with autoescape on: what a citizen wrote is text everywhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web

from gateway.access.person import Person, Right
from gateway.console.csrf import field_of
from gateway.console.deeds import said
from gateway.console.office import OFFICE, Office
from gateway.console.saying import Saying
from gateway.console.words import DEFAULT, LANGUAGES, language_of, read_words

FOLDER = Path(__file__).parent
ROOT = "/console"
#: Bytes; a list of fifty rows is half a second of a telephone's network, or a tenth of that.
WORTH_SQUEEZING = 4_096
SAYINGS = ("when", "day", "iso", "ago", "span", "number", "percent")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of the console; `needs` None means that nobody has to be signed in."""

    method: str
    path: str
    handler: Handler
    needs: Right | None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the navigation; its words stand under [nav] by its name."""

    name: str
    path: str
    needs: Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is signed in, and what a change made by them must carry."""

    person: Person
    csrf: str


VISITOR: web.RequestKey[Visitor] = web.RequestKey("visitor", Visitor)
_NAVIGATION: web.AppKey[tuple[Item, ...]] = web.AppKey("navigation", tuple)
_WORDS: web.AppKey[Mapping[str, Mapping[str, Any]]] = web.AppKey("words", dict)
_VERSION: web.AppKey[str] = web.AppKey("version", str)


def furnish(app: web.Application, office: Office, navigation: tuple[Item, ...]) -> None:
    """Put templates, sentences and the office's things into the console's app."""
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        default_helpers=False,
    )
    app[OFFICE] = office
    app[_NAVIGATION] = navigation
    app[_WORDS] = read_words()
    app[_VERSION] = _version()


def office_of(request: web.Request) -> Office:
    """What this request's page works with."""
    return request.config_dict[OFFICE]


def person_of(request: web.Request) -> Person:
    """Who looks at this page; only where the entry needs a right."""
    return request[VISITOR].person


def language_in(request: web.Request) -> str:
    """The language of this answer: the person's own, or what the address or a cookie asks for."""
    visitor = request.get(VISITOR)
    wish = visitor.person.language if visitor else request.cookies.get("lang", DEFAULT)
    return language_of(request.query.get("lang", wish))


def sentences_of(request: web.Request) -> Mapping[str, Any]:
    """The sentences in the language of this answer."""
    return request.config_dict[_WORDS][language_in(request)]


def show(
    request: web.Request, template: str, *, status: int = HTTPStatus.OK, **values: object
) -> web.Response:
    """A page from its template, with who looks at it and how things are said to them."""
    visitor = request.get(VISITOR)
    office = office_of(request)
    sentences = sentences_of(request)
    saying = Saying(sentences=sentences, zone=office.zone, now=office.clock())
    common: dict[str, object] = {
        "t": sentences,
        "lang": language_in(request),
        "person": visitor.person if visitor else None,
        "csrf_field": field_of(visitor.csrf if visitor else ""),
        "navigation": _lines(request, visitor),
        "here": request.path,
        "switch": _switch(request),
        "version": request.config_dict[_VERSION],
        "name_of": partial(_name_of, office, sentences),
        "deed": partial(said, language=language_in(request)),
        "Right": Right,
        **{name: getattr(saying, name) for name in SAYINGS},
    }
    response = aiohttp_jinja2.render_template(template, request, common | values, status=status)
    response.headers["Cache-Control"] = "no-store"
    if (response.content_length or 0) > WORTH_SQUEEZING:
        response.enable_compression()
    return response


def go(path: str) -> web.HTTPSeeOther:
    """Where the browser goes after a change, so that loading again changes nothing twice."""
    return web.HTTPSeeOther(path)


def first_page(request: web.Request) -> str:
    """Where this person's day begins."""
    lines = _lines(request, request.get(VISITOR))
    return lines[0].path if lines else f"{ROOT}/me"


def static_files() -> Mapping[str, bytes]:
    """The stylesheet, the script and the icon, by name."""
    return {file.name: file.read_bytes() for file in sorted((FOLDER / "static").iterdir())}


def _name_of(office: Office, sentences: Mapping[str, Any], kind: str, value: str | None) -> str:
    """What a derived value is called: a topic by the taxonomy, others by the sentences."""
    if value is None:
        return str(sentences["values"]["none"])
    if kind == "topic":
        return office.topics.get(value, value)
    return str(sentences["values"].get(kind, {}).get(value, value))


def _lines(request: web.Request, visitor: Visitor | None) -> list[Item]:
    items = request.config_dict[_NAVIGATION]
    return [item for item in items if visitor and visitor.person.may(item.needs)]


def _switch(request: web.Request) -> str:
    """The same page in the other language; nothing of a form is lost by it, it is a GET."""
    other = next(name for name in LANGUAGES if name != language_in(request))
    return str(request.rel_url.update_query(lang=other))


def _version() -> str:
    """Changes with any static file, so that browsers may keep them for ever."""
    return sha256(b"".join(static_files().values())).hexdigest()[:12]
