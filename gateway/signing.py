"""
Statements the gateway signs: Ed25519 by libsodium, over the very bytes that are kept.

A signed statement is one line of JSON that holds the statement as text, so nothing has to be
brought into a canonical form before it is checked. Whoever checks it must know the public key from
elsewhere (`lapor-gateway status` shows it): a key that comes along with a statement proves nothing.
"""

import base64
from typing import TypeVar

import msgspec
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from gateway.vault import Vault

S = TypeVar("S", bound=msgspec.Struct)


class NotSigned(ValueError):
    """A statement is not what it was when somebody signed it, or somebody else signed it."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A statement with its signature."""

    #: JSON, as it was signed.
    statement: str
    #: Base64.
    signature: str
    #: The public key, base64.
    key: str


class Signer:
    """Signs with a key that is made of the gateway key."""

    def __init__(self, vault: Vault) -> None:
        self._key = SigningKey(vault.derive("signed statements"))

    @property
    def public_key(self) -> str:
        """What a signature is checked with, base64."""
        return _text(bytes(self._key.verify_key))

    def sign(self, statement: msgspec.Struct) -> bytes:
        """One line of JSON, without a line end."""
        said = msgspec.json.encode(statement)
        signature = _text(self._key.sign(said).signature)
        signed = Signed(statement=said.decode(), signature=signature, key=self.public_key)
        return msgspec.json.encode(signed)


def read_signed(line: bytes, shape: type[S], keys: frozenset[str]) -> S:
    """The statement, if one of these public keys signed it; NotSigned if not."""
    try:
        signed = msgspec.json.decode(line, type=Signed)
        if signed.key not in keys:
            raise NotSigned("it was signed with a key that is not known here")
        said = signed.statement.encode()
        VerifyKey(_bytes(signed.key)).verify(said, _bytes(signed.signature))
        return msgspec.json.decode(said, type=shape)
    except CryptoError as exc:
        raise NotSigned("its signature does not fit: it was changed") from exc
    except (msgspec.DecodeError, ValueError, RecursionError) as exc:
        raise NotSigned(str(exc)) from exc


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
