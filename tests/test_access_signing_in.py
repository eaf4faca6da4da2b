"""Signing in: the steps, their bounds, and what ends a session; on both engines."""

import asyncio
from dataclasses import replace

import pyotp
import pytest
from access_site import HERE, KEPT, PASSWORD, Reception, user_of
from argon2 import PasswordHasher
from clock import Clock

from gateway.access import passwords, sessions, totp, tries, users
from gateway.access.options import Console
from gateway.access.passwords import NOBODY, Passwords, TooBusy, refusal
from gateway.access.person import Role
from gateway.access.sessions import Origin, Stage
from gateway.access.signing_in import WRONG
from gateway.custody.duty import Refused
from gateway.store import Store
from gateway.vault import Vault

ELSEWHERE = Origin(network="203.0.113.9", browser="curl")


@pytest.fixture
def at(database: Store, vault: Vault, clock: Clock) -> Reception:
    """Where people sign in."""
    return Reception(database, vault, clock)


# --- passwords ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kuda hijau makan rumput", None),
        ("Sate-Ayam-Madura", None),
        ("semuahuruf kecil saja", None),
        ("elevensigns", "short"),
        ("x" * 12, "common"),
        ("password1234!", "common"),
        ("Indonesia2026", "common"),
        ("PasswordPassword", "common"),
        ("admin-diskominfo-2026", "common"),
        ("123456789012", "common"),
        ("qwertyuiopasdf", "common"),
        ("my name is Sari!", "login"),
        ("panjang sekali " * 20, "long"),
    ],
)
def test_what_a_password_may_be(password: str, why: str | None) -> None:
    """Long, not the login, not a common one; which signs it has does not matter."""
    assert refusal(password, "sari") == why


def test_a_short_login_stands_in_ordinary_words() -> None:
    """Ayu may write of wood."""
    assert refusal("kayu jati yang tua", "ayu") is None


async def test_a_hash_fits_its_password_alone() -> None:
    """However a keyboard composes the letters; and nobody's hash fits nothing."""
    hasher = Passwords()
    kept = await hasher.hashed("Caf\u00e9 di sudut jalan")

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.fits(kept, "Cafe\u0301 di sudut jalan")
    assert not await hasher.fits(kept, "Cafe di sudut jalan")
    assert not await hasher.fits(None, "")
    assert not await hasher.fits("not a hash", "anything")
    assert not hasher.is_old(kept)
    assert hasher.is_old(kept.replace("m=19456,t=2", "m=8192,t=1"))
    assert NOBODY.split("$")[:4] == kept.split("$")[:4]


async def test_too_many_at_once_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: one is computed at a time, and so many wait at most."""
    monkeypatch.setattr(passwords, "WAITING", 2)
    hasher = Passwords()
    results = await asyncio.gather(
        *(hasher.fits(KEPT, PASSWORD) for _ in range(4)), return_exceptions=True
    )

    assert [type(result) for result in results] == [bool, bool, TooBusy, TooBusy]


async def test_an_old_hash_is_made_anew_at_the_next_sign_in(at: Reception) -> None:
    """Parameters that were changed reach everybody who comes in."""
    await at.add()
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    await at.database.write(lambda tx: users.set_password(tx, user_of(tx).id, weak))
    await at.password()

    assert (await at.database.read(user_of)).password != weak
    assert (await at.password()).stage is Stage.CODE


# --- the steps ----------------------------------------------------------------------------------


async def test_password_and_code_open_the_door(at: Reception) -> None:
    """Two steps, two tokens; the trail and the counters tell of it."""
    secret = await at.add()
    first = await at.password(" Sari ")
    second = await at.door.with_code(first.token, at.code(secret), network=HERE.network)
    found = await at.door.session(second.token)

    assert (first.stage, second.stage) == (Stage.CODE, Stage.FULL)
    assert found
    assert found[1].person.login == "sari"
    assert await at.door.session(first.token) is None
    assert await at.trail() == ["root: added user sari, officer", "sari: signed in"]
    assert at.counted == ["in"]


@pytest.mark.parametrize(
    ("login", "password"),
    [("sari", "kuda merah makan rumput"), ("nobody", PASSWORD), ("", ""), ("sari\0", PASSWORD)],
)
async def test_what_does_not_fit_gets_nothing(at: Reception, login: str, password: str) -> None:
    """A wrong password and an unknown login look the same."""
    await at.add()

    assert await at.password(login, password) == WRONG
    assert at.counted == ["wrong"]


async def test_a_code_counts_once(at: Reception) -> None:
    """Whoever saw it over a shoulder comes too late; the next one is good again."""
    secret = await at.add()
    code = at.code(secret)
    first = await at.password()
    await at.door.with_code(first.token, code, network=HERE.network)
    again = await at.password()
    replayed = await at.door.with_code(again.token, code, network=HERE.network)
    at.clock.advance(30)
    fresh = await at.door.with_code(again.token, at.code(secret), network=HERE.network)

    assert replayed == WRONG
    assert fresh.stage is Stage.FULL


async def test_two_sign_ins_with_one_code_are_one(at: Reception) -> None:
    """At the same moment, too."""
    secret = await at.add()
    steps = [await at.password() for _ in range(2)]
    ended = await asyncio.gather(
        *(at.door.with_code(one.token, at.code(secret), network=HERE.network) for one in steps)
    )

    assert sorted(bool(one.token) for one in ended) == [False, True]


@pytest.mark.parametrize("off", [-90, 90])
def test_a_code_of_another_minute_is_none(off: int) -> None:
    """A clock may be off by half a minute, not by more."""
    clock, secret = Clock(), totp.new_secret()
    code = pyotp.TOTP(secret).at(clock.now)

    assert totp.step_of(secret, f" {code[:3]} {code[3:]} ", now=clock.milliseconds, used=0)
    clock.advance(off)
    assert totp.step_of(secret, code, now=clock.milliseconds, used=0) is None


async def test_the_first_sign_in_sets_up_password_and_app(at: Reception) -> None:
    """What an admin has seen is changed, then comes the app, then ten recovery codes."""
    await at.order(verb="add", login="sari", password=KEPT, must_change=True)
    first = await at.password()
    same = await at.door.new_password(first.token, PASSWORD)
    short = await at.door.new_password(first.token, "pendek")
    chosen = await at.door.new_password(first.token, "gajah ungu minum kopi")
    found = await at.door.session(chosen.token)
    assert found
    secret = await at.door.new_app(*found)
    wrong = await at.door.with_new_app(chosen.token, "000000", network=HERE.network)
    done = await at.door.with_new_app(chosen.token, at.code(secret), network=HERE.network)

    assert (first.stage, chosen.stage, done.stage) == (Stage.PASSWORD, Stage.APP, Stage.FULL)
    assert (same.refused, short.refused) == ("same", "short")
    assert wrong == WRONG
    assert await at.door.new_app(*found) != ""
    assert len(set(done.recovery_codes)) == totp.RECOVERY_CODES
    assert "sari: set up an app for sign-in codes" in await at.trail()


async def test_without_an_app_where_none_is_required(at: Reception) -> None:
    """`totp = "optional"`: who has none comes in by the password."""
    at.options = Console(totp="optional")
    await at.order(verb="add", login="sari", password=KEPT)

    assert (await at.password()).stage is Stage.FULL


async def test_a_recovery_code_counts_once(at: Reception) -> None:
    """A lost phone locks nobody out; each code is for one sign-in, however it is typed."""
    await at.order(verb="add", login="sari", password=KEPT)
    first = await at.password()
    found = await at.door.session(first.token)
    assert found
    secret = await at.door.new_app(*found)
    done = await at.door.with_new_app(first.token, at.code(secret), network=HERE.network)
    code = done.recovery_codes[3]
    typed = code.lower().replace("-", " ").replace("0", "o")
    one = await at.password()
    in_ = await at.door.with_code(one.token, typed, network=HERE.network)
    two = await at.password()
    again = await at.door.with_code(two.token, code, network=HERE.network)

    assert (in_.stage, again) == (Stage.FULL, WRONG)
    assert "sari: signed in with a recovery code, 9 are left" in await at.trail()


async def test_a_step_cannot_be_skipped(at: Reception) -> None:
    """A session that waits for a code chooses no password and sets up no app."""
    await at.add()
    first = await at.password()
    found = await at.door.session(first.token)
    assert found

    assert await at.door.new_password(first.token, "gajah ungu minum kopi") == WRONG
    assert await at.door.with_new_app(first.token, "000000", network=HERE.network) == WRONG
    with pytest.raises(LookupError):
        await at.door.new_app(*found)


# --- sessions -----------------------------------------------------------------------------------


async def test_only_the_hash_of_a_token_is_kept(at: Reception) -> None:
    """A database that was copied opens no session."""
    secret = await at.add()
    step = await at.signed_in(secret)
    rows = await at.database.read(lambda tx: tx.all("select * from sessions"))

    assert step.token not in str(rows)


async def test_a_sign_in_ends_the_session_before_it(at: Reception) -> None:
    """A token somebody planted is worth nothing afterwards."""
    secret = await at.add()
    planted = await at.signed_in(secret)
    at.clock.advance(60)
    await at.password(before=planted.token)

    assert await at.door.session(planted.token) is None


async def test_sessions_end_by_themselves(at: Reception) -> None:
    """Unused after half an hour; used, after twelve hours all the same."""
    secret = await at.add()
    idle, busy = await at.signed_in(secret), await at.signed_in(secret)
    hours = 0
    while await at.door.session(busy.token, touch=True):
        at.clock.advance(1_500)
        hours += 1

    assert await at.door.session(idle.token) is None
    assert hours == 12 * 3600 // 1_500 + 1


async def test_looking_without_touching_keeps_no_session(at: Reception) -> None:
    """News that a page gets by itself are nobody's work."""
    step = await at.signed_in(await at.add())
    for _ in range(2):
        at.clock.advance(899)
        assert await at.door.session(step.token)
    at.clock.advance(899)

    assert await at.door.session(step.token) is None


async def test_half_a_sign_in_is_soon_over(at: Reception) -> None:
    """Who walked away between password and code begins again."""
    await at.add()
    first = await at.password()
    at.clock.advance(601)

    assert await at.door.session(first.token) is None


@pytest.mark.parametrize("verb", ["disable", "passwd", "totp-reset", "role"])
async def test_what_changes_an_account_ends_its_sessions(at: Reception, verb: str) -> None:
    """At once, whatever is open in a browser."""
    await at.add("admin", Role.ADMIN)
    step = await at.signed_in(await at.add())
    await at.order(verb=verb, login="sari", password=KEPT, role=Role.VIEWER)

    assert await at.door.session(step.token) is None


async def test_a_disabled_account_does_not_come_in(at: Reception) -> None:
    """The right password does not help; enabled again, it does."""
    await at.add("admin", Role.ADMIN)
    await at.add()
    await at.order(verb="disable", login="sari")
    shut = await at.password()
    await at.order(verb="enable", login="sari")

    assert shut == WRONG
    assert (await at.password()).stage is Stage.CODE


async def test_each_session_has_its_own_csrf_token(at: Reception) -> None:
    """Another session of the same person has another one."""
    secret = await at.add()
    tokens = set()
    for _ in range(3):
        found = await at.door.session((await at.signed_in(secret)).token)
        assert found
        tokens.add(at.door.csrf(found[0]))

    assert len(tokens) == 3


async def test_somebody_ends_their_own_sessions_alone(at: Reception) -> None:
    """The number of another one's session does not help."""
    mine = await at.signed_in(await at.add())
    other = await at.signed_in(await at.add("budi"), "budi")
    found = await at.door.session(other.token)
    me = await at.database.read(user_of)
    assert found
    ended = await at.database.write(lambda tx: sessions.end(tx, found[0].id, me.id))

    assert not ended
    assert await at.door.session(other.token)
    await at.door.sign_out(mine.token)
    assert await at.door.session(mine.token) is None


# --- bounds -------------------------------------------------------------------------------------


async def test_guessing_gets_slower_and_is_forgotten(at: Reception) -> None:
    """Five are free, then the wait doubles; a quarter of an hour is the longest."""
    await at.add()
    free = [await at.password(password="x") for _ in range(5)]
    sixth = await at.password(password="x")
    right_but_early = await at.password()
    waits = []
    for _ in range(14):
        at.clock.advance((await at.password(password="x")).wait / 1000)
        await at.password(password="x")
        waits.append((await at.password()).wait)
    at.clock.advance(3_601)

    assert {one.wait for one in free} == {0}
    assert (sixth.wait, right_but_early.wait) == (0, 2_000)
    assert waits == sorted(waits)
    assert waits[-1] == tries.HERE.most
    assert (await at.password()).stage is Stage.CODE


async def test_strangers_lock_nobody_out(at: Reception) -> None:
    """Somebody far away fails a thousand times; the office's known browsers come in as ever."""
    secret = await at.add()
    device = (await at.signed_in(secret)).device
    for number in range(200):
        far = replace(ELSEWHERE, network=f"203.0.113.{number}")
        await at.database.write(
            lambda tx, far=far: tries.take(  # type: ignore[misc]
                tx, tries.attempt(at.vault, "sari", far.network), at.clock.milliseconds
            )
        )
    unknown = await at.password()
    known = await at.password(device=device)

    assert 0 < unknown.wait <= tries.EVERYWHERE.most
    assert known.stage is Stage.CODE
    at.clock.advance(tries.EVERYWHERE.most / 1000)
    assert (await at.password()).stage is Stage.CODE


async def test_a_network_has_a_bound_of_its_own(at: Reception) -> None:
    """One address that tries a name after the other waits, a minute at most."""
    waits = [
        await at.database.write(
            lambda tx, n=number: tries.take(  # type: ignore[misc]
                tx, tries.attempt(at.vault, f"user{n}", "203.0.113.9"), at.clock.milliseconds
            )
        )
        for number in range(60)
    ]

    assert waits[:40] == [0] * 40
    assert waits[-1] > 0
    assert tries.NETWORK.most == 60_000


async def test_many_at_the_same_moment_are_many(at: Reception) -> None:
    """A hundred requests side by side do not get a hundred free tries."""
    await at.add()
    ended = await asyncio.gather(*(at.password(password="x") for _ in range(20)))

    assert sum(not one.wait for one in ended) <= tries.HERE.free + 1


async def test_the_right_password_gives_no_more_codes(at: Reception) -> None:
    """Codes have a bound of their own, so a stolen password is no way to guess them."""
    await at.add()
    waited = 0
    for _ in range(8):
        first = await at.password()
        waited = (await at.door.with_code(first.token, "000000", network=HERE.network)).wait

    assert waited > 0


async def test_a_forged_device_is_none(at: Reception) -> None:
    """The cookie is ours and of this login, or it counts for nothing."""
    device = tries.new_device(at.vault, "sari")

    assert tries.is_known(at.vault, "sari", device)
    for wrong in ("", ".", "a.b", device[:-1], f"x{device}"):
        assert not tries.is_known(at.vault, "sari", wrong)
    assert not tries.is_known(at.vault, "budi", device)


async def test_no_name_stands_among_the_tries(at: Reception) -> None:
    """Who tried what is nobody's to read."""
    await at.password("sari")
    rows = await at.database.read(lambda tx: tx.all("select key from sign_in_tries"))

    assert len(rows) == 3
    assert "sari" not in str(rows)


# --- accounts -----------------------------------------------------------------------------------


async def test_the_last_admin_stays(at: Reception) -> None:
    """Whoever is the only one who could let others in is neither disabled nor demoted."""
    await at.add("admin", Role.ADMIN)
    for verb in ("disable", "role"):
        with pytest.raises(Refused, match="only admin"):
            await at.order(verb=verb, login="admin", role=Role.VIEWER)
    await at.add("second", Role.ADMIN)
    await at.order(verb="disable", login="admin")

    assert await at.database.read(users.admins) == 1


@pytest.mark.parametrize("login", ["", " ", "a b", "Büdi", "x" * 65, "-a", "a\nb", "../x"])
async def test_a_login_is_plain(at: Reception, login: str) -> None:
    """It stands in lines of logs, trails and addresses."""
    with pytest.raises(Refused):
        await at.order(verb="add", login=login, password=KEPT)


async def test_a_login_is_there_once(at: Reception) -> None:
    """In any case of letters."""
    await at.add()
    with pytest.raises(Refused, match="already"):
        await at.add("SARI")
    with pytest.raises(LookupError):
        await at.order(verb="disable", login="budi")


async def test_the_secret_of_an_app_is_sealed(at: Reception) -> None:
    """A copy of the database does not make codes."""
    secret = await at.add()
    rows = await at.database.read(lambda tx: tx.all("select totp, data_key from users"))

    assert secret.encode() not in bytes(rows[0][0])
    assert (
        await at.database.read(lambda tx: users.totp_secret(tx, at.vault, user_of(tx).id)) == secret
    )


def test_the_picture_of_an_app_is_plain_svg() -> None:
    """It is shown as an image under a policy without inline styles."""
    uri = totp.address("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "sari", "LAPOR gateway")
    svg = totp.picture(uri).decode()

    assert uri.startswith(
        "otpauth://totp/LAPOR%20gateway:sari?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    )
    assert svg.startswith("<?xml")
    assert "style=" not in svg
    assert "█" in totp.drawn(uri) or "▄" in totp.drawn(uri)
