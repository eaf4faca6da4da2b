"""Signing in with the office's identity provider: what is believed, and what is not."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import msgspec
import pytest
from access_site import KEPT
from console_site import Site, console_site
from door_browser import Browser, account, browser, order
from joserfc.jwk import ECKey
from oidc_provider import CLIENT, SECRET, Idp, idp

from channels.contract import Secret
from gateway.access import users, vouching
from gateway.access.oidc import NotVouched, Provider, Vouched
from gateway.access.options import Oidc
from gateway.access.person import Role
from gateway.clock import now_ms
from gateway.store import Store

SARI = {"sub": "u-1", "preferred_username": "Sari", "name": "Sari Dewi", "groups": ["x", "petugas"]}
ROLES = {"kepala": Role.ADMIN, "petugas": Role.OFFICER}
VOUCHED = Vouched(subject="https://id u-1", login="sari", name="Sari", role=Role.OFFICER)


@pytest.fixture
async def provider() -> AsyncIterator[Idp]:
    """A provider at whose door Sari stands."""
    async with idp() as one:
        one.claims = dict(SARI)
        yield one


def ours(provider: Idp, clock: Callable[[], int] = now_ms, **said: Any) -> Provider:  # noqa: ANN401 (options)
    options = Oidc(
        issuer=provider.url,
        client_id=CLIENT,
        client_secret=Secret(SECRET),
        console_url="http://127.0.0.1:1",
        roles=ROLES,
    )
    return Provider(msgspec.structs.replace(options, **said), clock)


async def back_from(where: str) -> dict[str, str]:
    """What the provider sends the browser back with."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(where, allow_redirects=False) as answer,
    ):
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


async def vouched(one: Provider) -> Vouched:
    where, flow = await one.begin("")
    return await one.finish(flow, await back_from(where))


async def test_the_provider_says_who_and_what(provider: Idp) -> None:
    """Their lasting name there, a login, a name, and the first role in our own order."""
    assert await vouched(ours(provider)) == Vouched(
        subject=f"{provider.url} u-1", login="sari", name="Sari Dewi", role=Role.OFFICER
    )
    provider.claims["groups"] = ["petugas", "kepala"]
    assert (await vouched(ours(provider))).role is Role.ADMIN
    provider.claims["groups"] = "petugas"
    assert (await vouched(ours(provider))).role is Role.OFFICER


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"groups": ["nobody"]},
        {"groups": None},
        {"groups": [["petugas"]]},
    ],
)
async def test_a_token_must_be_ours_and_of_now(provider: Idp, wrong: dict[str, Any]) -> None:
    """Issuer, audience, time, attempt, and a role."""
    provider.wrong = wrong
    with pytest.raises(NotVouched):
        await vouched(ours(provider))


async def test_a_token_must_be_signed_by_the_provider(provider: Idp) -> None:
    """Another key, its public key as a shared secret, no signature: not believed."""
    provider.signs_with = ECKey.generate_key("P-256", parameters={"kid": "one"})
    with pytest.raises(NotVouched, match="cannot be believed"):
        await vouched(ours(provider))
    for provider.algorithm in ("HS256", "none"):
        with pytest.raises(NotVouched, match="cannot be believed"):
            await vouched(ours(provider))


async def test_a_key_that_was_changed_is_asked_for(provider: Idp) -> None:
    """The provider may change its keys at any moment."""
    one = ours(provider)
    await vouched(one)
    provider.key = ECKey.generate_key("P-256", parameters={"kid": "two"})

    assert (await vouched(one)).login == "sari"
    assert provider.keys_asked == 2


@pytest.mark.parametrize("change", ["state", "code", "iss", "verifier", "late", "error"])
async def test_what_comes_back_must_fit_what_was_asked(provider: Idp, change: str) -> None:
    """State, code, issuer, verifier and time; a code is good once."""
    now = now_ms()
    one = ours(provider, clock=lambda: now)
    where, flow = await one.begin("")
    answer = await back_from(where)
    if change in {"state", "code", "iss"}:
        answer[change] = "another"
    if change == "error":
        answer = {"state": answer["state"], "error": "access_denied"}
    if change == "verifier":
        flow = msgspec.structs.replace(flow, verifier="another" * 7)
    if change == "late":
        now += 600_001
    with pytest.raises(NotVouched):
        await one.finish(flow, answer)


async def test_a_code_is_good_once(provider: Idp) -> None:
    """Whoever saw the address comes too late."""
    one = ours(provider)
    where, flow = await one.begin("")
    answer = await back_from(where)
    await one.finish(flow, answer)
    with pytest.raises(NotVouched):
        await one.finish(flow, answer)


@pytest.mark.parametrize("issuer", ["https://evil.example", "nonsense"])
async def test_a_provider_must_call_itself_by_its_name(provider: Idp, issuer: str) -> None:
    """Discovery is no place to be led elsewhere."""
    provider.issuer = issuer
    with pytest.raises(NotVouched):
        await ours(provider).begin("")


async def test_a_provider_that_is_away_is_told() -> None:
    """No endless wait, no crash."""
    away = Oidc(issuer="http://127.0.0.1:9", client_id="x", console_url="http://127.0.0.1:9")
    with pytest.raises(NotVouched, match="did not answer"):
        await Provider(away, now_ms).begin("")


@pytest.mark.parametrize(
    "wrong",
    [{"issuer": "http://id.example"}, {"console_url": "http://x.example"}, {"client_id": ""}],
)
def test_settings_that_cannot_be_safe_are_refused(wrong: dict[str, str]) -> None:
    """No https, no client."""
    right = {"issuer": "https://id.example", "client_id": "x", "console_url": "https://c.example"}
    Oidc(**right)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Oidc(**(right | wrong))  # type: ignore[arg-type]


async def test_an_account_is_made_and_follows_the_provider(database: Store) -> None:
    """The role is the one it says now; a local account of the same name is somebody else."""
    new = users.NewUser(login="sari", name="Local", role=Role.ADMIN, password=KEPT)
    await database.write(lambda tx: users.add(tx, new, 1))
    first = await database.write(lambda tx: vouching.account_of(tx, VOUCHED, 1))
    changed = Vouched(subject=VOUCHED.subject, login="other", name="x", role=Role.VERIFIER)
    again = await database.write(lambda tx: vouching.account_of(tx, changed, 2))
    await database.write(lambda tx: users.set_enabled(tx, first.id, enabled=False))
    with pytest.raises(NotVouched, match="disabled"):
        await database.write(lambda tx: vouching.account_of(tx, VOUCHED, 3))

    assert (first.login, first.password) == ("sari@sso", None)
    assert (again.id, again.login, again.role) == (first.id, "sari@sso", Role.VERIFIER)


async def test_a_hostile_name_is_no_login(database: Store) -> None:
    """What the provider calls somebody stands in lines and addresses."""
    for login in ("../x", "a b", "", "x" * 70):
        bad = Vouched(subject="s", login=login, name="x\ny", role=Role.VIEWER)
        with pytest.raises(NotVouched):
            await database.write(lambda tx, b=bad: vouching.account_of(tx, b, 1))  # type: ignore[misc]


# --- through the door ----------------------------------------------------------------------------


@asynccontextmanager
async def _site(tmp_path: Path, provider: Idp) -> AsyncIterator[Site]:
    toml = f"""
[console.oidc]
issuer = "{provider.url}"
client_id = "{CLIENT}"
console_url = "http://127.0.0.1:1"
client_secret = "oidc_client_secret"
[console.oidc.roles]
petugas = "officer"
"""
    environment = {"LAPOR_OIDC_CLIENT_SECRET": SECRET}
    async with console_site(tmp_path, toml, people=None, environment=environment) as site:
        yield site


async def test_the_whole_way_through_the_door(tmp_path: Path, provider: Idp) -> None:
    """There, back, and on to the page one wanted; a second answer is of no use."""
    async with _site(tmp_path, provider) as site, browser(site) as one, browser(site) as thief:
        await account(site)
        assert "/console/oidc?next=/console/me" in await one.look("/login?next=/console/me")
        query = await _there(one, "/oidc?next=/console/me")
        await thief.look(f"/oidc/back?{query}")
        assert thief.status == 422
        query = await _there(one, "/oidc?next=/console/me")
        await one.look(f"/oidc/back?{query}")
        assert (one.status, one.location) == (303, "/console/me")
        page = await one.look("/me")
        assert "sari@sso" in page
        assert 'action="/console/me/password"' not in page
        await one.look(f"/oidc/back?{query}")
        assert one.status == 422
        await order(site, verb="disable", login="sari@sso")
        await one.look("/me")
        assert one.status == 303
        query = await _there(one, "/oidc")
        await one.look(f"/oidc/back?{query}")
        assert one.status == 422


async def test_what_was_typed_comes_back_from_the_provider_too(
    tmp_path: Path, provider: Idp
) -> None:
    """Once, and only to the account it belongs to."""
    typed = "Sari Dewi dari Cikupa"
    async with _site(tmp_path, provider) as site, browser(site) as one:
        await one.look(f"/oidc/back?{await _there(one, '/oidc')}")
        ways = []
        for _ in range(2):
            await one.look("/me")
            await site.parts.store.write(lambda tx: tx.run("update sessions set seen_at = 0"))
            page = await one.send("/me/name", name=typed, language="id")
            assert one.status == 401
            ways.append(re.findall(r'href="/console(/oidc[?]aside=[^"]+)"', page)[0])
            page = await one.look(f"/oidc/back?{await _there(one, ways[-1])}")
            assert f'name="name" value="{typed}"' in page
        page = await one.look(f"/oidc/back?{await _there(one, ways[0])}")
        assert "sudah dikembalikan" in page
        assert "milik akun lain" not in page
        assert typed not in page
        provider.claims["sub"] = "u-2"
        provider.claims["preferred_username"] = "budi"
        await one.look("/me")
        await site.parts.store.write(lambda tx: tx.run("update sessions set seen_at = 0"))
        page = await one.send("/me/name", name=typed, language="id")
        way = re.findall(r'href="/console(/oidc[?]aside=[^"]+)"', page)[0]
        page = await one.look(f"/oidc/back?{await _there(one, way)}")
        assert typed not in page


async def test_what_lay_aside_for_too_long_is_said_to_be_too_old(
    tmp_path: Path, provider: Idp
) -> None:
    """Its writer is told why it does not come back, and not that it was somebody else's."""
    typed = "Sari Dewi dari Cikupa"
    async with _site(tmp_path, provider) as site, browser(site) as one:
        await one.look(f"/oidc/back?{await _there(one, '/oidc')}")
        await one.look("/me")
        await site.parts.store.write(lambda tx: tx.run("update sessions set seen_at = 0"))
        page = await one.send("/me/name", name=typed, language="id")
        way = re.findall(r'href="/console(/oidc[?]aside=[^"]+)"', page)[0]
        await site.parts.store.write(lambda tx: tx.run("update aside set at = at - 600001"))
        page = await one.look(f"/oidc/back?{await _there(one, way)}")

        assert (one.status, typed in page) == (200, False)
        assert "kedaluwarsa" in page
        assert "milik akun lain" not in page


async def _there(one: Browser, path: str) -> str:
    await one.look(path)
    assert one.status == 303
    answer = await back_from(one.location)
    return "&".join(f"{name}={value}" for name, value in answer.items())
