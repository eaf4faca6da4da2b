"""
An IMAP server that follows a script, for what a healthy one does not do.

It holds a few mails under UIDs from 1 on, knows LOGIN, EXAMINE, UID SEARCH and UID FETCH, and
answers a command with the words of `script` where it names it; "hang up" closes the connection.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class ImapServer:
    """What it holds, how it misbehaves, what it was asked."""

    mails: dict[int, bytes] = field(default_factory=dict)
    #: By the command ("LOGIN", "UID FETCH 2"): lines before the tagged answer, and that answer.
    script: dict[str, tuple[list[bytes], str]] = field(default_factory=dict)
    #: UIDs that a search names though they are gone.
    ghosts: set[int] = field(default_factory=set)
    uidvalidity: int = 7
    #: What comes in at the moment somebody says IDLE.
    meanwhile: dict[int, bytes] = field(default_factory=dict)
    greeting: bytes = b"* OK ready"
    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(ConnectionError):
            writer.write(self.greeting + b"\r\n")
            while line := (await reader.readline()).decode().strip():
                tag, _, command = line.partition(" ")
                self.asked.append(command)
                if command == "IDLE":
                    self.mails |= self.meanwhile
                    news = f"+ idling\r\n* {len(self.mails)} EXISTS\r\n"
                    writer.write(news.encode())
                    await reader.readline()
                said = self._answer(command)
                if said is None:
                    break
                lines, end = said
                writer.write(b"".join(each + b"\r\n" for each in lines))
                writer.write(f"{tag} {end}\r\n".encode())
        writer.close()

    def _answer(self, command: str) -> tuple[list[bytes], str] | None:
        for beginning, said in self.script.items():
            if command.startswith(beginning):
                return None if said[1] == "hang up" else said
        fetch = re.match(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)> RFC822\.SIZE\)", command)
        if fetch:
            return self._mail(int(fetch[1]), int(fetch[2])), "OK done"
        if command.startswith("UID SEARCH"):
            uids = sorted({*self.mails, *self.ghosts})
            return [b"* SEARCH " + " ".join(map(str, uids)).encode()], "OK done"
        if command.startswith("EXAMINE"):
            exists = len(self.mails) + len(self.ghosts)
            return [
                f"* {exists} EXISTS".encode(),
                b"* 0 RECENT",
                f"* OK [UIDVALIDITY {self.uidvalidity}] UIDs".encode(),
            ], "OK [READ-ONLY] done"
        if command == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1" + (b" IDLE" if self.meanwhile else b"")], "OK done"
        return [], "OK done"

    def _mail(self, uid: int, most: int) -> list[bytes]:
        content = self.mails.get(uid)
        if content is None:
            return []
        shown = content[:most]
        head = f"* 1 FETCH (UID {uid} RFC822.SIZE {len(content)} BODY[]<0> {{{len(shown)}}}\r\n"
        return [head.encode() + shown + b")"]


@asynccontextmanager
async def running_imap(server: ImapServer) -> AsyncIterator[ImapServer]:
    """It listens on loopback."""
    running = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = running.sockets[0].getsockname()[1]
    async with running:
        yield server
