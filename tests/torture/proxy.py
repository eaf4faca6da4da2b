"""
A TCP proxy between the gateway and a peer, which spoils one exchange after the other as told.

It knows no HTTP: the first bytes of a client after an answer are a new exchange, and take the next
of `troubles`. What it did is counted, so that a line can tell that its weather has come.
"""

import asyncio
import contextlib
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Literal, Self

#: reset: after accept, before anything is passed on. cut: half a request goes through. lose: the
#: whole request goes through and its answer does not. half: so much of the answer. slow: all of
#: it, byte by byte.
Trouble = Literal["none", "reset", "cut", "lose", "half", "slow"]
TROUBLES: tuple[Trouble, ...] = ("reset", "cut", "lose", "half", "slow")

CHUNK = 1 << 16
SLOW_SECONDS = 0.002


@dataclass(slots=True, kw_only=True)
class FaultProxy:
    """`async with FaultProxy(to=port) as proxy:` listens on a free port of 127.0.0.1."""

    #: The port of the peer on 127.0.0.1.
    to: int
    troubles: deque[Trouble] = field(default_factory=deque)
    met: Counter[Trouble] = field(default_factory=Counter)
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where the gateway is told the peer is."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, "127.0.0.1")
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer_reader, peer_writer = await asyncio.open_connection("127.0.0.1", self.to)
        exchange = Exchange()
        ways = (
            asyncio.create_task(self._there(exchange, reader, peer_writer)),
            asyncio.create_task(_back(exchange, peer_reader, writer)),
        )
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        if exchange.trouble == "reset":
            writer.transport.abort()
        for way in ways:
            way.cancel()
        writer.close()
        peer_writer.close()

    async def _there(
        self, exchange: "Exchange", reader: asyncio.StreamReader, peer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                if exchange.answered:
                    exchange.answered = False
                    exchange.trouble = self.troubles.popleft() if self.troubles else "none"
                    self.met[exchange.trouble] += 1
                if exchange.trouble == "reset":
                    return
                if exchange.trouble == "cut":
                    peer.write(chunk[: len(chunk) // 2])
                    await peer.drain()
                    return
                peer.write(chunk)
                await peer.drain()


@dataclass(slots=True)
class Exchange:
    """A request and its answer on a connection that may carry several."""

    trouble: Trouble = "none"
    answered: bool = True


async def _back(
    exchange: Exchange, peer: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await peer.read(CHUNK):
            exchange.answered = True
            if exchange.trouble == "lose":
                return
            if exchange.trouble == "half":
                writer.write(chunk[: len(chunk) // 2])
                await writer.drain()
                return
            pieces = [chunk]
            if exchange.trouble == "slow":
                pieces = [chunk[at : at + 1] for at in range(len(chunk))]
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if exchange.trouble == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
