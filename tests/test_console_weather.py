"""The console while the database takes no changes: lists are read, words typed come back."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from access_site import PASSWORD
from console_site import Site, console_site
from door_browser import account, browser

FRESH = "sandi baru yang panjang"
WORDS = "Kami perbaiki <b>besok</b> & lusa."


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with console_site(tmp_path) as running:
        yield running


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Somebody else's transaction holds the database."""
    file = site.parts.settings.data_dir / "gateway.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("begin immediate")
        yield
        other.execute("rollback")


async def test_what_was_typed_can_be_sent_again(site: Site) -> None:
    """Nothing is stored, nobody is told otherwise, and no word is lost."""
    code = await site.sms("+6280000000101", "Lampu jalan mati di Cikupa")
    async with site.desk() as desk:
        await desk.look(f"/report/{code}")
        with locked(site):
            page = await desk.send(f"/report/{code}/alarm", text=WORDS)
            assert desk.status == 503
            assert "Sedang tidak bisa disimpan" in page
            assert "&lt;b&gt;besok&lt;/b&gt; &amp; lusa." in page
            assert f'action="/console/report/{code}/alarm"' in page
            await desk.look(f"/report/{code}")
            assert desk.status == 503  # a look that cannot be written down is none
            await desk.look("/inbox")
            assert desk.status == 200
        await desk.look(f"/report/{code}")
        assert desk.status == 200


async def test_who_is_signed_in_stays_so_and_reads(tmp_path: Path) -> None:
    """That somebody was here need not be written down for it."""
    async with console_site(tmp_path, '[console]\ntotp = "optional"\n', people=None) as site:
        await account(site)
        async with browser(site) as sari:
            await sari.sign_in()
            await site.parts.store.write(
                lambda tx: tx.run("update sessions set seen_at = seen_at - 60000")
            )
            with locked(site):
                await sari.look("/inbox")
                assert sari.status == 200


async def test_a_password_does_not_come_back(tmp_path: Path) -> None:
    """Nor the new one: nobody else at this screen may read it, and nobody sends half a form."""
    async with console_site(tmp_path, '[console]\ntotp = "optional"\n', people=None) as site:
        await account(site)
        async with browser(site) as sari:
            await sari.sign_in()
            await sari.look("/me")
            with locked(site):
                page = await sari.send("/me/password", password=PASSWORD, fresh=FRESH)
            assert sari.status == 503
            assert PASSWORD not in page
            assert FRESH not in page
            assert 'action="/console/me/password"' not in page
