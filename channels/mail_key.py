"""
The key of a mail: equal for one mail however often and by whatever route it comes.

Servers add headers on the way and the envelope may differ, so it is made of Message-ID, From, Date
and the body; broken programs use one Message-ID for many mails, so it is never the key alone. Keys
are stored in plain, so a Message-ID that holds the sender's own name stays out of it. Computed on
raw bytes while the sender waits: one pass over the header, one hash.
"""

import hashlib
import re

_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(
    rb"^(message-id|from|date)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_UNFIT = re.compile(rb"[^!-~]+")
_MAX_ID = 200
# A header without end is looked through this far.
_MAX_HEADER = 256 * 1024


def external_id(raw: bytes) -> str:
    """`<message-id>:<16 hex digits>`, or `sha256:<64 hex digits>` where there is no Message-ID."""
    end = _HEADER_END.search(raw, 0, _MAX_HEADER)
    head, body = (
        (raw[: end.start()], memoryview(raw)[end.end() :]) if end else (raw[:_MAX_HEADER], raw)
    )
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(head):
        fields.setdefault(name.lower(), b" ".join(value.split()))
    message_id = _UNFIT.sub(b"", fields.get(b"message-id", b""))[:_MAX_ID].decode("ascii")
    wanted = (b"message-id", b"from", b"date")
    digest = hashlib.sha256(b"\n".join(fields.get(name, b"") for name in wanted) + b"\n\n")
    digest.update(body)
    if message_id.strip("<>") and not _tells(message_id, fields.get(b"from", b"")):
        return f"{message_id}:{digest.hexdigest()[:16]}"
    return f"sha256:{digest.hexdigest()}"


def _tells(message_id: str, sender: bytes) -> bool:
    """Whether a Message-ID gives away whose it is: some programs build it from the address."""
    local = sender.rpartition(b"<")[2].partition(b"@")[0].strip(b" \"'").lower()
    return bool(local) and local.decode("ascii", "replace") in message_id.lower().partition("@")[0]
