"""
Which addresses a push may go to: public ones, unless the operator allows others.

The check sits where a name has just been resolved, and the connection goes to the very addresses
that were checked: a name that resolves differently a moment later (DNS rebinding) gains nothing.
It is made once more where the socket is opened: for digits nobody resolves, in whatever letters.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from channels import media

REFUSED = "resolves to a private address"


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    return media.is_public(ipaddress.ip_address(address.partition("%")[0]))


def host_of(url: str) -> str:
    """The host an http or https URL names, or "" when it is no such URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in {"http", "https"} else ""


def is_private_literal(host: str) -> bool:
    """Whether a URL names a private address in digits; aiohttp asks no resolver for those."""
    try:
        return not is_public(host.strip("[]"))
    except ValueError:
        return False


def open_public_socket(target: AddrInfoType) -> socket.socket:
    """The socket for one address, just before it connects; raises OSError where that is private."""
    family, kind, protocol, _, address = target
    if not is_public(str(address[0])):
        raise OSError(f"the address {REFUSED}")
    return socket.socket(family, kind, protocol)


class PublicResolver(AbstractResolver):
    """The system's resolver, without private addresses."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of a name; raises OSError when there are only others."""
        found = await self._system.resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise OSError(f"{host} {REFUSED}")
        return public

    async def close(self) -> None:
        """Nothing to let go of."""
