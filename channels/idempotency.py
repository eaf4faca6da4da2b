"""
The Idempotency-Key header, and one request at a time for each key.

The draft wants a string in quotes; many clients leave the quotes out, and mean the same.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
#: How long a second request with a key waits for the first one's answer, in seconds.
PATIENCE = 5.0

# A string of RFC 8941; parameters behind it are left alone.
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"(?:\s*;.*)?')
_BARE = re.compile(r"[\x21\x23-\x7e]+")


def idempotency_key(values: Sequence[str]) -> str | None:
    """The key in the header's values; "" where it is not sent, None where it is none."""
    if not values:
        return ""
    written = values[0].strip(" \t")
    quoted = _QUOTED.fullmatch(written)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else written
    is_key = (quoted or _BARE.fullmatch(written)) and 0 < len(key) <= LONGEST_KEY
    return key if is_key and len(values) == 1 else None


class Turns:
    """Lets one request at a time work on a name."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[bool]:
        """Whether it became our turn in time."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
