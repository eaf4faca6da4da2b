"""What every request to the console passes, on the whole gateway."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from console_site import Site, console_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path) as running:
        yield running


async def test_a_stranger_is_led_to_the_door(site: Site) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{site.internal}/console", allow_redirects=False) as response,
    ):
        assert response.status == 303
        assert response.headers["Location"] == "/console/login"


async def test_pages_carry_the_policy_and_are_kept_by_nobody(site: Site) -> None:
    async with site.desk() as desk:
        page = await desk.look("/nothing-here")
        assert desk.status == 404
        assert "Tidak ditemukan" in page
        assert "default-src 'none'" in desk.headers["Content-Security-Policy"]
        assert desk.headers["X-Content-Type-Options"] == "nosniff"
        assert desk.headers["Cache-Control"] == "no-store"
        assert desk.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert "style=" not in page


async def test_the_other_language_is_a_link_away(site: Site) -> None:
    async with site.desk() as desk:
        assert "Not found" in await desk.look("/nothing-here?lang=en")


async def test_static_files_are_kept_for_ever(site: Site) -> None:
    async with site.desk() as desk:
        await desk.look("/static/console.css")
        assert desk.status == 200
        assert "immutable" in desk.headers["Cache-Control"]
        assert desk.headers["Content-Type"] == "text/css"


async def test_news_reach_an_open_page(site: Site) -> None:
    async with (
        site.desk() as desk,
        desk.session.get(f"{site.internal}/console/live") as stream,
    ):
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert await stream.content.readline() == b"retry: 3000\n"
