"""
A webhook that came in one piece, for doors that can say at once what becomes of it.

Nearly every message does: a POST with a plain head, its body in the same packet. The gateway reads
such a head itself and calls the door without a request object and without a task, which cost more
than storing the message does. Whatever is unusual goes by the channel's `routes`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from multidict import CIMultiDictProxy

from channels.acknowledgement import Acknowledgement
from channels.contract_inbox import Accepted


class Asked(Protocol):
    """What tells who asks: of an aiohttp request, or of `Posted`."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """As they came."""

    @property
    def remote(self) -> str | None:
        """The address it came from."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One POST, all of it."""

    #: The raw query, without its question mark.
    query: str
    headers: CIMultiDictProxy[str]
    body: bytes
    remote: str | None


#: Orders the message to be stored, and returns None where the usual way must answer; NotStored.
Take: TypeAlias = Callable[[Posted], asyncio.Future[Accepted] | None]


@dataclass(frozen=True, slots=True)
class QuickDoor:
    """Who takes the message, and what the provider hears once it is stored."""

    take: Take
    answer: Acknowledgement
