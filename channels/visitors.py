"""
Visitors nobody knows: by which address they are counted, and how often one may come.

For doors without keys, such as the form and the look-up of case codes. Nothing here reads a clock;
times are seconds. Each process counts for itself.
"""

import ipaddress
from collections import OrderedDict

from aiohttp import web


def address_of(request: web.Request, proxy_header: str) -> str:
    """
    The address to count by: the peer's, or what the trusted proxy in front wrote.

    Of a list such as X-Forwarded-For only the last entry is the proxy's own; what stands before it
    came from outside. One household has a whole IPv6 /64, so that counts as one address.
    """
    said = request.headers.getall(proxy_header, []) if proxy_header else []
    for candidate in (said[-1].rpartition(",")[2].strip() if said else "", request.remote or ""):
        try:
            address = ipaddress.ip_address(candidate)
        except ValueError:
            continue
        wide = address.version == 6  # noqa: PLR2004 (the protocol's own number)
        return str(ipaddress.ip_network((address, 64), strict=False)) if wide else str(address)
    return ""


class Buckets:
    """One token bucket per address, at most `size` of them; the quietest one is forgotten first."""

    def __init__(self, per_hour: int, size: int = 20_000) -> None:
        self._full = float(per_hour)
        self._size = size
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds until there is one to take; 0.0 where there is one."""
        level = self._level(address, now)
        return 0.0 if level >= 1 else (1 - level) * 3600 / self._full

    def take(self, address: str, now: float) -> float:
        """Take one; 0.0 when there was one, else the seconds until there is."""
        level, wait = self._level(address, now), self.wait(address, now)
        self._levels[address] = (level if wait else level - 1, now)
        self._levels.move_to_end(address)
        if len(self._levels) > self._size:
            self._levels.popitem(last=False)
        return wait

    def _level(self, address: str, now: float) -> float:
        level, then = self._levels.get(address, (self._full, now))
        # A clock that was set back refills nothing and takes nothing away.
        return min(self._full, level + max(0.0, now - then) * self._full / 3600)
