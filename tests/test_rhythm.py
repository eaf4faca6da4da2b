"""A channel that is quieter than its habit explains is told, and only then."""

from clock import Clock

from channels.contract import Delivery
from gateway.journal import Journal
from gateway.rhythm import DAY_HOURS, HOUR, SLICE, Rhythm, count, silences
from gateway.store import Store
from gateway.vault import Vault

DAYS = 7


async def test_a_habit_that_stops_is_told_once_and_taken_back(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """Three an hour for a week, then nothing: told within hours, taken back with the next one."""
    told: list[tuple[str, bool]] = []
    rhythm = Rhythm(database, lambda: clock.milliseconds, lambda *news: told.append(news))
    journal = await _busy(database, vault, clock, "telegram", hours=DAYS * DAY_HOURS, an_hour=3)

    await rhythm.look()
    quiet_for_a_moment = list(told)
    clock.advance((8 * HOUR) / 1000)
    await rhythm.look()
    await rhythm.look()
    await journal.accept("telegram", [Delivery(external_id="late", payload=b"")])
    await rhythm.look()

    assert quiet_for_a_moment == []
    assert told == [("telegram", True), ("telegram", False)]


async def test_a_night_as_every_night_is_no_silence(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """Nobody writes between ten and six: the habit says so."""
    journal = await _opened(database, vault, clock)
    for hour in range(DAYS * DAY_HOURS):
        clock.advance((HOUR) / 1000)
        if hour % DAY_HOURS < 16:
            await _messages(journal, "sms", 4, f"{hour}")
    clock.advance((HOUR // 2) / 1000)
    await database.write(lambda tx: count(tx, clock.milliseconds))

    assert await database.read(lambda tx: silences(tx, clock.milliseconds)) == []


async def test_a_channel_of_three_a_day_is_given_days(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """What rarely speaks is not missed after an hour, but after some days it is."""
    journal = await _opened(database, vault, clock)
    for day in range(20):
        clock.advance((DAY_HOURS * HOUR) / 1000)
        await _messages(journal, "line", 3, f"{day}")
    await database.write(lambda tx: count(tx, clock.milliseconds))
    clock.advance((2 * DAY_HOURS * HOUR) / 1000)
    after_two_days = await database.read(lambda tx: silences(tx, clock.milliseconds))
    clock.advance((4 * DAY_HOURS * HOUR) / 1000)
    after_six = await database.read(lambda tx: silences(tx, clock.milliseconds))

    assert after_two_days == []
    assert [silence.channel for silence in after_six] == ["line"]


async def test_a_new_channel_has_no_habit(database: Store, vault: Vault, clock: Clock) -> None:
    """Two busy days are not enough to know what is usual."""
    await _busy(database, vault, clock, "x", hours=2 * DAY_HOURS, an_hour=20)
    await database.write(lambda tx: count(tx, clock.milliseconds))
    clock.advance((2 * DAY_HOURS * HOUR) / 1000)

    assert await database.read(lambda tx: silences(tx, clock.milliseconds)) == []


async def test_each_message_is_counted_once_in_slices(
    database: Store, vault: Vault, clock: Clock
) -> None:
    """A backlog is counted piece by piece, and never twice."""
    journal = await _opened(database, vault, clock)
    await _messages(journal, "sms", SLICE + 10, "many")
    more = [await database.write(lambda tx: count(tx, clock.milliseconds)) for _ in range(3)]
    rows = await database.read(lambda tx: tx.all("select channel, messages from rhythm"))

    assert (more, rows) == ([True, False, False], [("sms", SLICE + 10)])


async def _opened(database: Store, vault: Vault, clock: Clock) -> Journal:
    journal = Journal(database, vault, clock=lambda: clock.milliseconds)
    await journal.open()
    return journal


async def _busy(  # noqa: PLR0913 (the story of one channel)
    database: Store, vault: Vault, clock: Clock, channel: str, *, hours: int, an_hour: int
) -> Journal:
    journal = await _opened(database, vault, clock)
    for hour in range(hours):
        clock.advance((HOUR) / 1000)
        await _messages(journal, channel, an_hour, f"{hour}")
    return journal


async def _messages(journal: Journal, channel: str, number: int, name: str) -> None:
    await journal.accept(
        channel, [Delivery(external_id=f"{name}-{each}", payload=b"x") for each in range(number)]
    )
