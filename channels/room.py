"""
The memory that bodies share while they arrive, so that many slow ones cannot take all of it.

Counted are bytes that are here, not those announced: an announcement costs its sender nothing.
The gateway gives each public request whose body is still on its way a share of one room.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from channels.contract import NotStored

# No process has as much.
_BOUNDLESS = 1 << 62


class Room:
    """So many bytes."""

    def __init__(self, size: int) -> None:
        self.free = size

    @contextmanager
    def lease(self, within: "Lease | None" = None) -> Iterator["Lease"]:
        """Hold room for one request, and give it back at the end; `within` must have it too."""
        lease = Lease(self, within)
        try:
            yield lease
        finally:
            self.free += lease.held


class Lease:
    """One request's share of a room."""

    def __init__(self, room: Room, within: "Lease | None" = None) -> None:
        self._room = room
        self._within = within
        self.held = 0

    def take(self, size: int) -> bool:
        """Take so many bytes more if they are there."""
        if size > self._room.free or (self._within and not self._within.take(size)):
            return False
        self._room.free -= size
        self.held += size
        return True

    def need(self, size: int) -> None:
        """Take so many bytes more, or raise NotStored: there will be room in a moment."""
        if not self.take(size):
            raise NotStored("too much is on its way in")


_LEASE: Final[web.RequestKey[Lease]] = web.RequestKey("lease", Lease)


def give(request: web.Request, lease: Lease) -> None:
    """Let who reads the body of this request take from the lease."""
    request[_LEASE] = lease


def lease_of(request: web.Request) -> Lease:
    """The lease given to a request; a boundless one where its body came with its head."""
    return request.get(_LEASE) or Lease(Room(_BOUNDLESS))
