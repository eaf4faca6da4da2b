"""No text that a database, a spreadsheet or UTF-8 cannot hold gets behind a form or an order."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from console_site import Cookies, Site, console_site
from door_browser import Browser, account, browser
from test_role_matrix import INTERNAL, PLACE, named

from gateway.access.person import Role
from gateway.clock import now_ms
from gateway.console.build import build_console, build_office
from gateway.serving import operator_token
from gateway.storable import fit, made_fit

#: As forms carry them: NUL, a control character, U+FFFE, half a character in what is no UTF-8.
UNFIT = (b"%00", b"a%08b", b"%EF%BF%BE", b"\xed\xa0\x80")


@pytest.fixture
async def site(tmp_path: Path, database_url: str) -> AsyncIterator[Site]:
    toml = '[console]\ntotp = "optional"\n'
    async with console_site(tmp_path, toml, people=None, store=database_url) as running:
        await account(running, "ayu", Role.ADMIN)
        yield running


@pytest.fixture
async def ayu(site: Site) -> AsyncIterator[Browser]:
    async with browser(site) as one:
        await one.sign_in("ayu")
        await one.look("/me")
        yield one


def pages(site: Site, method: str) -> list[str]:
    """Every address of the console that takes this method."""
    app: web.Application = build_console(build_office(site.parts, now_ms), Cookies({}))
    filled = {"sha256": "0" * 64, "code": "0000000AA", "number": "1", "id": "1", "store": "x"}
    paths = [path for verb, path in named(app).values() if verb in {method, "*"}]
    return [
        PLACE.sub(lambda found: filled.get(found[1], "none"), path.replace("{id:[jons]", "j{id:"))
        for path in paths
        if "/static/" not in path
    ]


def at(site: Site, path: str) -> str:
    return site.internal + (path if path.startswith("/console") else f"/console{path}")


async def test_no_form_takes_what_no_database_holds(site: Site, ayu: Browser) -> None:
    """Every form of the console, whatever its fields are called, and the door's own."""
    csrf = re.findall(r'name="csrf" value="([^"]+)"', ayu.form)[0].encode()
    found = {}
    for path in pages(site, "POST"):
        for unfit in UNFIT if path == "/me/name" else UNFIT[:1]:
            body = b"csrf=" + csrf + b"&reason=" + unfit
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            async with ayu.session.post(at(site, path), data=body, headers=headers) as answer:
                found[path, unfit] = answer.status

    assert len(found) > 40
    assert {key: status for key, status in found.items() if status != 400} == {}


async def test_no_address_takes_it_either(site: Site, ayu: Browser) -> None:
    """What stands in an address is asked for in the database as well."""
    for path in [*pages(site, "GET"), "/people/a%00b", "/report/%00", "/trail.csv"]:
        await ayu.look(f"{path}?words=a%00b&q=%00")

        assert ayu.status == 400, path


async def test_what_was_typed_is_offered_again_without_it(ayu: Browser) -> None:
    """A pasted text holds characters nobody sees; one press sends it without them."""
    await ayu.look("/inbox")
    page = await ayu.send("/inbox/views", name="Jalan\x00 rusak\x0bsaja", back="stand=open")

    assert ayu.status == 400
    assert "tidak dapat disimpan" in page
    assert "\x00" not in page
    assert 'value="Jalan rusak\nsaja"' in page

    await ayu.send("/inbox/views")

    assert ayu.status == 303
    assert "Jalan rusak saja" in await ayu.look("/inbox")


async def test_a_cookie_and_a_form_of_another_kind_are_refused(site: Site, ayu: Browser) -> None:
    """What no page of ours sends ends in a refusal, not in a failure."""
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    odd = {"Content-Type": "application/x-www-form-urlencoded; charset=unicode_escape"}
    for headers in (multipart, odd):
        async with ayu.session.post(at(site, "/me/name"), data=b"name=x", headers=headers) as told:
            assert told.status == 400
    async with (
        aiohttp.ClientSession() as session,
        session.get(at(site, "/me"), headers={"Cookie": "__Host-lapor=\udcff"}) as told,
    ):
        assert told.status in {200, 400}


async def test_no_order_of_an_operator_takes_it(site: Site) -> None:
    """Nor do the orders of the command line."""
    token = operator_token(site.parts.vault)
    orders = {
        "/operate": {"verb": "retry", "who": "root\0"},
        "/file": {"who": "a\x1bb"},
        "/custody": {"verb": "note", "who": "root", "reason": "\ufffe"},
        "/users": {"verb": "disable", "who": "root", "login": "\0"},
    }
    assert {f"POST {path}" for path in orders} == {row for row in INTERNAL if "POST" in row}

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for path, order in orders.items():
            async with session.post(site.internal + path, json=order) as answer:
                assert answer.status == 400, path
                assert "cannot be stored" in await answer.text()


@pytest.mark.parametrize("text", ["\x00", "a\x1bb", "\ud800", "\ufffe", "\uffff"])
def test_what_cannot_be_stored_is_taken_out(text: str) -> None:
    assert not fit({"a": [("x", text)]})
    assert fit(made_fit(text))


def test_every_language_and_every_line_end_can_be_stored() -> None:
    text = "baris\r\nlain\t\u202e ꦲ 😀"

    assert fit(text)
    assert made_fit(text) == text
