"""
A text without what is private in it, which only the gateway key makes whole again.

What was taken out is sealed like every other row: without the key, or when its data key is
destroyed, "[nik]" stays "[nik]".
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from gateway.vault import Vault
from normalizer.privacy import Taken, put_back, taken_out
from normalizer.record import PrivateSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A masked text beside its sealed originals."""

    text: str
    ciphertext: bytes
    data_key: bytes


def mask(text: str, spans: Iterable[PrivateSpan], vault: Vault) -> Masked:
    """Take out what identifies somebody and seal it."""
    masked, taken = taken_out(text, spans)
    ciphertext, data_key = vault.seal(msgspec.json.encode(taken))
    return Masked(text=masked, ciphertext=ciphertext, data_key=data_key)


def unmask(masked: Masked, vault: Vault) -> str:
    """The text as it was; ValueError with another key, or where the text is another one."""
    plain = vault.open(masked.ciphertext, masked.data_key)
    return put_back(masked.text, msgspec.json.decode(plain, type=tuple[Taken, ...]))
