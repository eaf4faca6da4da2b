"""
Signed webhooks: an HMAC-SHA256 over the raw body in a header, as LINE, Meta and X send it.

The comparison takes the same time whatever was sent; two secrets are valid while one replaces the
other. Without a secret nobody is admitted: whoever wants an open door leaves the check out.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Literal

from channels.contract import Secret

_MOST_SECRETS = 2


class Signatures:
    """
    Signs and checks bodies; the first secret signs, each of them admits.

    Meta: ("X-Hub-Signature-256", form="hex", prefix="sha256="). LINE: ("X-Line-Signature",
    form="base64"). X: ("x-twitter-webhooks-signature", form="base64", prefix="sha256=").
    Raises ValueError for an empty secret or more than two.
    """

    def __init__(
        self,
        secrets: Sequence[Secret],
        header: str,
        *,
        form: Literal["hex", "base64"] = "hex",
        prefix: str = "",
    ) -> None:
        if len(secrets) > _MOST_SECRETS or not all(secret.value for secret in secrets):
            raise ValueError("secrets must be one or, while it is being replaced, two; none empty")
        self._keys = [secret.value.encode() for secret in secrets]
        self._header = header
        self._form = form
        self._prefix = prefix

    def is_shown(self, headers: Mapping[str, str]) -> bool:
        """Whether there is anything to compare: else nobody needs to read the body."""
        return bool(self._keys) and self._header in headers

    def admits(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether one of the secrets signed exactly these bytes; give the headers as they came."""
        shown = headers.get(self._header, "")
        if self._form == "hex":
            shown = shown.lower()
        octets = shown.encode("utf-8", "surrogatepass")
        known = False
        for key in self._keys:
            known |= hmac.compare_digest(octets, self._signature(key, body).encode())
        return known

    def sign(self, body: bytes) -> dict[str, str]:
        """The header with which `admits` lets this body in; none without a secret."""
        return {self._header: self.of(body)} if self._keys else {}

    def of(self, content: bytes) -> str:
        """The signature of any bytes, prefix included, such as the answer to X's CRC."""
        return self._signature(self._keys[0], content) if self._keys else ""

    def _signature(self, key: bytes, content: bytes) -> str:
        digest = hmac.new(key, content, hashlib.sha256).digest()
        written = digest.hex() if self._form == "hex" else base64.b64encode(digest).decode()
        return self._prefix + written
