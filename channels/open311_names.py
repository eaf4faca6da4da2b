"""
Under which name the journal knows what a client sends.

GeoReport has no idempotency key, and clients repeat a POST they got no answer to. So one that says
the same within ten minutes is the same; with an Idempotency-Key the key decides, for ever. The
name is keyed, so nobody can guess the token of somebody else's request from its words.
"""

import hashlib

import msgspec

from channels.open311_fields import attributes, degrees, every, first
from channels.open311_filed import Filed

WINDOW_SECONDS = 600
# Five decimals are about a metre: a telephone that asks its position again gets another sixth.
_DIGITS = 5
_SAID = ("service_code", "description", "address_id")
_PERSON = ("email", "phone", "account_id", "device_id", "first_name", "last_name")


class Names:
    """Makes the names requests go by; `key` is the channel's own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def by_key(self, client: str, idempotency_key: str) -> str:
        """The name of a request that brought a key."""
        return self._name(b"open311 key", client, idempotency_key)

    def by_content(self, request: Filed, *, window: int = 0) -> str:
        """The name of a request without one, in its ten minutes or `window` before them."""
        at = request.at // WINDOW_SECONDS - window
        return self._name(b"open311 said", request.client, at, _content(request))

    def lasting(self, request: Filed) -> str:
        """What requests that say the same have in common, whenever they came."""
        return self._name(b"open311 turn", request.client, _content(request))

    def _name(self, purpose: bytes, *said: object) -> str:
        content = msgspec.msgpack.encode(said)
        return hashlib.blake2b(content, key=self._key, digest_size=16, person=purpose).hexdigest()


def is_repeated(kept: Filed, now: int) -> bool:
    """Whether a request that says the same now is that one again."""
    return abs(now - kept.at) <= WINDOW_SECONDS


def _content(request: Filed) -> object:
    pairs = request.fields
    lat, lon = degrees(first(pairs, "lat"), 90), degrees(first(pairs, "long"), 180)
    if lat is not None and lon is not None:
        where: object = (round(lat, _DIGITS), round(lon, _DIGITS))
    else:
        where = " ".join(first(pairs, "address_string").lower().split())
    return (
        where,
        [first(pairs, name) for name in (*_SAID, *_PERSON)],
        sorted(attributes(pairs).items()),
        every(pairs, "media_url"),
        [hashlib.sha256(file.content).digest() for file in request.files],
    )
