"""What the service manager hears, and the sockets it hands over."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.notify import Notifier
from gateway.sockets import host_and_port, is_loopback, passed_sockets

ADOPT = """
import os
from gateway.sockets import passed_sockets
found = passed_sockets(os.environ)
print({name: (s.getsockname()[1], os.get_inheritable(s.fileno()), s.getblocking())
       for name, s in found.items()})
print(sorted(name for name in os.environ if name.startswith("LISTEN_")))
"""


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """A service manager that only listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        abstract = request.param == "abstract"
        listener.bind(f"\0lapor-test-{os.getpid()}" if abstract else str(tmp_path / "notify"))
        listener.settimeout(60)
        yield listener


def notifier(manager: socket.socket, **environment: str) -> Notifier:
    name = manager.getsockname()
    address = "@" + name[1:].decode() if isinstance(name, bytes) else name
    return Notifier({"NOTIFY_SOCKET": address, **environment})


def test_the_life_of_the_process_is_told(manager: socket.socket) -> None:
    """Ready, a status, stopping: one datagram each, as sd_notify(3) wants them."""
    service = notifier(manager)
    service.ready("3 channels\nlisten")
    service.status("draining")
    service.extend(1.5)
    service.stopping()

    heard = [manager.recv(4096) for _ in range(4)]

    assert heard == [
        b"READY=1\nSTATUS=3 channels listen",
        b"STATUS=draining",
        b"EXTEND_TIMEOUT_USEC=1500000",
        b"STOPPING=1",
    ]


def test_a_reload_carries_the_time_systemd_253_insists_on(manager: socket.socket) -> None:
    """RELOADING=1 and the monotonic clock come in one datagram."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier(manager).reloading()

    first, _, second = manager.recv(4096).decode().partition("\n")

    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) >= before


async def test_the_watchdog_is_answered_only_while_healthy(manager: socket.socket) -> None:
    """A gateway that cannot store gets no further pings, and is restarted by systemd."""
    answers = iter([True, False, True])
    asked_enough = asyncio.Event()

    async def healthy() -> bool:
        answer = next(answers, None)
        if answer is None:
            asked_enough.set()
        return bool(answer)

    service = notifier(manager, WATCHDOG_USEC="20000", WATCHDOG_PID=str(os.getpid()))
    watching = asyncio.create_task(service.watch(healthy))
    await asked_enough.wait()
    watching.cancel()
    service.stopping()

    heard = [manager.recv(4096) for _ in range(3)]
    assert heard == [b"WATCHDOG=1", b"WATCHDOG=1", b"STOPPING=1"]


async def test_a_health_check_that_hangs_is_no_ping(manager: socket.socket) -> None:
    """Waiting for a stuck disk is not healthy, whatever the answer would be."""
    asked_twice = asyncio.Event()
    asked: list[int] = []

    async def healthy() -> bool:
        asked.append(1)
        if len(asked) > 1:
            asked_twice.set()
        await asyncio.Event().wait()
        return True

    service = notifier(manager, WATCHDOG_USEC="20000")
    watching = asyncio.create_task(service.watch(healthy))
    await asked_twice.wait()
    watching.cancel()
    service.stopping()

    assert manager.recv(4096) == b"STOPPING=1"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"},
    ],
)
async def test_without_a_watchdog_of_ours_nothing_is_pinged(environment: dict[str, str]) -> None:
    """No variable, a broken one or another process's: watch returns at once."""

    async def healthy() -> bool:
        raise AssertionError

    service = Notifier(environment)

    assert service.interval is None
    assert await service.watch(healthy) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify", "@lapor-nobody-listens"])
def test_no_manager_is_no_error(address: str) -> None:
    """Without systemd, and with one that went away, the gateway runs all the same."""
    assert Notifier({"NOTIFY_SOCKET": address}).stopping() is None  # type: ignore[func-returns-value]


def start_with_socket(pid: str) -> tuple[int, str]:
    """Run ADOPT as systemd would: the listener at descriptor 3; return port and output."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        shell = f'exec 3<&{listener.fileno()}; export LISTEN_PID={pid}; exec "$@"'
        environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "public"}
        done = subprocess.run(
            ["/bin/bash", "-c", shell, "bash", sys.executable, "-c", ADOPT],
            pass_fds=[listener.fileno()],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return listener.getsockname()[1], done.stdout


def test_a_passed_socket_is_taken_by_its_name() -> None:
    """It does not block, no child inherits it, and the variables are gone."""
    port, printed = start_with_socket("$$")

    assert printed == f"{{'public': ({port}, False, False)}}\n[]\n"


def test_sockets_for_another_process_are_left_alone() -> None:
    """A wrong LISTEN_PID means the descriptors are somebody else's."""
    _, printed = start_with_socket("1")

    assert printed == "{}\n[]\n"


def test_unknown_names_and_no_sockets_are_fine() -> None:
    """Started by hand there is nothing to adopt."""
    assert passed_sockets({}) == {}
    assert passed_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "many"}) == {}


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:25", ("::1", 25)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_is_host_and_port(address: str, parts: tuple[str, int]) -> None:
    """As written in gateway.toml, IPv6 in brackets."""
    assert host_and_port(address) == parts


@pytest.mark.parametrize("address", ["", "8080", ":8080", "host:", "host:http", "host:65536"])
def test_other_addresses_are_refused(address: str) -> None:
    """The error shows how one is written."""
    with pytest.raises(ValueError, match="expected host:port"):
        host_and_port(address)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("gateway.example.org", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool) -> None:  # noqa: FBT001 (a table)
    """Everything else counts as open to the world."""
    assert is_loopback(host) is expected
