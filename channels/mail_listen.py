"""
The sockets of the mail channel: opened together, closed in order.

An address is "host:port", "[::1]:port" or "unix:/path". On the way out nobody new is let in, mails
being stored are waited for, then every connection is closed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

from channels.mail_smtp import Door, Receiver, SmtpSession

# Longer than any commit takes; shorter than the patience of whoever stops the process.
_LAST_WRITES = 5.0


def split_address(address: str) -> tuple[str, int]:
    """Host and port; raises ValueError for what is none."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit():
        # Somebody may have written an account and its password before it.
        raise ValueError(f"{address.rpartition('@')[2]!r} is not of the form host:port")
    return host.strip("[]"), int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address."""
    if address.startswith("unix:"):
        return True
    host, _ = split_address(address)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def listening(
    doors: Sequence[tuple[str, Callable[[], SmtpSession]]], door: Door, receiver: Receiver
) -> AsyncIterator[list[str]]:
    """Listen on every address with its kind of session; gives the addresses as bound."""
    # aiosmtpd writes senders and recipients into its log, at any level; ours must not hold them.
    logging.getLogger("mail.log").disabled = True
    servers: list[asyncio.Server] = []
    try:
        for address, session in doors:
            servers.append(await _listen(address, session))
        yield [bound for server in servers for bound in _bound(server)]
    finally:
        for server in servers:
            server.close()
        if receiver.storing:
            await asyncio.wait(receiver.storing, timeout=_LAST_WRITES)
            await asyncio.sleep(0)  # the sessions say 250
        for guest in list(door.sessions):
            guest.hang_up()


async def _listen(address: str, session: Callable[[], SmtpSession]) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        return await loop.create_unix_server(session, address.removeprefix("unix:"))
    host, port = split_address(address)
    return await loop.create_server(session, host, port)


def _bound(server: asyncio.Server) -> list[str]:
    return [_written(listener.getsockname()) for listener in server.sockets]


def _written(name: tuple[str, int] | str) -> str:
    if isinstance(name, str):
        return f"unix:{name}"
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
