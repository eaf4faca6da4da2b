"""Pengguna & jejak, and one's own account, as a browser meets them."""

import csv
import io
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from access_site import PASSWORD
from console_site import Site, console_site
from door_browser import Browser, account, browser, order

from gateway.access import trail
from gateway.access.person import Role
from gateway.console import trail as trail_page
from gateway.console.deeds import said

OPTIONAL = '[console]\ntotp = "optional"\n'
CODE = re.compile(r'class="code">([\w-]{19})<')
KEY = re.compile(r"Bearer ([\w.-]+)<")
NEW = "gajah ungu minum kopi"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway with an admin, an officer, an auditor and somebody of an agency."""
    async with console_site(tmp_path, OPTIONAL, people=None) as running:
        await account(running, "ayu", Role.ADMIN)
        await account(running, "sari")
        await account(running, "adit", Role.AUDITOR)
        await account(running, "dina", Role.ADMIN, agency="dinas-pu")
        yield running


@pytest.fixture
async def ayu(site: Site) -> AsyncIterator[Browser]:
    """The admin's browser."""
    async with browser(site) as one:
        await one.sign_in("ayu")
        yield one


async def told(site: Site) -> list[str]:
    rows = await site.parts.store.read(lambda tx: tx.all("select who, what from audit order by id"))
    return [f"{who}: {what}" for who, what in rows]


@pytest.mark.parametrize(
    ("login", "statuses"),
    [
        ("ayu", [200, 200, 200]),
        ("sari", [403, 403, 200]),
        ("adit", [303, 200, 200]),
        ("dina", [403, 403, 200]),
    ],
)
async def test_each_role_sees_its_pages(site: Site, login: str, statuses: list[int]) -> None:
    """An agency's admin is no admin of people, and its trail is everybody's: not theirs."""
    async with browser(site) as one:
        await one.sign_in(login)
        seen = []
        for path in ("/people", "/trail", "/me"):
            await one.look(path)
            seen.append(one.status)
        assert seen == statuses
        await one.look("/me")
        for path in ("/people", "/people/sari/role", "/people/keys", "/people/sari/password"):
            await one.send(path, login="x", role="admin", name="n", days="1", agency="")
            assert (one.status == 403) == (login != "ayu")


async def test_an_account_is_made_and_used(site: Site, ayu: Browser) -> None:
    """Its password is shown once, and is another one after the first sign-in."""
    await ayu.look("/people")
    page = await ayu.send("/people", login="Budi", name="Budi <b>", role="officer", agency="")
    found = CODE.search(page)
    assert found
    assert "Budi &lt;b&gt;" in page
    assert found[1] not in await ayu.look("/people")
    async with browser(site) as budi:
        assert "Kata sandi baru" in await budi.sign_in("budi", found[1])
        await budi.send("/login/password", password=NEW)
        assert budi.location == "/console"
    assert "ayu: added user budi, officer" in await told(site)
    assert found[1] not in str(await told(site))


async def test_what_is_refused_keeps_what_was_typed(ayu: Browser) -> None:
    """The page comes back with it and says why."""
    await ayu.look("/people")
    page = await ayu.send("/people", login="sari", name="Siti N", role="viewer", agency="")
    assert ayu.status == 422
    assert "already" in page
    assert 'value="Siti N"' in page
    await ayu.send("/people", login="x", name="y", role="emperor", agency="")
    assert ayu.status == 400


async def test_an_account_is_changed(site: Site, ayu: Browser) -> None:
    """Role, off and on, password, app: each with its line in the trail."""
    await ayu.look("/people/sari")
    await ayu.send("/people/sari/role", role="verifier", agency="")
    assert ayu.location == "/console/people/sari?done=role"
    await ayu.send("/people/sari/disable")
    assert "Nonaktif" in await ayu.look("/people/sari")
    await ayu.send("/people/sari/enable")
    await ayu.look("/people/sari")
    assert CODE.search(await ayu.send("/people/sari/password"))
    await ayu.look("/people/sari")
    await ayu.send("/people/sari/app")
    lines = [line for line in await told(site) if line.startswith("ayu: ")]
    assert lines[1:] == [
        "ayu: made user sari verifier, was officer",
        "ayu: disabled user sari",
        "ayu: enabled user sari",
        "ayu: set the password of user sari",
        "ayu: took the sign-in app from user sari",
    ]
    await ayu.look("/people/ayu")
    page = await ayu.send("/people/ayu/disable")
    assert ayu.status == 409
    assert "only admin" in page
    await ayu.look("/people/nobody")
    assert ayu.status == 404


async def test_sessions_are_listed_and_ended(site: Site, ayu: Browser) -> None:
    """By an admin, and by oneself: one, or all others."""
    async with browser(site) as one, browser(site) as other:
        await one.sign_in()
        await other.sign_in()
        page = await one.look("/me")
        assert page.count('action="/console/me/sessions"') == 2
        await one.send("/me/sessions", session="")
        await other.look("/me")
        assert other.status == 303
        await ayu.look("/people/sari")
        await ayu.send("/people/sari/sessions")
        await one.look("/me")
        assert one.status == 303
    assert "ayu: ended sessions of user sari" in await told(site)


async def test_nobody_ends_another_ones_session(site: Site, ayu: Browser) -> None:
    """By a number typed into one's own form."""
    rows = await site.parts.store.read(lambda tx: tx.all("select id from sessions"))
    async with browser(site) as sari:
        await sari.sign_in()
        await sari.look("/me")
        for number in (str(rows[0][0]), "9" * 30, "x", "\u0661"):
            await sari.sign_in()
            await sari.look("/me")
            await sari.send("/me/sessions", session=number)
            assert sari.status == 303
    await ayu.look("/me")
    assert ayu.status == 200


async def test_a_key_is_made_shown_once_and_ended(site: Site, ayu: Browser) -> None:
    """A machine reads the trail as a file with it, until it is ended."""
    await ayu.look("/people")
    found = KEY.search(
        await ayu.send("/people/keys", name="papan", role="auditor", days="30", agency="")
    )
    assert found
    async with browser(site) as machine:
        await machine.look("/trail.csv", Authorization=f"Bearer {found[1]}")
        assert machine.status == 200
        assert found[1] not in await ayu.look("/people")
        await ayu.send(f"/people/keys/{found[1].partition('.')[0]}/end")
        await machine.look("/trail.csv", Authorization=f"Bearer {found[1]}")
        assert machine.status == 401
    await ayu.look("/people")
    for days, role in (("0", "viewer"), ("9999", "viewer"), ("x", "viewer"), ("5", "admin")):
        await ayu.send("/people/keys", name="n", role=role, days=days, agency="")
        assert ayu.status == 422
    lines = await told(site)
    assert any("made key" in line and "papan" in line for line in lines)
    assert any("ended key" in line for line in lines)


async def test_the_trail_is_searched_and_taken_away(site: Site, ayu: Browser) -> None:
    """By person, words, case and day; the file holds the same and no formula."""
    for who, what in (("budi", "=cmd|calc opened case 3JZ9J6GMB"), ("sari", "<i>looked</i>")):
        await site.parts.store.write(
            lambda tx, w=who, s=what: trail.enter(tx, who=w, what=s, now=1_760_000_000_000)  # type: ignore[misc]
        )
    assert "=cmd" in await ayu.look("/trail?who=budi")
    assert "looked" not in ayu.page
    assert "&lt;i&gt;looked" in await ayu.look("/trail?words=LOOKED")
    assert "/console/report/3JZ9J6GMB" in await ayu.look("/trail?case=3jz9-j6gmb")
    assert "=cmd" in await ayu.look("/trail?since=2025-10-09&until=2025-10-09")
    assert "added user" not in ayu.page
    assert "Tidak ada catatan" in await ayu.look("/trail?until=2025-10-08")
    for odd in ("?since=nonsense", "?before=x", "?before=99999999999999999999"):
        await ayu.look(f"/trail{odd}")
        assert ayu.status == 200
    text = await ayu.look("/trail.csv?who=budi")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0][-1] == "Laporan"
    assert rows[1][2:] == ["budi", "'=cmd|calc opened case 3JZ9J6GMB", "3JZ9J6GMB"]
    assert "took 1 entries of the trail as a file" in str(await told(site))


async def test_the_file_of_the_trail_is_made_beside_the_loop(
    ayu: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand lines are work of seconds, for which nobody else waits."""
    threads: set[int] = set()

    def noted(what: str, language: str) -> str:
        threads.add(threading.get_ident())
        return said(what, language)

    monkeypatch.setattr(trail_page, "said", noted)
    text = await ayu.look("/trail.csv")
    assert "menambah pengguna" in text
    assert threads
    assert threading.get_ident() not in threads


async def test_the_trail_is_paged(site: Site, ayu: Browser) -> None:
    """A hundred lines a page, and a link to the older ones."""
    for number in range(150):
        await site.parts.store.write(
            lambda tx, n=number: trail.enter(tx, who="x", what=f"line {n}.", now=n)  # type: ignore[misc]
        )
    page = await ayu.look("/trail?who=x")
    assert page.count('id="entry-') == 100
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    page = await ayu.look(older[1].replace("&amp;", "&"))
    assert page.count('id="entry-') == 50
    assert "line 0." in page


async def test_ones_own_account(site: Site) -> None:
    """Name and language; another password, with the old one, ends the other sessions."""
    async with browser(site) as one, browser(site) as other:
        await one.sign_in()
        await other.sign_in()
        await one.look("/me")
        await one.send("/me/name", name=" Sari  Dewi ", language="en")
        assert "My account" in await one.look("/me")
        assert 'value="Sari Dewi"' in one.page
        await one.send("/me/name", name="", language="en")
        assert one.status == 422
        await one.look("/me")
        await one.send("/me/password", password="salah sekali ini", fresh=NEW)
        assert one.status == 422
        await one.look("/me")
        await one.send("/me/password", password=PASSWORD, fresh="pendek")
        assert one.status == 422
        before = one.token
        await one.look("/me")
        await one.send("/me/password", password=PASSWORD, fresh=NEW)
        assert one.location == "/console/me?done=password"
        assert one.token != before
        await one.look("/me")
        assert one.status == 200
        await other.look("/me")
        assert other.status == 303
        await other.sign_in(password=NEW)
        assert other.status == 303
    assert "sari: changed their password" in await told(site)


async def test_another_app_and_codes(site: Site) -> None:
    """Both need the password; the old app is gone before the new one counts."""
    await order(site, verb="role", login="sari", role=Role.OFFICER)
    async with browser(site) as one:
        await one.sign_in()
        await one.look("/me")
        await one.send("/me/app", password="salah sekali ini")
        assert one.status == 422
        await one.look("/me")
        await one.send("/me/app", password=PASSWORD)
        assert one.location == "/console/login/app"
        assert "app.svg" in await one.look("/login/app")
        await one.look("/me")
        assert one.status == 303


async def test_guessing_the_password_behind_the_door_is_bounded(site: Site) -> None:
    """An open browser somebody walks up to is no place to guess either."""
    async with browser(site) as one:
        await one.sign_in()
        for _ in range(7):
            await one.look("/me")
            await one.send("/me/codes", password="salah sekali ini")
        assert "Terlalu banyak percobaan" in one.page
