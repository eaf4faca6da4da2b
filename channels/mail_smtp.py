"""
The SMTP and LMTP listeners: one protocol object per connection, in the gateway's own loop.

250 is said after `store` returned, 451 on any fault of ours, 550 to mail that is not for us; mail
is never accepted and bounced later. Meant to stand behind a mail server or on loopback, and
limited all the same. aiosmtpd gives the dialogue; the text of a mail is read here in blocks, which
takes lines of any length and a tenth of the time. RFC 5321, RFC 2033 (one reply per recipient).
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from channels.contract import NotStored

_STORED = "250 2.0.0 Stored"
_OUR_FAULT = "451 4.3.0 Not stored, please send it again later"
_TOO_LARGE = "552 5.3.4 This mail is larger than we take"
_LAST_LINE = b"\r\n.\r\n"
# Also the least a sender must deliver within one command timeout, so nobody drips a mail in.
_BLOCK = 64 * 1024

Store = Callable[[str, list[str], str, bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What we offer and how much of it."""

    hostname: str
    max_bytes: int
    max_recipients: int
    max_connections: int
    max_connections_per_address: int
    command_timeout: float


class Door:
    """Counts who is inside; loopback and unix sockets are our own mail server, with one address."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._inside: Counter[str] = Counter()
        self.sessions: set[SmtpSession] = set()

    def enter(self, session: "SmtpSession", address: str) -> bool:
        """Whether one more connection from this address is welcome; counts it if so."""
        if len(self.sessions) >= self._terms.max_connections:
            return False
        if self._inside[address] >= self._terms.max_connections_per_address:
            return False
        self._inside[address] += 1
        self.sessions.add(session)
        return True

    def leave(self, session: "SmtpSession", address: str) -> None:
        """The connection is gone."""
        self.sessions.discard(session)
        self._inside[address] -= 1
        if self._inside[address] <= 0:
            del self._inside[address]


class Receiver:
    """Answers the commands; `store` returns once the mail is on disk."""

    def __init__(self, terms: Terms, is_ours: Callable[[str], bool], store: Store) -> None:
        self._terms = terms
        self._is_ours = is_ours
        self._store = store
        self.storing: set[asyncio.Future[None]] = set()

    async def handle_RCPT(  # noqa: N802, PLR0917 (aiosmtpd's name and its arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take our own recipients, as many as one mail may have."""
        del server, session, options
        if not self._is_ours(address):
            return "550 5.1.1 No such recipient here"
        if len(envelope.rcpt_tos) >= self._terms.max_recipients:
            return "452 4.5.3 Too many recipients, please send the rest separately"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Store the mail, then say so: once by SMTP, once per recipient by LMTP."""
        content = envelope.content
        if not isinstance(content, bytes):
            return _OUR_FAULT
        sender, peer = envelope.mail_from or "", _address(session.peer)
        storing = asyncio.ensure_future(self._store(sender, envelope.rcpt_tos, peer, content))
        self.storing.add(storing)
        storing.add_done_callback(self._stored)
        try:
            # A client that hangs up cancels us, but never a write under way.
            await asyncio.shield(storing)
        except NotStored:
            return self._replies(server, envelope, _OUR_FAULT)
        return self._replies(server, envelope, _STORED)

    async def handle_exception(self, error: Exception) -> str:
        """Whatever else went wrong is ours to repair, and the sender's to repeat."""
        structlog.get_logger("channels.mail").error(
            "mail session failed", error=type(error).__name__
        )
        return _OUR_FAULT

    def _stored(self, storing: asyncio.Future[None]) -> None:
        self.storing.discard(storing)
        if not storing.cancelled():
            storing.exception()  # looked at, though the client may be gone

    @staticmethod
    def _replies(server: SMTP, envelope: Envelope, reply: str) -> str:
        return "\r\n".join([reply] * (len(envelope.rcpt_tos) if isinstance(server, LMTP) else 1))


class SmtpSession(SMTP):
    """One SMTP connection."""

    # The reader's buffer, and with it the longest command; a mail's lines may be longer.
    line_length_limit = _BLOCK

    def __init__(
        self, receiver: Receiver, door: Door, terms: Terms, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(
            receiver,
            hostname=terms.hostname,
            ident="ESMTP",
            data_size_limit=terms.max_bytes,
            enable_SMTPUTF8=True,
            tls_context=context,
            timeout=terms.command_timeout,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._door = door
        self._inside_as: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless too many are here; also called when TLS has started."""
        if self._inside_as is None:
            address = _address(transport.get_extra_info("peername"))
            if not self._door.enter(self, address):
                writing = cast("asyncio.WriteTransport", transport)  # uvloop's is none by class
                writing.write(b"421 4.7.0 Too many connections, please come back later\r\n")
                writing.close()
                return
            self._inside_as = address
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room."""
        if self._inside_as is None:
            return
        self._door.leave(self, self._inside_as)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """The client has nothing more to say."""
        return super().eof_received() if self._inside_as is not None else None

    def hang_up(self) -> None:
        """Close once what was written is sent."""
        if self.transport is not None:
            self.transport.close()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 (aiosmtpd's name)
        """Read the mail in blocks up to the line with the dot, then ask the receiver."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None  # noqa: S101 (as aiosmtpd)
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 No valid recipients")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._read_mail()
        if content is None:
            status = _TOO_LARGE
        else:
            self.envelope.content = self.envelope.original_content = content
            status = await self.event_handler.handle_DATA(self, self.session, self.envelope)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)

    async def _read_mail(self) -> bytes | None:
        """The bytes as they were before transmission, or None if they are too many."""
        # With the line break before it also a dot in the first line is one between line breaks.
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001 (as aiosmtpd)
        text, too_large, ended = bytearray(), False, False
        while not ended:
            try:
                text += await self._reader.readuntil(_LAST_LINE)
                ended = True
            except asyncio.LimitOverrunError as overrun:
                text += await self._reader.readexactly(overrun.consumed)
            self._reset_timeout()
            if self.data_size_limit and len(text) > self.data_size_limit + len(_LAST_LINE):
                too_large = True
                text.clear()
        return None if too_large else bytes(text[:-3]).replace(b"\r\n.", b"\r\n")[2:]


class LmtpSession(SmtpSession, LMTP):
    """One LMTP connection."""


class Certificate:
    """A TLS context for new connections, made again when the files have changed."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._seen: tuple[int, int] | None = None
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext | None:
        """The context for the files as they are; half-written ones leave the one before."""
        try:
            seen = (self._chain.stat().st_mtime_ns, self._key.stat().st_mtime_ns)
            if seen != self._seen:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.minimum_version = ssl.TLSVersion.TLSv1_2
                context.load_cert_chain(self._chain, self._key)
                self._context, self._seen = context, seen
        except (OSError, ValueError):
            return self._context
        return self._context


def _address(peer: Any) -> str:  # noqa: ANN401 (a tuple, a string or bytes, by kind of socket)
    return str(peer[0]) if isinstance(peer, tuple) and peer else "local"
