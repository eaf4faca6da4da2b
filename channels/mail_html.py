"""
HTML mail as text, through inscriptis, with the ways to blow it up taken away.

A style may ask for a million blanks before each line and a wide table cell pads every row: 290 kB
of HTML became 1 GB of text. So styles are not obeyed and table cells are plain runs of words, which
suits mails anyway: their tables are layout.
"""

import re

from inscriptis import get_text  # type: ignore[import-untyped]
from inscriptis.css_profiles import STRICT_CSS_PROFILE  # type: ignore[import-untyped]
from inscriptis.html_properties import Display  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]
from inscriptis.model.html_element import HtmlElement  # type: ignore[import-untyped]
from inscriptis.model.tag import CustomHtmlTagHandlerMapping  # type: ignore[import-untyped]

_TABLE_TAGS = ("table", "tr", "td", "th")
_CSS = {
    **STRICT_CSS_PROFILE,
    "table": HtmlElement(display=Display.block),
    "tr": HtmlElement(display=Display.block),
    "td": HtmlElement(prefix=" ", suffix=" ", limit_whitespace_affixes=True),
    "th": HtmlElement(prefix=" ", suffix=" ", limit_whitespace_affixes=True),
    # Indented once per level, lists in lists grow without end.
    "ul": HtmlElement(display=Display.block),
    "ol": HtmlElement(display=Display.block),
}
_TAG = re.compile(r"<[^<>]*>")
_INLINE = re.compile(r"data:[a-z0-9.+-]{1,30}/[a-z0-9.+-]{1,60};base64,[A-Za-z0-9+/=\s]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)


def html_to_text(html: str) -> str:
    """The words of an HTML document, one line per block."""
    try:
        text = get_text(html, _config())
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError, AssertionError):
        text = ""  # what lxml and inscriptis raise on documents that are none
    if not text.strip():  # also where lxml gave up: it forgets what is nested deeper than 255
        text = _TAG.sub(" ", html)
    lines = "\n".join(line.strip() for line in text.replace("\xa0", " ").split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def without_inline_pictures(html: str) -> str:
    """The document without files written into it as data: addresses."""
    return _INLINE.sub("", html)


def _config() -> ParserConfig:
    config = ParserConfig(
        css=_CSS,
        custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
            start_tag_mapping=dict.fromkeys(_TABLE_TAGS), end_tag_mapping=dict.fromkeys(_TABLE_TAGS)
        ),
    )
    config.attribute_handler.attribute_mapping = {}
    return config


def declared_charset(raw: bytes) -> str:
    """The charset an HTML document names in its head, or ""."""
    found = _META.search(raw[:2048])
    return found[1].decode("ascii") if found else ""
