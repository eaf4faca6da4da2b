"""What all pages of the console have in common: sentences, ways to say values, news."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from gateway.console.csrf import field_of, fits
from gateway.console.frame import FOLDER
from gateway.console.news import News
from gateway.console.saying import DAY, HOUR, MINUTE, Saying
from gateway.console.words import read_words

WIT = timezone(timedelta(hours=9), "WIT")
NOW = 1_800_000_000_000


def keys(table: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from keys(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 (what is waited for is a list, nobody tells)
            await asyncio.sleep(0.001)


def saying(language: str) -> Saying:
    return Saying(sentences=read_words()[language], zone=WIT, now=NOW)


def test_no_page_shows_a_method_where_a_sentence_should_stand() -> None:
    """A template finds `t.page.copy` in the dict itself before its keys: such a one is ["copy"]."""
    names = "|".join(name for name in dir(dict) if name.isalpha())
    trap = re.compile(rf"\bt(?:\.\w+)*\.(?:{names})\b")
    pages = (FOLDER / "templates").glob("*.html")

    assert {page.name: found for page in pages if (found := trap.findall(page.read_text()))} == {}


def test_both_languages_say_the_same_things() -> None:
    words = read_words()
    assert sorted(keys(words["id"])) == sorted(keys(words["en"]))


@pytest.mark.parametrize(
    ("language", "said"), [("id", "1 Mei 2026 08.30 WIT"), ("en", "1 May 2026 08.30 WIT")]
)
def test_a_moment_is_said_by_the_office_clock(language: str, said: str) -> None:
    at = datetime(2026, 4, 30, 23, 30, tzinfo=UTC)
    assert saying(language).when(at) == said
    assert saying(language).when(int(at.timestamp() * 1000)) == said


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (0, "0 mnt"),
        (59 * MINUTE, "59 mnt"),
        (HOUR, "1 jam"),
        (47 * HOUR, "47 jam"),
        (2 * DAY, "2 hari"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(length: int, said: str) -> None:
    assert saying("id").ago(NOW - length) == said


def test_what_lies_ahead_is_no_age() -> None:
    assert saying("id").ago(NOW + DAY) == "0 mnt"


def test_numbers_have_the_separators_of_the_language() -> None:
    assert saying("id").number(1234567.5, 1) == "1.234.567,5"
    assert saying("en").number(1234567.5, 1) == "1,234,567.5"
    assert saying("id").percent(0.995, 1) == "99,5 %"


async def test_news_of_one_moment_is_told_once() -> None:
    news = News(gap=0.01)
    heard: list[frozenset[str]] = []

    async def listen() -> None:
        async for changed in news.follow():
            heard.append(changed)  # noqa: PERF401 (looked at meanwhile)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    news.tell("board")
    news.tell("board", "watch")
    await until(lambda: len(heard) == 1)
    news.tell("case:ABC")
    await until(lambda: len(heard) == 2)
    news.close()
    await asyncio.wait_for(listening, 5)
    assert heard[:2] == [{"board", "watch"}, {"case:ABC"}]


async def test_a_quiet_stream_has_a_pulse() -> None:
    stream = News(gap=0, pulse=0.01).follow()
    assert await asyncio.wait_for(anext(stream), 5) == frozenset()
    await stream.aclose()


def test_a_token_looks_different_on_each_page_and_fits_from_each() -> None:
    """So that squeezed pages do not give it away."""
    first, second = (str(field_of("rahasia")()).split('value="')[1][:-2] for _ in range(2))

    assert first != second
    assert "rahasia" not in first
    assert fits(first, "rahasia")
    assert fits(second, "rahasia")


@pytest.mark.parametrize(
    "shown", ["", "-", "rahasia", "00-00", "00-0000", "zz-zz", "a-b-c", None, 7]
)
def test_what_no_page_gave_fits_no_token(shown: object) -> None:
    assert not fits(shown, "rahasia")
    assert not fits(shown, "")
