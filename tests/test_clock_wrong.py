"""A wall clock that was wrong and is put right: nothing waits for a time that will not come."""

import pytest
from access_site import HERE, Reception
from clock import Clock
from test_pipeline import Desk, desk

from forwarder import outbox
from forwarder.outbox import Entry
from gateway import leases
from gateway.access.sessions import Stage
from gateway.store import Store
from gateway.vault import Vault

HOUR, TEN_YEARS = 3600, 10 * 365 * 86_400


@pytest.fixture
def at(database: Store, vault: Vault, clock: Clock) -> Reception:
    return Reception(database, vault, clock)


__all__ = ["desk"]  # a fixture of the pipeline's own tests


@pytest.mark.parametrize("ahead", [HOUR, TEN_YEARS])
async def test_what_came_while_the_clock_was_ahead_is_worked_on_at_once(
    desk: Desk, ahead: int
) -> None:
    """It is a record within a minute of its arrival, not an hour or ten years later."""
    desk.clock.advance(ahead)
    await desk.sms("a", "Lampu jalan padam")
    await desk.part(1, 2, "Jalan rusak ")
    desk.clock.advance(-ahead)
    await desk.work()

    assert await desk.states() == ["recorded", "waiting"]


async def test_a_part_waits_no_longer_than_parts_wait(desk: Desk) -> None:
    """Its patience was written down while the clock was ahead."""
    desk.clock.advance(TEN_YEARS)
    await desk.part(1, 2, "Jalan rusak ")
    await desk.work()
    desk.clock.advance(-TEN_YEARS)
    await desk.work()
    early = await desk.states()
    desk.clock.advance(901)
    await desk.work()

    assert early == ["waiting"]
    assert await desk.states() == ["recorded"]


async def test_what_was_put_down_while_the_clock_was_ahead_is_due_after_a_restart(
    desk: Desk,
) -> None:
    """The outbox keeps the wait a row had, and no more."""
    desk.clock.advance(HOUR)
    now = desk.clock.milliseconds
    entry = Entry(
        record_id="01",
        kind="receipt",
        revision=1,
        target="channel:sms",
        lane="a",
        body=b"x",
        due=now + 3_000,
    )
    await desk.database.write(lambda tx: outbox.put(tx, desk.vault, [entry], now))
    desk.clock.advance(-HOUR)
    await desk.restart()

    assert await desk.rows("select due from outbox") == [(desk.clock.milliseconds + 3_000,)]


async def test_a_lease_of_the_far_future_is_nobodys(database: Store, clock: Clock) -> None:
    """Another machine took it while its clock was wrong, and is gone."""
    wrong = clock.milliseconds + TEN_YEARS * 1000
    now = clock.milliseconds
    await database.write(
        lambda tx: leases.take(tx, "board", "gone", now=wrong, until=wrong + 10_000)
    )
    epoch = await database.write(
        lambda tx: leases.take(tx, "board", "here", now=now, until=now + 10_000)
    )
    kept = await database.write(
        lambda tx: leases.take(tx, "board", "other", now=now - 1, until=now + 9_999)
    )

    assert (epoch, kept) == (2, None)


async def test_a_session_of_the_future_opens_nothing(at: Reception) -> None:
    """It would otherwise last until that time comes; a clock a little off ends nothing."""
    step = await at.signed_in(await at.add())
    at.clock.advance(-60)
    a_little = await at.door.session(step.token)
    at.clock.advance(-HOUR)

    assert a_little is not None
    assert await at.door.session(step.token) is None


async def test_guesses_of_the_future_lock_nobody_out_for_years(at: Reception) -> None:
    """The wait stays as long as it was."""
    await at.add()
    at.clock.advance(TEN_YEARS)
    for _ in range(6):
        await at.password(password="x")
    at.clock.advance(-TEN_YEARS)
    waits = (await at.password()).wait
    at.clock.advance(waits / 1000)

    assert waits == 2_000
    assert (await at.password()).stage is Stage.CODE


async def test_codes_count_again_when_the_clock_is_put_right(at: Reception) -> None:
    """Also when one was used years ahead; and each counts once, then as before."""
    secret = await at.add()
    at.clock.advance(TEN_YEARS)
    await at.signed_in(secret)
    at.clock.advance(-TEN_YEARS)
    codes = [at.code(secret)] * 2
    stages = []
    for code in codes:
        step = await at.password()
        stages.append((await at.door.with_code(step.token, code, network=HERE.network)).stage)

    assert stages == [Stage.FULL, None]
