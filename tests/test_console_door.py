"""The door of the console, as a browser meets it: the way in, and what must not be one."""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from pathlib import Path

import pyotp
import pytest
from access_site import KEPT, PASSWORD
from console_site import Site, console_site
from door_browser import Browser, account, browser, order
from yarl import URL

from forwarder.ports import Transaction
from gateway.access import keys, users
from gateway.access.keys import NewKey
from gateway.access.person import Role
from gateway.clock import now_ms
from gateway.console.browsers import browser_name
from gateway.console.door_safe import safe_next

OPTIONAL = '[console]\ntotp = "optional"\n'
GECKO = "Mozilla/5.0"
EXPIRE = "update sessions set seen_at = 0"
TYPED = "Terima kasih, <b>jalan</b> diperbaiki besok & lusa."


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A gateway whose people sign in by password alone."""
    async with console_site(tmp_path, OPTIONAL, people=None) as running:
        await account(running)
        yield running


@pytest.fixture
async def sari(site: Site) -> AsyncIterator[Browser]:
    """A browser somebody is signed in with."""
    async with browser(site) as one:
        await one.sign_in()
        yield one


def secret_of(site: Site, login: str = "sari") -> Callable[[Transaction], str]:
    def look(tx: Transaction) -> str:
        user = users.find(tx, login)
        assert user
        return users.totp_secret(tx, site.parts.vault, user.id) or ""

    return look


# --- the way in ---------------------------------------------------------------------------------


async def test_the_whole_way_with_an_app(tmp_path: Path) -> None:
    """First password, app with its picture, recovery codes; then password and code each time."""
    async with console_site(tmp_path, people=None) as site, browser(site) as one:
        await order(site, verb="add", login="sari", password=KEPT, must_change=True)
        assert "Kata sandi baru" in await one.sign_in()
        assert "terlalu pendek" in await one.send("/login/password", password="pendek")
        assert "app.svg" in await one.send("/login/password", password="gajah ungu minum kopi")
        picture = await one.session.get(f"{site.internal}/console/login/app.svg")
        assert picture.headers["Content-Type"] == "image/svg+xml"
        assert picture.headers["Cache-Control"] == "no-store"
        secret = await site.parts.store.read(secret_of(site))
        assert "Tidak cocok" in await one.send("/login/app", code="000000")
        page = await one.send("/login/app", code=pyotp.TOTP(secret).now())
        codes = re.findall(r'class="code">(\w{5}-\w{5})<', page)
        assert len(codes) == 10
        await one.look("/me")
        assert one.status == 200
        async with browser(site) as other:
            assert "Kode masuk" in await other.sign_in(password="gajah ungu minum kopi")
            await other.look("/me")
            assert one.status == 200
            assert other.location.startswith("/console/login")
            await other.sign_in(password="gajah ungu minum kopi")
            await other.send("/login/code", code=codes[0])
            assert (other.status, other.location) == (303, "/console")


async def test_after_the_door_one_is_where_one_wanted_to_go(site: Site) -> None:
    """A link in a mail leads to its page, through the door."""
    async with browser(site) as one:
        await one.look("/handoff/lapor?after=ABC")
        assert one.location == "/console/login?next=/console/handoff/lapor?after%3DABC"
        await one.look(one.location)
        await one.send("/login", login="sari", password=PASSWORD)
        assert one.location == "/console/handoff/lapor?after=ABC"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/console",
        "//evil.example/console",
        "/\\evil.example",
        "/console.evil.example",
        "/consoleevil",
        "/console/../in/sms",
        "/console/%2e%2e/metrics",
        "/console/.%2E/metrics",
        "/console/x\r\nSet-Cookie: a=b",
        "/console/\u2028x",
        "/console\\@evil.example",
        "javascript:alert(1)",
        "/console/login",
        "/console/logout",
        "",
    ],
)
def test_the_door_leads_into_the_console_alone(path: str) -> None:
    """No other host, no other part of the listener, no header of somebody else's making."""
    assert not safe_next(path)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (f"{GECKO} (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        (f"{GECKO} (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
        (f"{GECKO} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        (f"{GECKO} (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari, iPhone"),
        ("<script>", ""),
    ],
)
def test_a_browser_is_called_as_people_call_it(told: str, name: str) -> None:
    """In the list of one's sessions; what else it tells is not kept."""
    assert browser_name(told) == name


async def test_a_planted_way_on_is_not_taken(site: Site) -> None:
    """Neither from the address nor from the form."""
    async with browser(site) as one:
        page = await one.look("/login?next=https://evil.example/")
        assert 'name="next" value=""' in page
        await one.send("/login", login="sari", password=PASSWORD, next="//evil.example/x")
        assert one.location == "/console"


async def test_leaving_ends_the_session(site: Site, sari: Browser) -> None:
    """The token opens nothing afterwards, also where somebody kept it."""
    token = sari.token
    await sari.look("/me")
    await sari.send("/logout")
    assert sari.location == "/console/login"
    assert sari.headers["Clear-Site-Data"] == '"cache"'
    async with browser(site) as thief:
        await thief.look("/me", Cookie=f"__Host-lapor={token}")
        assert thief.status == 303


# --- first review: sessions and cookies ----------------------------------------------------------


async def test_cookies_are_closed(sari: Browser) -> None:
    """No script, no other site, no plain connection, no other host gets at them."""
    await sari.sign_in()
    await sari.look("/login")
    for line in sari.cookies:
        morsel = next(iter(SimpleCookie(line).values()))
        assert morsel.key.startswith("__Host-lapor")
        assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
        assert (morsel["path"], morsel["domain"]) == ("/", "")
    names = {cookie.key for cookie in sari.session.cookie_jar}
    assert names == {"__Host-lapor", "__Host-lapor-known", "__Host-lapor-door"}


async def test_a_planted_session_is_not_taken_over(site: Site, sari: Browser) -> None:
    """Who signs in gets a token nobody knew before; the planted one ends."""
    half = "update sessions set stage = 'code'"
    await site.parts.store.write(lambda tx: tx.run(half))
    async with browser(site) as victim:
        for planted in (sari.token, "chosen-by-somebody-else"):
            victim.session.cookie_jar.update_cookies({"__Host-lapor": planted}, URL(site.internal))
            await victim.sign_in()
            assert victim.status == 303
            assert victim.token != planted
    await sari.look("/me")
    assert sari.status == 303


async def test_signing_in_again_ends_the_session_before(site: Site, sari: Browser) -> None:
    """One browser, one session."""
    before = sari.token
    await sari.site.parts.store.write(lambda tx: tx.run("update sessions set stage = 'code'"))
    await sari.sign_in()
    row = await site.parts.store.read(
        lambda tx: tx.all("select stage from sessions where stage = 'full'")
    )

    assert sari.token != before
    assert len(row) == 1


async def test_a_half_signed_in_browser_sees_nothing(tmp_path: Path) -> None:
    """Between password and code there is no page but the door's."""
    async with console_site(tmp_path, people=None) as site, browser(site) as one:
        await order(site, verb="add", login="sari", password=KEPT, totp=True)
        await one.sign_in()
        for path in ("", "/me", "/people", "/live", "/handoff/lapor", "/login/app.svg"):
            await one.look(path)
            assert one.status in {303, 401, 404}
        assert await one.send("/login/password", password="gajah ungu minum kopi")
        assert one.status == 401
        assert await one.send("/login/app", code="000000")
        assert one.status == 401


async def test_a_disabled_account_is_out_at_once(site: Site, sari: Browser) -> None:
    """Its open pages too, and its stream of news."""
    await sari.look("/me")
    assert sari.status == 200
    await account(site, "ayu", Role.ADMIN)
    await order(site, verb="disable", login="sari")
    await sari.look("/me")
    assert sari.status == 303
    await sari.look("/live")
    assert sari.status == 401


async def test_a_role_is_another_one_at_once(site: Site) -> None:
    """Whoever loses a right loses the page, whoever gets one signs in for it."""
    await account(site, "ayu", Role.ADMIN)
    await account(site, "budi", Role.ADMIN)
    async with browser(site) as budi:
        await budi.sign_in("budi")
        await budi.look("/people")
        assert budi.status == 200
        await order(site, verb="role", login="budi", role=Role.OFFICER)
        await budi.look("/people")
        assert budi.status == 303
        await budi.sign_in("budi")
        await budi.look("/people")
        assert budi.status == 403


async def test_an_expired_refresh_is_no_redirect(sari: Browser) -> None:
    """The page's own script hears that the session is over, and goes nowhere."""
    await sari.site.parts.store.write(lambda tx: tx.run(EXPIRE))
    await sari.look("/me", **{"X-Refresh": "1"})
    assert sari.status == 401


# --- second review: forms, guesses, what is told -------------------------------------------------


@pytest.mark.parametrize("csrf", ["", "wrong", None])
async def test_signing_in_needs_our_own_form(site: Site, csrf: str | None) -> None:
    """Another page cannot sign a browser in as somebody else; what was typed stays."""
    async with browser(site) as one, browser(site) as other:
        await other.look("/login")
        stolen = re.search(r'name="csrf" value="([^"]+)"', other.page)
        assert stolen
        await one.look("/login")
        page = await one.send(
            "/login", login="sari", password=PASSWORD, csrf=stolen[1] if csrf is None else csrf
        )
        assert one.status == 403
        assert 'value="sari"' in page
        assert PASSWORD not in page
        assert not one.token


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_changes_nothing(sari: Browser, headers: dict[str, str]) -> None:
    """Also with the right token."""
    await sari.look("/me")
    await sari.send("/logout", headers=headers)
    assert sari.status == 403
    await sari.look("/login")
    await sari.send("/login", headers=headers, login="sari", password=PASSWORD)
    assert sari.status in {403, 303}


@pytest.mark.parametrize("csrf", ["", "0" * 64])
async def test_a_change_needs_its_token(sari: Browser, csrf: str) -> None:
    """Missing or wrong."""
    await sari.look("/me")
    await sari.send("/logout", csrf=csrf)
    assert sari.status == 403


async def test_the_token_of_another_session_is_none(site: Site, sari: Browser) -> None:
    """Not even of another session of the same person."""
    async with browser(site) as other:
        await other.sign_in()
        await other.look("/me")
        stolen = re.search(r'name="csrf" value="([^"]+)"', other.page)
        assert stolen
        await sari.send("/logout", csrf=stolen[1])
        assert sari.status == 403


async def test_guessing_is_slowed_and_told(site: Site) -> None:
    """The page says how long; an unknown login looks the same to the letter."""
    pages = []
    for login in ("sari", "nobody"):
        async with browser(site) as one:
            said = [
                re.sub(r'value="[^"]*"', "", await one.sign_in(login, "salah sekali ini"))
                for _ in range(7)
            ]
            assert one.status == 429
            assert one.page.count("detik") == 1
            pages.append(said[0])
    assert pages[0] == pages[1]
    metrics = await _metrics(site)
    assert 'gateway_sign_ins_total{outcome="wrong"} 12.0' in metrics
    assert 'gateway_sign_ins_total{outcome="wait"} 2.0' in metrics
    assert "nobody" not in metrics


@pytest.mark.parametrize(
    "login",
    ["sari\r\nSet-Cookie: a=b", "<script>alert(1)</script>", "\0", "ü" * 300, "' or 1=1 --"],
)
async def test_a_hostile_login_is_text(site: Site, login: str) -> None:
    """In the page it is escaped, in headers it is not at all."""
    async with browser(site) as one:
        page = await one.sign_in(login)
        assert one.status == (400 if "\0" in login else 422)
        assert "<script>alert" not in page
        assert not any("a=b" in cookie for cookie in one.cookies)


async def test_a_password_stands_in_no_page_and_no_trail(site: Site, sari: Browser) -> None:
    """Wrong or right."""
    wrong = await sari.site.parts.store.read(lambda tx: tx.all("select what from audit"))
    async with browser(site) as one:
        assert "salah sekali ini" not in await one.sign_in(password="salah sekali ini")
    assert PASSWORD not in str(wrong)


# --- what was typed is not lost ------------------------------------------------------------------


async def expired_form(sari: Browser) -> str:
    """A change sent after the session was over."""
    await sari.look("/me")
    await sari.site.parts.store.write(lambda tx: tx.run(EXPIRE))
    return await sari.send("/me/name", name=TYPED, language="id")


async def test_what_was_typed_survives_the_door(site: Site, sari: Browser) -> None:
    """It is shown again after signing in, as text, and sent by one press."""
    page = await expired_form(sari)
    assert sari.status == 401
    assert "sudah Anda ketik tersimpan" in page
    assert "jalan" not in page  # sealed: whoever sits here next reads nothing
    wrong = await sari.send("/login", login="sari", password="salah sekali ini")
    assert "Tidak cocok" in wrong
    page = await sari.send("/login", login="sari", password=PASSWORD)
    assert "&lt;b&gt;jalan&lt;/b&gt;" in page
    assert "<b>jalan" not in page
    await sari.send("/me/name")
    assert sari.status == 303
    name = await site.parts.store.read(lambda tx: tx.one("select name from users"))
    assert name == (TYPED,)


async def test_what_was_typed_is_given_to_nobody_else(site: Site, sari: Browser) -> None:
    """Somebody else who signs in on this machine does not see it."""
    await account(site, "budi")
    await expired_form(sari)
    page = await sari.send("/login", login="budi", password=PASSWORD)
    assert sari.status == 200
    assert "milik akun lain" in page
    assert "jalan" not in page


async def test_another_page_cannot_plant_what_was_typed(sari: Browser) -> None:
    """A form without the session's own token is not kept: it may be somebody else's trap."""
    await sari.look("/me")
    await sari.site.parts.store.write(lambda tx: tx.run(EXPIRE))
    page = await sari.send("/me/name", name="planted words here", csrf="0" * 64)
    assert "tersimpan" not in page
    page = await sari.send("/login", login="sari", password=PASSWORD, kept="bm90aGluZw==")
    assert sari.token
    assert "planted" not in page


async def test_what_an_admin_ended_is_kept_as_well(site: Site, sari: Browser) -> None:
    """A role that changed takes nobody's words away."""
    await sari.look("/me")
    await order(site, verb="role", login="sari", role=Role.VERIFIER)
    page = await sari.send("/me/name", name=TYPED, language="id")
    assert sari.status == 401
    assert "tersimpan" in page


async def test_a_password_is_not_kept(site: Site, sari: Browser) -> None:
    """Nobody needs it again who has just signed in, and nobody else shall read it."""
    fresh = "sandi baru yang panjang"
    await sari.look("/me")
    await site.parts.store.write(lambda tx: tx.run(EXPIRE))
    page = await sari.send("/me/password", password=PASSWORD, fresh=fresh)
    assert sari.status == 401
    assert "tersimpan" not in page
    page = await sari.send("/login", login="sari", password=PASSWORD)
    assert sari.token
    assert PASSWORD not in page
    assert fresh not in page


# --- machines -----------------------------------------------------------------------------------


async def test_a_key_reads_files_alone(site: Site) -> None:
    """No page, no change, no login; without one the answer is 401 and no redirect."""
    new = NewKey(name="papan", role=Role.AUDITOR, agency="", days=1)
    shown = await site.parts.store.write(lambda tx: keys.add(tx, new, "ayu", now_ms()))
    async with browser(site) as machine:
        bearer = {"Authorization": f"Bearer {shown}"}
        rows = await machine.look("/trail.csv", **bearer)
        assert machine.status == 200
        [head, *_] = csv.reader(io.StringIO(rows.removeprefix("\ufeff")))
        assert head == ["No.", "Waktu", "Siapa", "Apa", "Laporan"]
        await machine.look("/trail", **bearer)
        assert machine.status == 401
        await machine.send("/me/name", headers=bearer, name="x")
        assert machine.status == 401
        await machine.look("/trail.csv", Authorization="Bearer 000000000000.x")
        assert machine.status == 401


async def _metrics(site: Site) -> str:
    async with browser(site) as one, one.session.get(f"{site.internal}/metrics") as answer:
        return await answer.text()
