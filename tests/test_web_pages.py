import re
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any

import pytest
from web_site import CODE, RECEIVED, Site, Visitor, running_site, visiting

from channels.contract import PublicStep
from channels.web_options import WebOptions
from channels.web_pages import PAGES

NASTY = "\"'><script>document.title='xss'</script><img src=x onerror=alert(1)>{{7*7}}{0}%s"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    async with visiting(site) as somebody:
        yield somebody


def sentences(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every key with the placeholders its sentence has."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from sentences(value, f"{path}{key}.")
        else:
            parts = Formatter().parse("".join(value))
            yield f"{path}{key}", {name for _, name, _, _ in parts if name is not None}


def test_both_languages_say_the_same_things() -> None:
    """Indonesian and English have the same sentences with the same values in them."""
    read = [tomllib.loads((PAGES / f"{lang}.toml").read_text("utf-8")) for lang in ("id", "en")]

    assert dict(sentences(read[0])) == dict(sentences(read[1]))


async def test_the_form_is_indonesian(visitor: Visitor) -> None:
    """The page says its language, and it is Indonesian whatever the browser prefers."""
    page = await visitor.get(**{"Accept-Language": "en"})

    assert '<html lang="id">' in page
    assert "Kirim laporan" in page


async def test_english_stays_chosen(visitor: Visitor) -> None:
    """The English switch holds for the next pages, until it is switched back."""
    await visitor.get("/lapor?lang=en")
    answer = await visitor.send(lang="en")
    later = await visitor.get("/lapor/status")
    back = await visitor.get("/lapor/status?lang=id")
    still = await visitor.get("/lapor")

    assert "We have received your report" in answer
    assert '<html lang="en">' in later
    assert '<html lang="id">' in back
    assert '<html lang="id">' in still


async def test_english_needs_no_cookie(site: Site) -> None:
    """Where cookies are refused the links and forms carry the language themselves."""
    async with visiting(site) as visitor:
        page = await visitor.get("/lapor?lang=en")
        visitor.session.cookie_jar.clear()

        assert '<input type="hidden" name="lang" value="en"' in page
        assert 'href="/lapor/status?lang=en"' in page
        assert "was not sent yet" in await visitor.send("", lang="en")


async def test_an_unknown_language_is_indonesian(visitor: Visitor) -> None:
    """A language we do not have changes nothing and is not remembered."""
    page = await visitor.get("/lapor?lang=../../etc/passwd")

    assert '<html lang="id">' in page
    assert "lapor_lang" not in str(visitor.headers)


async def test_the_front_door_leads_to_the_form(visitor: Visitor) -> None:
    """Who opens the bare address stands before the form."""
    page = await visitor.get("/")

    assert 'action="/lapor"' in page


async def test_everything_typed_is_shown_as_text(visitor: Visitor) -> None:
    """Markup in any field, and in a file name, comes back as the characters it is made of."""
    page = await visitor.send(
        NASTY + "x" * 20_000,
        place=NASTY,
        date=NASTY,
        name=NASTY,
        contact=NASTY,
        situs=NASTY,
        lang=NASTY,
        files=[("<script>alert(1)</script>.png", b"x")],
    )

    assert visitor.status == 422
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("document.title=&#39;xss&#39;") == 6
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.png" in page


async def test_a_contact_on_the_answer_is_text(visitor: Visitor) -> None:
    """The contact shown after sending is escaped, and braces in it mean nothing."""
    page = await visitor.send(contact="{contact}<b>{0}")

    assert visitor.status == 200
    assert "{contact}&lt;b&gt;{0}" in page


async def test_the_office_is_named() -> None:
    """The operator's office name and contact stand on the page, escaped."""
    options = WebOptions(office_name="Kab. <Contoh>", office_contact="halo@example.id")
    async with running_site(options) as site, visiting(site) as visitor:
        assert "Kab. &lt;Contoh&gt;" in visitor.page
        assert "Hubungi kami: halo@example.id" in visitor.page


# --- the look-up ---


async def test_a_case_shows_its_state_and_days(site: Site, visitor: Visitor) -> None:
    """Who knows a code sees the step, the day it came and the last change, in local time."""
    case = site.inbox.known[CODE]
    site.inbox.known[CODE] = replace(case, updated_at=RECEIVED + timedelta(days=2))
    page = await visitor.get(f"/lapor/status?kode={CODE}")

    assert visitor.status == 200
    assert '<li class="now" aria-current="step">\n<strong>Diteruskan</strong>' in page
    assert "3 Januari 2026, 08.30 WIB" in page
    assert "5 Januari 2026, 08.30 WIB" in page


async def test_the_zone_is_the_offices() -> None:
    """An office in Papua shows its own time."""
    async with running_site(WebOptions(zone="WIT")) as site, visiting(site) as visitor:
        assert "3 Januari 2026, 10.30 WIT" in await visitor.get(f"/lapor/status?kode={CODE}")


@pytest.mark.parametrize("typed", ["7q4m2kxr9", " 7Q4M-2KXR-9 ", "7Q4M 2KXR 9"])
async def test_a_code_may_be_typed_freely(visitor: Visitor, typed: str) -> None:
    """Small letters, blanks and hyphens do not matter."""
    await visitor.session.get(visitor.site.url + "/lapor/status", params={"kode": typed})

    assert visitor.site.inbox.asked == [CODE]


async def test_letters_that_look_like_digits_are_digits(visitor: Visitor) -> None:
    """O is read as 0, I and L as 1."""
    await visitor.get("/lapor/status?kode=oil")

    assert visitor.site.inbox.asked == ["011"]


@pytest.mark.parametrize(
    "code", ["7Q4M2KXR8", "x", "%00", "%FF%FE", "' OR 1=1 --", "%F0%9F%94%A5", "9" * 5000, "---"]
)
async def test_a_code_that_is_none_gets_one_friendly_page(visitor: Visitor, code: str) -> None:
    """An unknown and a malformed code are answered alike."""
    page = await visitor.get(f"/lapor/status?kode={code}")

    assert visitor.status == 404
    assert "Kode ini tidak kami temukan" in page


async def test_no_code_asks_for_one(visitor: Visitor) -> None:
    """The bare look-up is a page with one field."""
    page = await visitor.get("/lapor/status")

    assert visitor.status == 200
    assert "Kode ini tidak kami temukan" not in page
    assert visitor.site.inbox.asked == []


# --- colours ---


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_words_and_edges_can_be_seen(scheme: int) -> None:
    """In light and dark, text has the contrast of WCAG AA (4.5) and edges of fields 3."""
    css = (PAGES / "style.css").read_text("utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)", 1)
    c = colours((light, dark)[scheme])
    words = [
        *((ink, paper) for ink in ("ink", "soft", "accent") for paper in ("paper", "card", "wash")),
        *((ink, "bad-wash") for ink in ("ink", "bad")),
        *(("on-accent", accent) for accent in ("accent", "accent-strong")),
        ("bad", "card"),
    ]
    edges = [(edge, paper) for edge in ("edge", "accent", "bad") for paper in ("paper", "card")]

    assert [pair for pair in words if contrast(c[pair[0]], c[pair[1]]) < 4.5] == []
    assert [pair for pair in edges if contrast(c[pair[0]], c[pair[1]]) < 3] == []


async def test_a_report_taken_back_says_so(site: Site, visitor: Visitor) -> None:
    """Whoever looks it up reads that it was withdrawn, not that it waits."""
    site.inbox.known[CODE] = replace(site.inbox.known[CODE], state="dibatalkan")
    page = await visitor.get(f"/lapor/status?kode={CODE}")

    assert "Laporan ini ditarik kembali oleh pelapor." in page
    assert "Ditindaklanjuti" not in page


async def test_the_look_up_shows_what_happened_when(site: Site, visitor: Visitor) -> None:
    """In the words of the page, without what was said; an archived report says so."""
    steps = (
        PublicStep(at=datetime(2026, 1, 3, 20, 0, tzinfo=UTC), what="ditindaklanjuti"),
        PublicStep(at=datetime(2026, 1, 5, 1, 0, tzinfo=UTC), what="answer"),
    )
    known = site.inbox.known[CODE]
    site.inbox.known[CODE] = replace(known, state="diarsipkan", steps=steps)
    page = await visitor.get(f"/lapor/status?kode={CODE}")

    assert "Dijawab oleh instansi" in page
    assert "4 Januari 2026" in page
    assert "Instansi menutup laporan ini tanpa tindak lanjut." in page
