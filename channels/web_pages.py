"""
The pages a citizen sees: templates and sentences from pages/, values in, a response out.

Every value is escaped by jinja; templates hold no script and no inline style, which the policy in
web_guard would refuse anyway. Sentences live in pages/id.toml and pages/en.toml, equal in keys.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from channels.contract import PublicStatus
from channels.web_form import Form, Problem
from channels.web_guard import HEADERS
from channels.web_options import HOURS, MIB, WebOptions

PAGES = Path(__file__).with_name("pages")
DEFAULT, OTHER = "id", "en"
STATES = ("diterima", "diteruskan", "ditindaklanjuti", "selesai")
#: Ends a report reaches without having been followed up.
SHORT_ENDS = ("diarsipkan", "dibatalkan")
SHOWN = ("text", "place", "date", "name", "contact", "situs", "anonymous", "confidential", "warned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page to be made: which template, for whom, and what the browser is told beside it."""

    template: str
    lang: str
    status: int = 200
    #: Seconds after which to come back; 0 says nothing.
    wait: int = 0
    #: Where the other language is; "" where going there would lose what was typed or shown.
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


class Pages:
    """Makes every page; the files are read once, here."""

    def __init__(self, options: WebOptions) -> None:
        self._options = options
        self.style = (PAGES / "style.css").read_bytes()
        self.icon = (PAGES / "icon.svg").read_bytes()
        self.version = sha256(self.style).hexdigest()[:12]
        self._texts = {lang: _texts(lang) for lang in (DEFAULT, OTHER)}
        self._templates = Environment(
            loader=FileSystemLoader(PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals |= {
            "office_name": options.office_name,
            "office_contact": options.office_contact,
            "style_version": self.version,
            "say": str.format,
        }

    def language(self, *wishes: str | None) -> str:
        """The first wish that is a language we have; Indonesian when there is none."""
        return next((wish for wish in wishes if wish in self._texts), DEFAULT)

    def form(self, lang: str, token: str, form: Form, problems: Sequence[Problem]) -> web.Response:
        """The form: empty, or as it was sent with what is wrong with it."""
        page = Page(
            template="form.html",
            lang=lang,
            status=problems[0].status if problems else 200,
            wait=max((problem.wait for problem in problems), default=0),
            path="" if problems else "/lapor",
        )
        texts = self._texts[lang]
        caps = self._options
        sizes = {"each": caps.max_file_bytes // MIB, "all": caps.max_body_bytes // MIB}
        return self._made(
            page,
            token=token,
            values={name: form.values.get(name, "") for name in SHOWN},
            problems=[{"field": p.field, "sentence": _sentence(texts, p)} for p in problems],
            chosen=form.chosen if problems else (),
            hints={"files": texts["form"]["files_hint"].format(count=caps.max_files, **sizes)},
        )

    def done(self, lang: str, code: str, contact: str, *, reachable: bool) -> web.Response:
        """The case code, and how to follow it."""
        texts = self._texts[lang]["done"]
        words = texts["reach" if reachable else "unreachable" if contact else "no_contact"]
        page = Page(template="done.html", lang=lang)
        return self._made(page, code=code, reach=words.format(contact=contact))

    def status(self, lang: str, asked: str, status: PublicStatus | None) -> web.Response:
        """The look-up, with the answer when something was asked."""
        if status is None:
            code = 404 if asked else 200
            return self._look_up(lang, asked, code=code, trouble="unknown" if asked else "")
        states = ("diterima", status.state) if status.state in SHORT_ENDS else STATES
        return self._look_up(
            lang,
            asked,
            status=status,
            states=states,
            reached=states.index(status.state) if status.state in states else 0,
            steps=[
                (self._day(lang, one.at), self._texts[lang]["steps"][one.what])
                for one in status.steps
                if one.what in self._texts[lang]["steps"]
            ],
            received=self._day(lang, status.received_at),
            updated=self._day(lang, status.updated_at),
        )

    def too_many_look_ups(self, lang: str, asked: str, wait: int) -> web.Response:
        """The look-up for somebody who has asked too often."""
        return self._look_up(lang, asked, code=429, wait=wait, trouble="too_often")

    def _look_up(  # the one page with three faces
        self,
        lang: str,
        asked: str,
        *,
        code: int = 200,
        wait: int = 0,
        trouble: str = "",
        **shown: object,
    ) -> web.Response:
        page = Page(
            template="status.html",
            lang=lang,
            status=code,
            wait=wait,
            path="/lapor/status",
            query={"kode": asked} if asked else {},
        )
        texts = self._texts[lang]["status"]
        said = trouble and {
            "title": texts[trouble],
            "sentence": texts[f"{trouble}_hint"].format(minutes=_minutes(wait)),
        }
        values = {"status": None, "steps": (), "trouble": said, "asked": asked, "states": STATES}
        return self._made(page, **(values | shown))

    def _made(self, page: Page, **values: object) -> web.Response:
        other = OTHER if page.lang == DEFAULT else DEFAULT
        html = self._templates.get_template(page.template).render(
            values,
            lang=page.lang,
            other=other,
            t=self._texts[page.lang],
            url=partial(_url, page.lang),
            switch=page.path and f"{page.path}?{urlencode({**page.query, 'lang': other})}",
        )
        headers = {**HEADERS, "Cache-Control": "no-store"}
        if page.wait:
            headers["Retry-After"] = str(page.wait)
        return web.Response(
            text=html, content_type="text/html", status=page.status, headers=headers
        )

    def _day(self, lang: str, at: datetime) -> str:
        zone = self._options.zone
        local = at.astimezone(timezone(timedelta(hours=HOURS[zone])))
        month = self._texts[lang]["page"]["months"][local.month - 1]
        return f"{local.day} {month} {local.year}, {local:%H.%M} {zone}"


def _texts(lang: str) -> dict[str, Any]:
    return tomllib.loads((PAGES / f"{lang}.toml").read_text("utf-8"))


def _sentence(texts: Mapping[str, Any], problem: Problem) -> str:
    label = texts["form"].get(problem.field, "")
    said = {
        name: f"{value:,}".replace(",", texts["page"]["thousands"])
        if isinstance(value, int)
        else value
        for name, value in problem.values.items()
    }
    kinds = ", ".join(texts["private"][kind] for kind in problem.kinds)
    sentence: str = texts["problems"][problem.key]
    return sentence.format(label=label, kinds=kinds, minutes=_minutes(problem.wait), **said)


def _minutes(seconds: int) -> int:
    return max(1, -(-seconds // 60))


def _url(lang: str, path: str, **query: str) -> str:
    """A link within the form that keeps the language, also where cookies are refused."""
    said = query if lang == DEFAULT else {**query, "lang": lang}
    return f"{path}?{urlencode(said)}" if said else path
