"""
Who an anonymous citizen is, sealed so that only the ministry can read it.

libsodium's sealed boxes: anybody may close one with the public key, the private key alone opens it,
and not even who closed it can. A box is padded, so that its length tells nothing; the boxes of a
record stand one behind the other in `reporter.sealed`, oldest first, in base64.
https://doc.libsodium.org/public-key_cryptography/sealed_boxes
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Literal

import msgspec
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

KEY_BYTES = 32
PADDED_TO = 512
BETWEEN = "."


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one message told of who wrote it, and its words before they were masked."""

    schema: Literal["lapor.identity/1"] = "lapor.identity/1"
    record_id: str
    case_code: str
    channel: str
    #: When it was sealed, ISO 8601.
    at: str
    sender: str = ""
    return_address: str | None = None
    name: str = ""
    contact: str = ""
    external_id: str = ""
    source_url: str = ""
    title: str = ""
    text: str = ""
    place: str = ""
    context: str = ""
    files: tuple[str, ...] = ()


class Ministry:
    """Seals for the holder of a private key that is not here."""

    def __init__(self, public_key: bytes) -> None:
        self._box = SealedBox(PublicKey(public_key))

    def seal(self, told: Told) -> str:
        """One box in base64."""
        plain = msgspec.json.encode(told)
        plain += b" " * (-len(plain) % PADDED_TO)
        return base64.b64encode(self._box.encrypt(plain)).decode()


def joined(before: str | None, box: str | None) -> str | None:
    """The boxes of a record with one more behind them."""
    return BETWEEN.join(filter(None, (before, box))) or None


def opened(private_key: bytes, boxes: str) -> Iterator[Told]:
    """What is in the boxes of a record; ValueError where the key does not fit."""
    box = SealedBox(PrivateKey(private_key))
    for one in boxes.split(BETWEEN):
        try:
            plain = box.decrypt(base64.b64decode(one, validate=True))
            yield msgspec.json.decode(plain, type=Told)
        except (CryptoError, binascii.Error, msgspec.DecodeError, TypeError) as exc:
            raise ValueError("sealed for another key, or changed") from exc


def new_pair() -> tuple[str, str]:
    """A private key and its public key, each in base64."""
    private = PrivateKey.generate()
    return _spelled(bytes(private)), _spelled(bytes(private.public_key))


def read_key(text: str) -> bytes:
    """A key as `new_pair` spells it, lines of comment left out; ValueError where it is none."""
    key = b""
    with suppress(binascii.Error):
        key = base64.b64decode("".join(_lines(text.splitlines())), validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(f"expected {KEY_BYTES} bytes in base64")
    return key


def _lines(lines: Iterable[str]) -> Iterator[str]:
    return (line.strip() for line in lines if not line.startswith("#"))


def _spelled(key: bytes) -> str:
    return base64.b64encode(key).decode()
