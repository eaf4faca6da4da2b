"""
Encryption at rest and keyed hashes, all from one 32-byte gateway key.

Each row is sealed with a data key of its own, wrapped by the gateway key: destroying the wrapped
key erases the row while the journal's chain over ciphertext stays verifiable. XSalsa20-Poly1305
by libsodium. A data key seals exactly one message, so its nonce may be constant. It is wrapped by
adding a pad that keyed BLAKE2b makes of a random nonce: a wrong or changed key shows when the
message it opens fails its own check.
"""

import hashlib
import hmac
import os

from nacl.bindings import crypto_secretbox, crypto_secretbox_open
from nacl.exceptions import CryptoError
from nacl.exceptions import ValueError as CryptoValueError

KEY_BYTES = 32
NONCE_BYTES = 24
ONE_MESSAGE = bytes(NONCE_BYTES)


class Vault:
    """What holds the gateway key; its repr shows nothing."""

    __slots__ = ("_pseudonyms", "_wrap", "key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the gateway key has {len(key)} bytes, not {KEY_BYTES}")
        self.key = key
        # A hash that has the key in already; a copy of it is made for each pad.
        self._wrap = hashlib.blake2b(key=self.derive("wrap"), digest_size=KEY_BYTES)
        self._pseudonyms = self.derive("pseudonym")

    def __repr__(self) -> str:
        return "<vault>"

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose, from which the gateway key cannot be found."""
        return hashlib.blake2b(purpose.encode(), key=self.key, digest_size=KEY_BYTES).digest()

    def seal(self, plain: bytes) -> tuple[bytes, bytes]:
        """The ciphertext and the wrapped data key."""
        random = os.urandom(KEY_BYTES + NONCE_BYTES)
        data_key, nonce = random[:KEY_BYTES], random[KEY_BYTES:]
        wrapped = nonce + self._padded(data_key, nonce)
        return crypto_secretbox(plain, ONE_MESSAGE, data_key), wrapped

    def open(self, ciphertext: bytes, data_key: bytes) -> bytes:
        """The plain bytes; raises ValueError when key or bytes do not fit."""
        nonce, wrapped = data_key[:NONCE_BYTES], data_key[NONCE_BYTES:]
        try:
            return crypto_secretbox_open(ciphertext, ONE_MESSAGE, self._padded(wrapped, nonce))
        except (CryptoError, CryptoValueError, OverflowError) as exc:
            raise ValueError("the row was sealed with another gateway key, or changed") from exc

    def _padded(self, key: bytes, nonce: bytes) -> bytes:
        pad = self._wrap.copy()
        pad.update(nonce)
        return (int.from_bytes(key) ^ int.from_bytes(pad.digest())).to_bytes(KEY_BYTES)

    def pseudonym(self, *parts: str) -> str:
        """A keyed hash to look a person up by without knowing who it is, 32 hex digits."""
        words = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(words, key=self._pseudonyms, digest_size=16).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(_octets(left), _octets(right))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # headers may hold bytes that are no UTF-8
