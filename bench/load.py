"""
The load: keeps connections busy, or sends at a steady rate, and prints how it went as JSON.

A process of its own on the last core, without asyncio, so that it costs a fraction of what it
measures. Nothing is pipelined: a connection sends the next message when the last is acknowledged.
`python -m bench.load '{"kind": "http", "port": 8080, ...}'`, fields as in `Order`.
"""

import os
import select
import socket
import sys
import time
from collections import deque

import msgspec

from bench.dialogues import Dialogue, Http, Smtp
from bench.messages import mails, sms

# The first moments are not counted: connections open, caches fill.
WARM_UP = 0.15


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, where to, and when to stop."""

    kind: str
    port: int
    prefix: str
    connections: int = 16
    #: Stop after so many seconds ...
    seconds: float = 600.0
    #: ... or messages.
    count: int = 1 << 30
    #: Messages a second; 0: as fast as they are acknowledged.
    rate: float = 0.0
    #: Bytes of a mail.
    size: int = 2_000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it went; times in seconds."""

    acknowledged: int
    refused: int
    rate: float
    p50: float
    p99: float
    #: The wall clock at the first message.
    began: float
    #: At a steady rate: when each message left, by its id.
    left: dict[str, float] = {}


class Load:
    """One run of an order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._poll = select.epoll()
        self._dialogues = {one.line.fileno(): one for one in _connect(order)}
        for descriptor in self._dialogues:
            self._poll.register(descriptor, select.EPOLLIN)
        self._idle = deque(self._dialogues.values())
        self._times: list[float] = []
        self._left: dict[str, float] = {}
        self._sent = self._refused = 0

    def run(self) -> Outcome:
        """Send until it is over, wait for the last answers, and sum up."""
        wall, began = time.time(), time.perf_counter()
        counted_from = began if self._order.rate else began + WARM_UP
        uncounted = 0
        while self._sent < self._order.count:
            now = time.perf_counter()
            if now - began > self._order.seconds:
                break
            if now < counted_from:
                uncounted = len(self._times)
            self._listen(self._begin_due(now - began))
        while len(self._idle) < len(self._dialogues):
            self._listen(1.0)
        seconds = time.perf_counter() - counted_from
        times = sorted(self._times[uncounted:]) or [0.0]
        return Outcome(
            acknowledged=len(self._times),
            refused=self._refused,
            rate=(len(self._times) - uncounted) / seconds,
            p50=times[len(times) // 2],
            p99=times[len(times) * 99 // 100],
            began=wall,
            left=self._left,
        )

    def _begin_due(self, elapsed: float) -> float:
        """Begin what is due on idle connections; returns how long nothing more will be."""
        rate = self._order.rate
        due = min(int(elapsed * rate) + 1 if rate else 1 << 30, self._order.count)
        while self._idle and self._sent < due:
            name = self._idle.popleft().begin()
            self._sent += 1
            if rate:
                self._left[name] = time.time()
        return max(0.0, self._sent / rate - elapsed) if rate else 0.1

    def _listen(self, timeout: float) -> None:
        for descriptor, _ in self._poll.poll(timeout):
            dialogue = self._dialogues[descriptor]
            verdict = dialogue.hear()
            if verdict is None:
                continue
            self._idle.append(dialogue)
            if verdict:
                self._times.append(time.perf_counter() - dialogue.began)
            else:
                self._refused += 1


def _connect(order: Order) -> list[Dialogue]:
    lines = [_line(order.port) for _ in range(order.connections)]
    if order.kind == "http":
        requests = ((one.name.decode(), one.request) for one in sms(order.prefix))
        return [Http(line, requests) for line in lines]
    letters = mails(order.prefix, order.size)
    return [Smtp(line, letters) for line in lines]


def _line(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A whole mail fits: one slow reader must not hold up the others.
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    return line


def main() -> None:
    """Carry out the order in argv."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    order = msgspec.json.decode(sys.argv[1], type=Order)
    outcome = Load(order).run()
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
