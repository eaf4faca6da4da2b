"""Guessing at the console's door by the thousand, and what can be told from its answers."""

from dataclasses import replace

import pytest
from access_site import HERE, PASSWORD, Reception
from argon2 import PasswordHasher, extract_parameters
from clock import Clock

from gateway.access.sessions import Stage
from gateway.access.signing_in import WRONG
from gateway.store import Store
from gateway.vault import Vault

GUESSES = 1_000
MINUTE = 60
#: So many may be looked at in any minute, of one account from one network (OWASP ASVS 6.3.1).
MOST_A_MINUTE = 10


@pytest.fixture
def at(database: Store, vault: Vault, clock: Clock) -> Reception:
    """Where people sign in."""
    return Reception(database, vault, clock)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every hash that a password was held against; the library goes on as ever."""
    verify, seen = PasswordHasher.verify, []

    def noting(self: PasswordHasher, kept: str, password: str) -> bool:
        seen.append(kept)
        return bool(verify(self, kept, password))

    monkeypatch.setattr(PasswordHasher, "verify", noting)
    return seen


async def test_a_thousand_guesses_are_nearly_none(at: Reception, looked_at: list[str]) -> None:
    """One a second; whoever hits upon the password too early is told nothing of it."""
    await at.add()
    times: list[float] = []
    for number in range(GUESSES):
        before = len(looked_at)
        ended = await at.password(password=PASSWORD if number == GUESSES - 1 else f"tebak{number}")
        times += [at.clock.milliseconds / 1000] * (len(looked_at) - before)
        assert ended == WRONG or ended.wait
        at.clock.advance(1)

    busiest = max(sum(then <= other < then + MINUTE for other in times) for then in times)
    assert 0 < busiest <= MOST_A_MINUTE
    assert len(times) < GUESSES / 50


async def test_many_networks_guess_at_one_account(at: Reception, looked_at: list[str]) -> None:
    """Each has its own first guesses, and all of them together have a bound."""
    await at.add()
    for number in range(GUESSES // 4):
        far = replace(HERE, network=f"203.0.113.{number}")
        await at.door.with_password("sari", f"tebak{number}", far)
        at.clock.advance(1)

    assert len(looked_at) < GUESSES / 4 / 3


async def test_an_unknown_login_costs_what_a_known_one_costs(
    at: Reception, looked_at: list[str]
) -> None:
    """One hash with the same parameters each, so no clock tells who works here."""
    await at.add()
    await at.add("budi")
    await at.order(verb="disable", login="budi")
    answers = [await at.password(login, "kuda merah makan") for login in ("sari", "nobody", "budi")]

    assert answers == [WRONG] * 3
    known, unknown, disabled = (extract_parameters(kept) for kept in looked_at)
    assert known == unknown == disabled
    assert (await at.password()).stage is Stage.CODE
