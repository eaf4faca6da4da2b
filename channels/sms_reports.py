"""
Delivery reports: the address we give a gateway for one reply, and what comes back to it.

The address carries our own reply id, because Kannel's `%F` is empty in first reports, and a proof
that we made it, because a gateway cannot add a header to it. Reports come more than once and out
of order; a Kannel type is a set of bits, not a number to compare. Text of the SMS that SMSCs repeat
in their report is not taken along.
"""

import hashlib
import hmac
import re
from urllib.parse import quote

from channels.contract import DeliveryReport, Parsed, Unreadable
from channels.sms_form import Fields
from channels.sms_text import words

_DELIVERED, _UNDELIVERABLE, _REJECTED = 1, 2, 16

_STEPS = {"accepted", "acceptd", "enroute", "sent", "queued", "buffered", "unknown", "esme_rok"}
_SUCCESSES = {"delivered", "delivrd"}
_FAILURES = {"failed", "undelivered", "undeliv", "expired", "rejected", "rejectd", "deleted"}

_DETAIL = re.compile(r"\b(?:stat|err):\w{1,10}|^N?ACK\b", re.ASCII)
_BITS = re.compile(r"\d{1,3}", re.ASCII)


class Reports:
    """Makes and checks the addresses that reports come to; `base` is our own /in/sms."""

    def __init__(self, base: str, key: bytes) -> None:
        self._base = base.rstrip("/").removesuffix("/dlr")
        self._key = key

    def address(self, reply_id: str, *, for_kannel: bool) -> str:
        """Where reports on this reply go; "" where none are wanted."""
        if not self._base:
            return ""
        told = f"reply={quote(reply_id, safe='')}&proof={self._proof(reply_id)}"
        if for_kannel:  # which reads its own escapes in it
            told = told.replace("%", "%%") + "&type=%d&answer=%A"
        return f"{self._base}/dlr?{told}"

    def is_ours(self, fields: Fields) -> bool:
        """Whether this report came to an address we made."""
        proof = self._proof(words(fields.get("reply", "")))
        return hmac.compare_digest(words(fields.get("proof", "")).encode(), proof.encode())

    def _proof(self, reply_id: str) -> str:
        told = b"delivery report\n" + reply_id.encode("utf-8", "replace")
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()[:32]


def report_id(fields: Fields) -> str:
    """One id per reply and kind of news, however often it comes."""
    return f"dlr:{words(fields.get('reply', ''))}:{_kind(fields)}"


def read_report(fields: Fields) -> Parsed:
    """What the report says."""
    reply_id, kind = words(fields.get("reply", "")), _kind(fields)
    verdict = _verdict(kind)
    if not reply_id or verdict is None:
        return Unreadable(reason="a delivery report without a reply id or a known state")
    delivered, final = verdict
    details = _DETAIL.findall(words(fields.get("answer", "")))
    detail = " ".join([kind, *details])
    return DeliveryReport(reply_id=reply_id, delivered=delivered, final=final, detail=detail)


def _kind(fields: Fields) -> str:
    told = words(fields.get("type") or fields.get("message_status", ""))
    return told.strip().lower()[:32]


def _verdict(kind: str) -> tuple[bool, bool] | None:
    """Delivered, final; or None for a state nobody told us of."""
    if _BITS.fullmatch(kind) and int(kind):
        bits = int(kind)
        delivered = bool(bits & _DELIVERED)
        return delivered, delivered or bool(bits & (_UNDELIVERABLE | _REJECTED))
    if kind in _SUCCESSES:
        return True, True
    if kind in _STEPS:
        return False, False
    return (False, True) if kind in _FAILURES or kind.startswith("esme_") else None
