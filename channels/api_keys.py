"""
Under which name the journal knows what an app sends, and by which the app asks for it.

An idempotency key counts for its app alone and stands in the journal as a keyed digest: apps make
keys of telephone numbers, and ids are stored in plain.
"""

import base64
import hashlib
import hmac
import re

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


class Names:
    """Makes the names reports go by; `key` is the channel's own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def external_id(self, app: str, idempotency_key: str) -> str:
        """How the journal knows a report."""
        return f"{app}.{self._digest(b'api report', app, idempotency_key, size=16).hex()}"

    def reference(self, app: str, case_code: str) -> str:
        """
        The case code with a mark that only this app is given.

        It tells whose report a code belongs to without a look anywhere, from the moment the app
        hears of it.
        """
        mark = base64.b32encode(self._digest(b"api case", app, case_code, size=10))
        return f"{case_code}-{mark.decode().lower()}"

    def case_code(self, app: str, reference: str) -> str | None:
        """The case code in a reference, or None where it was not given to this app."""
        code = reference.partition("-")[0]
        ours = self.reference(app, code).encode()
        return code if hmac.compare_digest(ours, _octets(reference)) else None

    def _digest(self, purpose: bytes, app: str, said: str, *, size: int) -> bytes:
        content = f"{app}\n".encode() + _octets(said)
        return hashlib.blake2b(content, key=self._key, digest_size=size, person=purpose).digest()


def key_shown(authorization: str) -> str:
    """The key in an Authorization header, or ""."""
    found = _BEARER.fullmatch(authorization)
    return found[1] if found else ""


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
