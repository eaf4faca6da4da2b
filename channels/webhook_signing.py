"""
Standard Webhooks signatures: `v1,` + base64(HMAC-SHA256(key, id.timestamp.body)).

During a rotation we sign with both secrets, so the receiver may change at any time. The timestamp
is that of the attempt; id and body stay the same over retries.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from channels.contract import Secret

PREFIX = "whsec_"
KEY_LENGTHS = range(24, 65)


def key_of(secret: Secret) -> bytes:
    """The key inside a `whsec_…` secret; raises ValueError when it is none."""
    try:
        key = base64.b64decode(secret.value.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("a signing secret is whsec_ followed by base64") from exc
    if len(key) not in KEY_LENGTHS:
        raise ValueError(f"a signing secret holds 24 to 64 bytes, not {len(key)}")
    return key


def signed(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three header fields of one attempt; raises ValueError for an id with a dot."""
    if "." in message_id:
        raise ValueError("a webhook id must not contain a dot: it would move the timestamp")
    content = f"{message_id}.{timestamp}.".encode() + body
    digests = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{digest.decode()}" for digest in digests),
    }
