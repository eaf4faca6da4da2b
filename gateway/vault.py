"""
Encryption at rest and keyed hashes, all from the gateway key.

Each row is sealed with a data key of its own, wrapped by the gateway key: destroying the wrapped
key erases the row while the journal's chain over ciphertext stays verifiable. XSalsa20-Poly1305
by libsodium. A data key seals exactly one message, so its nonce may be constant. It is wrapped by
adding a pad that keyed BLAKE2b makes of a random nonce: a wrong or changed key shows when the
message it opens fails its own check.

A gateway key that was rotated is a ring. The first key stays for ever what names are derived from
(pseudonyms, case codes); the last one wraps what is new; each opens what it wrapped. A wrapped key
ends in the mark of the ring's key that wrapped it; the first one has none.
"""

import hashlib
import hmac
import os

from nacl.bindings import crypto_secretbox, crypto_secretbox_open
from nacl.exceptions import CryptoError
from nacl.exceptions import ValueError as CryptoValueError

KEY_BYTES = 32
NONCE_BYTES = 24
MARK_BYTES = 4
ONE_MESSAGE = bytes(NONCE_BYTES)
WRAPPED = NONCE_BYTES + KEY_BYTES
#: Ends the mark of what tells who somebody is: it is wrapped by a key of its own.
WHO = b"i"


class Vault:
    """What holds the gateway key; its repr shows nothing."""

    __slots__ = ("_newest", "_pseudonyms", "_wraps", "key")

    def __init__(self, key: bytes) -> None:
        self.renew(key)
        self._pseudonyms = self.derive("pseudonym")

    def __repr__(self) -> str:
        return "<vault>"

    def renew(self, key: bytes) -> None:
        """Take a ring that was rotated; it begins with the same key, so all names stay."""
        if not key or len(key) % KEY_BYTES:
            raise ValueError(f"the gateway key has {len(key)} bytes, not {KEY_BYTES} or a multiple")
        ring = [key[at : at + KEY_BYTES] for at in range(0, len(key), KEY_BYTES)]
        marks = [b"", *map(_mark, ring[1:])]
        # Hashes that have the key in already; a copy of one is made for each pad.
        self._wraps = {
            mark + who: hashlib.blake2b(key=_derived(one, purpose), digest_size=KEY_BYTES)
            for one, mark in zip(ring, marks, strict=True)
            for purpose, who in (("wrap", b""), ("wrap identities", WHO))
        }
        self._newest = self._wraps[marks[-1]], marks[-1]
        self.key = key

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose, from which the gateway key cannot be found."""
        return _derived(self.key[:KEY_BYTES], purpose)

    def seal(self, plain: bytes) -> tuple[bytes, bytes]:
        """The ciphertext and the wrapped data key."""
        wrap, mark = self._newest
        return _sealed(plain, wrap, mark)

    def seal_identity(self, plain: bytes) -> tuple[bytes, bytes]:
        """The same under the key of identities."""
        mark = self._newest[1] + WHO
        return _sealed(plain, self._wraps[mark], mark)

    def open(self, ciphertext: bytes, data_key: bytes) -> bytes:
        """The plain bytes; raises ValueError when key or bytes do not fit."""
        try:
            return crypto_secretbox_open(ciphertext, ONE_MESSAGE, self._unwrapped(data_key))
        except (CryptoError, CryptoValueError, OverflowError, KeyError) as exc:
            raise ValueError("the row was sealed with another gateway key, or changed") from exc

    def rewrapped(self, data_key: bytes) -> bytes | None:
        """The data key under the newest key; None where that has wrapped it already."""
        mark, newest = data_key[WRAPPED:], self._newest[1]
        is_identity = mark.endswith(WHO) and len(mark) != MARK_BYTES
        wanted = newest + WHO if is_identity else newest
        if mark == wanted:
            return None
        try:
            plain, nonce = self._unwrapped(data_key), os.urandom(NONCE_BYTES)
        except KeyError as exc:
            raise ValueError("a data key was wrapped by a gateway key that is not here") from exc
        return nonce + _padded(self._wraps[wanted], plain, nonce) + wanted

    def _unwrapped(self, data_key: bytes) -> bytes:
        wrap = self._wraps[data_key[WRAPPED:]]
        return _padded(wrap, data_key[NONCE_BYTES:WRAPPED], data_key[:NONCE_BYTES])

    def pseudonym(self, *parts: str) -> str:
        """A keyed hash to look a person up by without knowing who it is, 32 hex digits."""
        words = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(words, key=self._pseudonyms, digest_size=16).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(_octets(left), _octets(right))


def _sealed(plain: bytes, wrap: "hashlib.blake2b", mark: bytes) -> tuple[bytes, bytes]:
    random = os.urandom(KEY_BYTES + NONCE_BYTES)
    data_key, nonce = random[:KEY_BYTES], random[KEY_BYTES:]
    wrapped = nonce + _padded(wrap, data_key, nonce) + mark
    return crypto_secretbox(plain, ONE_MESSAGE, data_key), wrapped


def _padded(wrap: "hashlib.blake2b", key: bytes, nonce: bytes) -> bytes:
    pad = wrap.copy()
    pad.update(nonce)
    return (int.from_bytes(key) ^ int.from_bytes(pad.digest())).to_bytes(KEY_BYTES)


def _derived(key: bytes, purpose: str) -> bytes:
    return hashlib.blake2b(purpose.encode(), key=key, digest_size=KEY_BYTES).digest()


def _mark(key: bytes) -> bytes:
    return hashlib.blake2b(b"ring", key=key, digest_size=MARK_BYTES).digest()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # headers may hold bytes that are no UTF-8
