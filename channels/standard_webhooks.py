"""
Standard Webhooks signatures: `v1,` + base64(HMAC-SHA256(key, id.timestamp.body)).

During a rotation the sender signs with both secrets and the receiver tries both, so either side
may change first. The timestamp is that of the attempt; id and body stay the same over retries.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from channels.contract import Secret

PREFIX = "whsec_"
KEY_LENGTHS = range(24, 65)
# Seconds a message may be older or newer than our clock.
TOLERANCE = 300


def key_of(secret: Secret) -> bytes:
    """The key inside a `whsec_…` secret; raises ValueError when it is none."""
    try:
        key = base64.b64decode(secret.value.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("a signing secret is whsec_ followed by base64") from exc
    if len(key) not in KEY_LENGTHS:
        raise ValueError(f"a signing secret holds 24 to 64 bytes, not {len(key)}")
    return key


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature per key."""
    if "." in message_id:
        raise ValueError("a webhook id must not contain a dot: it would move the timestamp")
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_digest(key, content)}" for key in keys)


def signed(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three header fields of one attempt; raises ValueError for an id with a dot."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(keys, message_id, timestamp, body),
    }


def verify(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """
    Whether one of the keys signed this body under these headers, not long ago.

    Header names are looked up in lower case; `now` is the Unix time.
    """
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= len("99999999999")):
        return False
    if not message_id or "." in message_id or abs(now - int(stamp)) > TOLERANCE:
        return False
    content = f"{message_id}.{stamp}.".encode("utf-8", "surrogateescape") + body
    given = headers.get("webhook-signature", "").split()
    wanted = [f"v1,{_digest(key, content)}".encode() for key in keys]
    # Every pair is compared, so that the time taken tells nothing.
    matches = [
        hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other)
        for one in given
        for other in wanted
    ]
    return any(matches)


def _digest(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
