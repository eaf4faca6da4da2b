import re
from collections.abc import AsyncIterator

import pytest
from web_site import CODE, TOKEN, Site, Time, Visitor, running_site, visiting

from channels.visitors import Buckets
from channels.web import Web
from channels.web_guard import Tokens
from channels.web_options import WebOptions

HOUR = 3600


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def site(clock: Time) -> AsyncIterator[Site]:
    async with running_site(clock=clock) as running:
        yield running


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    async with visiting(site) as somebody:
        yield somebody


def asked_again(text: str) -> tuple[int, str, int, int, int]:
    """The form came back with the text, nothing was stored, and sending it again works."""
    return (403, text, 0, 200, 1)


async def sent_again(visitor: Visitor) -> tuple[int, str, int, int, int]:
    """Status and text of the form that came back and reports stored; then the same, sent again."""
    refused = (visitor.status, visitor.text, len(visitor.site.inbox.rows))
    await visitor.send(visitor.text)
    return (*refused, visitor.status, len(visitor.site.inbox.rows))


# --- the token ---


@pytest.mark.parametrize(
    "token", ["", "x", "é" * 50, f"{'0' * 32}.6955a000.{'0' * 64}", "\x00", "a" * 100_000]
)
async def test_a_wrong_token_loses_nothing(visitor: Visitor, token: str) -> None:
    """A token that is missing or made up is refused with the text kept and a good token at hand."""
    await visitor.send("Sudah ditulis panjang.", token=token)

    assert await sent_again(visitor) == asked_again("Sudah ditulis panjang.")


async def test_a_token_of_another_browser_is_refused(site: Site, visitor: Visitor) -> None:
    """Somebody else's token, as a forged form would carry, does not fit this browser's cookie."""
    async with visiting(site) as stranger:
        await visitor.send("Bukan dari saya?", token=stranger.token)

    assert await sent_again(visitor) == asked_again("Bukan dari saya?")


async def test_a_token_without_its_cookie_is_refused(visitor: Visitor) -> None:
    """A browser that lost the cookie gets a new one together with its text."""
    token = visitor.token
    visitor.session.cookie_jar.clear()
    await visitor.send("Kuki hilang.", token=token)

    assert await sent_again(visitor) == asked_again("Kuki hilang.")


async def test_a_token_expires_after_twelve_hours(visitor: Visitor, clock: Time) -> None:
    """A form left open over night is shown again, and sent again it is still the same report."""
    report = visitor.token[:32]
    clock.now += 12 * HOUR + 1
    await visitor.send("Semalam.")
    again = visitor.token[:32]

    assert await sent_again(visitor) == asked_again("Semalam.")
    assert again == report


async def test_a_token_lives_for_twelve_hours(visitor: Visitor, clock: Time) -> None:
    """Until then the form can be sent."""
    clock.now += 12 * HOUR
    await visitor.send()

    assert visitor.status == 200


async def test_a_reload_after_hours_shows_the_same_code(visitor: Visitor, clock: Time) -> None:
    """Reloading the answer the next day stores nothing new."""
    token = visitor.token
    first = await visitor.send("Sekali saja.", token=token)
    clock.now += 13 * HOUR
    await visitor.send("Sekali saja.", token=token)
    again = await visitor.send("Sekali saja.")

    assert again == first
    assert len(visitor.site.inbox.rows) == 1


async def test_two_tabs_do_not_disturb_each_other(visitor: Visitor) -> None:
    """A second form in the same browser leaves the first one good."""
    first = visitor.token
    await visitor.get()
    await visitor.send("Tab kedua.")
    await visitor.send("Tab pertama.", token=first)

    assert visitor.status == 200
    assert len(visitor.site.inbox.rows) == 2


def test_the_key_decides_about_tokens() -> None:
    """Two gateways with different keys do not take each other's tokens."""
    cookie = "0" * 32
    token = Tokens(b"a" * 32).issue(cookie, 0)

    assert Tokens(b"a" * 32).read(token, cookie, 0) is not None
    assert Tokens(b"b" * 32).read(token, cookie, 0) is None


async def test_the_cookie_is_guarded(site: Site) -> None:
    """Scripts and other sites do not get at the cookie; behind https nobody can plant it either."""
    async with visiting(site) as visitor:
        plain = visitor.headers["Set-Cookie"]
    async with (
        running_site(WebOptions(public_url="https://lapor.example.id")) as secure,
        visiting(secure) as visitor,
    ):
        sealed = visitor.headers["Set-Cookie"]

    assert re.fullmatch(
        r"lapor=[0-9a-f]{32}; HttpOnly; Max-Age=43200; Path=/lapor; SameSite=Lax", plain
    )
    assert re.fullmatch(
        r"__Host-lapor=[0-9a-f]{32}; HttpOnly; Max-Age=43200; Path=/; SameSite=Lax; Secure", sealed
    )


# --- where it comes from ---


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "nonsense"},
        {"Origin": "http://[::1"},
    ],
)
async def test_a_form_from_another_site_is_refused(
    visitor: Visitor, headers: dict[str, str]
) -> None:
    """Even with a good token a form sent by another site is shown to the person first."""
    await visitor.post(visitor.filled("Dari mana ini?"), **headers)

    assert await sent_again(visitor) == asked_again("Dari mana ini?")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "null"},
        {},
    ],
)
async def test_our_own_form_is_taken(visitor: Visitor, headers: dict[str, str]) -> None:
    """What browsers say of our own form is good: under no-referrer they call its origin null."""
    await visitor.post(visitor.filled(), **headers)

    assert visitor.status == 200


async def test_the_public_address_is_ours() -> None:
    """Behind a proxy that rewrites Host, the public address is still our own origin."""
    options = WebOptions(public_url="http://localhost:9000/")
    async with running_site(options) as site, visiting(site) as visitor:
        await visitor.post(visitor.filled(), Origin="http://localhost:9000")

        assert visitor.status == 200


# --- how often ---


async def test_too_many_reports_wait_with_their_text(clock: Time) -> None:
    """The report over the limit is told when to come back; after that time it is taken."""
    async with running_site(WebOptions(reports_per_hour=2), clock) as site, visiting(site) as one:
        for number in range(3):
            await one.get()
            page = await one.send(f"Laporan {number}.")
        status, kept, wait = one.status, one.text, int(one.headers["Retry-After"])
        clock.now += wait
        await one.send(kept)

    assert (status, kept, wait) == (429, "Laporan 2.", 1800)
    assert "Silakan kirim lagi 30 menit lagi." in page
    assert one.status == 200
    assert len(site.inbox.rows) == 3


async def test_nobody_chooses_an_address(clock: Time) -> None:
    """Without a trusted proxy its header is only a claim and counts for nothing."""
    async with running_site(WebOptions(reports_per_hour=1), clock) as site, visiting(site) as one:
        for number in range(2):
            await one.get()
            form = one.filled(f"{number}")
            await one.post(form, X_Forwarded_For=f"203.0.113.{number}")

    assert one.status == 429


async def test_a_trusted_proxy_tells_citizens_apart(clock: Time) -> None:
    """Only the last address of the trusted header counts: the proxy wrote that one itself."""
    options = WebOptions(reports_per_hour=1, trusted_proxy_header="X-Forwarded-For")
    seen = []
    async with running_site(options, clock) as site, visiting(site) as one:
        for number, last in enumerate(["203.0.113.1", "203.0.113.2", "203.0.113.1", "2001:db8::1"]):
            await one.get()
            form = one.filled(f"{number}")
            await one.post(form, X_Forwarded_For=f"198.51.100.{number}, {last}")
            seen.append(one.status)

    assert seen == [200, 200, 429, 200]


async def test_one_household_is_one_address(clock: Time) -> None:
    """The addresses of one IPv6 /64 share a limit."""
    options = WebOptions(reports_per_hour=1, trusted_proxy_header="X-Real-IP")
    async with running_site(options, clock) as site, visiting(site) as one:
        for last in ("2001:db8::1", "2001:db8::ffff"):
            await one.get()
            await one.post(one.filled(last), X_Real_IP=last)

    assert one.status == 429


async def test_guessing_codes_is_slow(clock: Time) -> None:
    """Look-ups have a limit too, good and bad codes alike."""
    options = WebOptions(lookups_per_hour=2)
    async with running_site(options, clock) as site, visiting(site) as one:
        for code in ("000000001", CODE):
            await one.get(f"/lapor/status?kode={code}")
        page = await one.get(f"/lapor/status?kode={CODE}")

    assert one.status == 429
    assert "Terlalu banyak pencarian" in page
    assert site.inbox.asked == ["000000001", CODE]


def test_the_buckets_are_bounded() -> None:
    """However many addresses come by, only so many are remembered: the latest."""
    buckets = Buckets(1, size=2)
    waits = [buckets.take(address, 0) for address in ("a", "b", "b", "c", "b", "a")]

    assert waits == [0, 0, 3600, 0, 3600, 0]


def test_a_clock_set_back_takes_nothing_away() -> None:
    """A bucket neither fills nor empties when the clock jumps backwards."""
    buckets = Buckets(2)
    waits = [buckets.take("a", now) for now in (10_000, 0, 0, 1800)]

    assert waits == [0, 0, 1800, 0]


# --- what every answer carries ---


async def test_every_page_is_locked_down(visitor: Visitor) -> None:
    """No page may load, frame, script or leak anything, and no form page is kept anywhere."""
    for path in ("/lapor", "/lapor/status", "/lapor/status?kode=x", "/lapor/style.css", "/"):
        await visitor.get(path)
        policy = visitor.headers["Content-Security-Policy"]

        assert policy == (
            "default-src 'none'; style-src 'self'; img-src 'self'; "
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        assert visitor.headers["X-Content-Type-Options"] == "nosniff"
        assert visitor.headers["Referrer-Policy"] == "no-referrer"
        assert visitor.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        if "style" not in path:
            assert visitor.headers["Cache-Control"] == "no-store"


async def test_the_stylesheet_is_kept_by_browsers(visitor: Visitor) -> None:
    """The address in the page changes with the stylesheet, so browsers may keep it for a year."""
    found = re.search(r'href="(/lapor/style\.css\?v=[0-9a-f]+)"', visitor.page)
    assert found
    await visitor.get(found[1])

    assert visitor.headers["Content-Type"] == "text/css; charset=utf-8"
    assert visitor.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_the_trap_only_makes_a_remark(visitor: Visitor) -> None:
    """Filling the field people do not see loses no report: an officer reads that it was filled."""
    await visitor.send("Promo!", situs="http://example.org")

    [payload] = visitor.site.inbox.rows.values()
    message = visitor.site.channel.parse(payload)
    assert getattr(message, "remarks", ()) == (
        "kolom yang tersembunyi terisi: mungkin kiriman otomatis",
    )


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        (WebOptions(), 0),
        (WebOptions(public_url="https://lapor.example.id", trusted_proxy_header="X-Real-IP"), 0),
        (WebOptions(public_url="http://localhost:8080"), 0),
        (WebOptions(public_url="http://lapor.example.id"), 1),
        (WebOptions(public_url="lapor.example.id"), 1),
        (WebOptions(trusted_proxy_header="X-Real-IP"), 1),
        (WebOptions(max_file_bytes=2, max_body_bytes=1), 1),
        (WebOptions(max_body_bytes=2**30), 1),
    ],
)
def test_settings_that_leave_something_undone_are_told(options: WebOptions, problems: int) -> None:
    """`check` says what a form on the open internet still lacks."""
    assert len(Web(options, bytes(32)).problems()) == problems


def test_a_token_shows_in_the_page_once() -> None:
    """The pattern the tests read tokens with is the page's own."""
    assert TOKEN.findall('name="token" value="a"') == ["a"]
