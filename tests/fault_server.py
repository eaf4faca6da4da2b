"""
A central store behind HTTP that keeps what it is sent once per key, and fails as it is told.

Raw asyncio streams instead of a web framework, since most faults are no valid HTTP. `faults` are
used up one per request; afterwards, and by default, the server is in good health (`take`).
"""

import asyncio
import contextlib
import ssl
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: When it was there, by the monotonic clock.
    at: float = field(default_factory=time.monotonic)

    @property
    def key(self) -> str:
        """The idempotency key; empty where there is none."""
        return self.headers.get("idempotency-key", "").strip('"')


Fault = Callable[["FaultServer", Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class FaultServer:
    """`async with FaultServer() as server:` listens on a free port of 127.0.0.1."""

    faults: deque[Fault] = field(default_factory=deque)
    #: What it does when `faults` is empty, instead of `take`.
    health: Fault | None = None
    tls: ssl.SSLContext | None = None
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    #: What the store holds: one body per key, in the order of arrival.
    records: dict[str, bytes] = field(default_factory=dict)
    #: How often each key was sent.
    sent: Counter[str] = field(default_factory=Counter)
    #: Requests that are being answered, and the most there were at one time.
    busy: int = 0
    busiest: int = 0
    #: Rings whenever a request has come in.
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where to push to."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/records"

    async def up(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(
            self._converse, "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Listen no more and cut every connection."""
        if self._server:
            self._server.close()
            self._server = None
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to be true, looking again after each request."""
        async with self.came:
            await self.came.wait_for(true)

    async def more(self, count: int) -> None:
        """Wait for so many further requests."""
        wanted = len(self.requests) + count
        await self.until(lambda: len(self.requests) >= wanted)

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    def keep(self, request: Request) -> bool:
        """Do what a store does with a record; whether it was new."""
        new = request.key not in self.records
        if new:
            self.records[request.key] = request.body
        elif self.records[request.key] != request.body:
            raise AssertionError(f"{request.key} came again with another body")
        return new

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while request := await _read(reader):
                    await self._answer(request, writer)
        except asyncio.CancelledError:
            pass  # `down` cut it
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request)
        self.sent[request.key] += 1
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        fault = self.faults.popleft() if self.faults else self.health or take
        try:
            await fault(self, request, writer)
            await writer.drain()
        finally:
            self.busy -= 1
            async with self.came:
                self.came.notify_all()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().splitlines()
    method, path, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in lines if line)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method=method, path=path, headers=headers, body=body)


# --- behaviours --------------------------------------------------------------------------------


async def take(server: FaultServer, request: Request, writer: asyncio.StreamWriter) -> None:
    """Keep the record and say so; 409 for one that is there."""
    if request.method == "GET":
        found = request.path.rpartition("/")[2] in server.records
        writer.write(answer(200 if found else 404, b"{}"))
    elif server.keep(request):
        writer.write(answer(201, msgspec.json.encode({"reference": f"ref-{request.key[:8]}"})))
    else:
        writer.write(answer(409, b"{}"))


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    """Keep nothing and answer with a status; header names with _ for -."""

    async def fault(_server: FaultServer, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(code, body, **headers))

    return fault


async def lost(server: FaultServer, request: Request, writer: asyncio.StreamWriter) -> None:
    """Keep the record and hang up before answering."""
    server.keep(request)
    writer.close()


async def reset(_server: FaultServer, _request: Request, writer: asyncio.StreamWriter) -> None:
    """Keep nothing and cut the connection hard."""
    writer.transport.abort()


async def silent(_server: FaultServer, _request: Request, _writer: asyncio.StreamWriter) -> None:
    """Keep nothing and say nothing until the client gives up."""
    await asyncio.Event().wait()


async def late(server: FaultServer, request: Request, _writer: asyncio.StreamWriter) -> None:
    """Keep the record and say nothing until the client gives up."""
    server.keep(request)
    async with server.came:
        server.came.notify_all()
    await asyncio.Event().wait()


async def drip(_server: FaultServer, _request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer 200 one byte at a time, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def cut(_server: FaultServer, _request: Request, writer: asyncio.StreamWriter) -> None:
    """Keep nothing, answer 200 and hang up in the middle of the body."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b'{"reference":')
    writer.close()


async def garbage(_server: FaultServer, _request: Request, writer: asyncio.StreamWriter) -> None:
    """Keep nothing and answer with no HTTP at all."""
    writer.write(bytes(range(256)) * 4)
    writer.close()


async def huge(_server: FaultServer, _request: Request, writer: asyncio.StreamWriter) -> None:
    """Keep nothing and answer 200 with a body of a gibibyte, as long as somebody reads it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        if writer.is_closing():
            return
        writer.write(b"x" * (1 << 20))
        await writer.drain()


def answer(code: int, body: bytes, **headers: str) -> bytes:
    """The bytes of an HTTP answer."""
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {code} x\r\n{head}\r\n".encode() + body
