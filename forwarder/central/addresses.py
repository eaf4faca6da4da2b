"""
Which addresses a push may go to: public ones, unless the operator allows others.

The check sits where a name has just been resolved, and the connection goes to the very addresses
that were checked: a name that resolves differently a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

REFUSED = "resolves to a private address"


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


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
