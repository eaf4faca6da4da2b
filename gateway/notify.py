"""
What the service manager is told: ready, reloading, stopping, still alive.

One datagram per message to the unix socket in NOTIFY_SOCKET; without that variable nothing
happens. The watchdog is answered from the event loop that does the work and only while `healthy`
agrees: a thread that pings for ever would defeat it. See sd_notify(3).
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping

MICROSECONDS = 1_000_000


class Notifier:
    """The service manager, or nobody."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        #: Seconds between two watchdog pings, or None where no watchdog waits for us.
        self.interval = _interval(environment)

    def ready(self, status: str) -> None:
        """Requests are served from now on; also the end of a reload."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={_one_line(status)}")

    def reloading(self) -> None:
        """A reload begins; `ready` ends it, whether it worked or not."""
        # systemd 253 and later insist on the time, older ones ignore it.
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """The first thing on SIGTERM."""
        self._send("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """A long migration or drain goes on: do not give up on us for so many seconds."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * MICROSECONDS)}")

    async def watch(self, healthy: Callable[[], Awaitable[bool]]) -> None:
        """Ping the watchdog while `healthy` agrees in time; returns at once without a watchdog."""
        while self.interval is not None:
            # Half the time for the answer, so that a slow one is still no missed ping.
            if await _agrees(healthy, self.interval / 2):
                self._send("WATCHDOG=1")
            await asyncio.sleep(self.interval)

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
                out.sendto(message.encode(), self._address)
        except OSError:
            return  # a manager that does not listen must not stop the gateway


def _address(value: str) -> str | bytes | None:
    if value.startswith("@"):
        return b"\0" + os.fsencode(value[1:])  # Linux's abstract namespace
    return value if value.startswith("/") else None


def _interval(environment: Mapping[str, str]) -> float | None:
    limit = environment.get("WATCHDOG_USEC", "")
    ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(limit) / MICROSECONDS / 2 if ours and limit.isdigit() and int(limit) else None


def _one_line(text: str) -> str:
    return " ".join(text.split())


async def _agrees(healthy: Callable[[], Awaitable[bool]], limit: float) -> bool:
    try:
        async with asyncio.timeout(limit):
            return await healthy()
    except TimeoutError:
        return False
