"""A process of our own: what it is told to do, what goes wrong, and its end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal

import pytest

from gateway.apart import Apart, Ended

SLEEPS = "import time; time.sleep(60)"


@pytest.fixture(params=["fork", "spawn"])
def child(request: pytest.FixtureRequest) -> Iterator[Apart]:
    """One of each kind."""
    how: Literal["fork", "spawn"] = request.param
    apart = Apart(how, os.nice, 1)
    yield apart
    apart.close()


def own_pid() -> int:
    return os.getpid()


def fails(why: str) -> None:
    raise LookupError(why)


def gives_what_cannot_travel() -> object:
    return lambda: None


def stalls() -> None:
    signal.pause()


def test_tasks_are_done_elsewhere_one_after_the_other(child: Apart) -> None:
    first, *others = [child.submit(own_pid).result(30) for _ in range(20)]
    many = [child.submit(pow, 2, exponent) for exponent in range(200)]

    assert first != os.getpid()
    assert set(others) == {first}
    assert [one.result(30) for one in many] == [2**exponent for exponent in range(200)]


def test_what_goes_wrong_is_its_own_error_and_the_next_task_is_done(child: Apart) -> None:
    """Also what cannot be sent, there or back."""
    with pytest.raises(LookupError, match="nothing") as caught:
        child.submit(fails, "nothing").result(30)
    with pytest.raises((AttributeError, TypeError, ValueError)):
        child.submit(print, stalls, lambda: None).result(30)
    with pytest.raises((AttributeError, TypeError)):
        child.submit(gives_what_cannot_travel).result(30)

    assert any("in fails" in note for note in caught.value.__notes__)
    assert child.submit(abs, -1).result(30) == 1


def test_megabytes_travel_both_ways_at_once(child: Apart) -> None:
    """Nobody waits for the other to read."""
    large = bytes(8 << 20)
    found = [child.submit(bytes, large) for _ in range(4)]

    assert all(one.result(60) == large for one in found)


def test_all_who_wait_hear_that_it_ended(child: Apart) -> None:
    """And whoever asks after that."""
    pid = child.submit(own_pid).result(30)
    waiting = [child.submit(stalls) for _ in range(3)]
    os.kill(pid, signal.SIGKILL)
    for one in [*waiting, child.submit(own_pid)]:
        with pytest.raises(Ended):
            one.result(30)


async def test_who_waits_no_more_is_no_error(child: Apart) -> None:
    """What it was told to do is done all the same, and its result is nobody's."""
    waiting = asyncio.wrap_future(child.submit(bytes, 10))
    waiting.cancel()

    assert await asyncio.wrap_future(child.submit(abs, -2)) == 2


def test_a_program_that_forgets_to_close_it_ends_all_the_same() -> None:
    program = "import os; from gateway.apart import Apart; Apart('fork', os.nice, 0)"
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)

    assert done.returncode == 0
