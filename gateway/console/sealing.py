"""What a browser carries for us and cannot read: sealed by the vault, as text."""

import base64

from gateway.vault import Vault

#: Before the ciphertext stands the wrapped data key, which has no fixed length.
LENGTH_BYTES = 2


def sealed(vault: Vault, plain: bytes) -> str:
    """As it stands in a field or a cookie."""
    ciphertext, data_key = vault.seal(plain)
    head = len(data_key).to_bytes(LENGTH_BYTES)
    return base64.urlsafe_b64encode(head + data_key + ciphertext).decode()


def opened(vault: Vault, field: str) -> bytes | None:
    """What was sealed; None where it was not by us, or is not whole."""
    try:
        raw = base64.urlsafe_b64decode(field.encode())
        size = int.from_bytes(raw[:LENGTH_BYTES])
        rest = raw[LENGTH_BYTES:]
        return vault.open(rest[size:], rest[:size])
    except ValueError:
        return None
