"""The pace of answers, on a clock that only moves when somebody waits."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import TryLater
from channels.telegram_pace import LONGEST_TURN, Pace


class Time:
    """A clock and a sleep that belong together."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        """Seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += seconds


def paced(time: Time, *, overall: float = 30, private: float = 1, group: float = 20) -> Pace:
    """A pace with Telegram's limits, unless a test says otherwise."""
    return Pace(overall=overall, private=private, group=group, clock=time.clock, sleep=time.sleep)


async def turns(pace: Pace, time: Time, chats: list[int]) -> list[float]:
    """When each of these chats got its turn, in seconds from now."""
    began, taken = time.now, []
    for chat in chats:
        assert await pace.turn(chat) is None
        taken.append(round(time.now - began, 3))
    return taken


async def test_one_person_gets_one_message_a_second() -> None:
    """The first goes at once."""
    time = Time()

    assert await turns(paced(time), time, [7, 7, 7]) == [0, 1, 2]


async def test_different_people_do_not_wait_for_each_other() -> None:
    """Up to thirty of them within a second."""
    time = Time()

    assert await turns(paced(time), time, list(range(1, 32))) == [0] * 30 + [1]


async def test_a_group_gets_twenty_messages_a_minute() -> None:
    """The next one is too far away to be waited for, and says nothing about others."""
    time = Time()
    pace = paced(time)
    first = await turns(pace, time, [-5] * 20)
    later = await pace.turn(-5)
    other = await turns(pace, time, [-6])
    time.now += 60 - LONGEST_TURN
    after = await turns(pace, time, [-5])

    assert first == [0] * 20
    assert later == TryLater(reason="too many messages to one chat")
    assert other == [0]
    assert after == [LONGEST_TURN]


async def test_the_limits_can_be_changed() -> None:
    """One message in two seconds; half a message a minute in groups."""
    time = Time()
    pace = paced(time, private=0.5, group=0.5)

    assert await turns(pace, time, [7, 7]) == [0, 2]
    assert await turns(pace, time, [-5]) == [0]
    assert await pace.turn(-5) is not None


async def test_a_429_closes_everything_until_its_time() -> None:
    """Short waits are waited for; long ones are told, so that the lane rests."""
    time = Time()
    pace = paced(time)
    pace.close_for(5)
    waited = await turns(pace, time, [7])
    pace.close_for(90)
    later = await pace.turn(8)

    assert waited == [5]
    assert later == TryLater(reason="flood control", wait=90.0, trouble="throttled")


async def test_turns_taken_side_by_side_keep_the_pace() -> None:
    """Sixteen answers on their way at the same time are no excuse."""
    pace = Pace(overall=100, private=20, group=20)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*[pace.turn(7) for _ in range(25)])

    assert loop.time() - began >= 0.9


@pytest.mark.parametrize("count", [10_050])
async def test_many_chats_are_forgotten_again(count: int) -> None:
    """What is remembered of chats does not grow for ever."""
    time = Time()
    pace = paced(time, overall=1e9)
    for chat in range(1, count):
        await pace.turn(chat)
        time.now += 1

    assert len(pace._chats) <= 10_000  # noqa: SLF001


@given(st.lists(st.tuples(st.integers(-3, 3), st.floats(0, 3)), max_size=60))
def test_no_limit_is_ever_passed(steps: list[tuple[int, float]]) -> None:
    """Whoever wants whatever and when: within any second, and any minute of a group."""
    time = Time()
    pace = paced(time, overall=4, private=2, group=5)
    sent: list[tuple[float, int]] = []

    async def go() -> None:
        for chat, pause in steps:
            time.now += pause
            if await pace.turn(chat) is None:
                sent.append((time.now, chat))

    asyncio.run(go())
    for at, chat in sent:
        second = [other for when, other in sent if at <= when < at + 0.999]
        minute = [other for when, other in sent if at <= when < at + 59.999]
        assert len(second) <= 4
        assert second.count(chat) <= (5 if chat < 0 else 2)
        assert chat >= 0 or minute.count(chat) <= 5
