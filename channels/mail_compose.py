"""
The mail we send: an answer that threads, that no machine answers, and whose bounce we recognise.

RFC 5322 for the headers, RFC 3834 for what an automatic answer must say of itself.
"""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec

from channels.contract import Reply
from channels.mail_threads import OurAddresses, chain
from channels.mail_tokens import for_dns, identity

MAX_SUBJECT = 200
# Folded, In-Reply-To becomes an encoded word and no program finds the thread again.
_POLICY = SMTP.clone(max_line_length=998)
#: One mail address and nothing else.
MAILBOX = re.compile(r"[^\s@<>(),;:\"\\\x00-\x1f\x7f\ud800-\udfff]+@[\w.-]+")
_REPLY_MARK = re.compile(r"(?:(?:re|bls|balas|aw|sv)\s*(?:\[\d+\]\s*)?:\s*)+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]+")


class ReturnAddress(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to answer a mail; JSON in `InboundMessage.return_address`."""

    #: The envelope sender as it came, BATV and all: the one address that expects answers.
    to: str
    message_id: str = ""
    references: tuple[str, ...] = ()
    subject: str = ""


def compose(
    reply: Reply, back: ReturnAddress, ours: OurAddresses, *, display_name: str, now: datetime
) -> EmailMessage:
    """The answer as a mail; raises ValueError where the address is none."""
    to = for_dns(back.to)
    if not MAILBOX.fullmatch(to):
        raise ValueError("the address to answer to is malformed")
    mail = EmailMessage(policy=_POLICY if to.isascii() else _POLICY.clone(utf8=True))
    mail["From"] = Address(one_line(display_name), addr_spec=ours.main)
    username, _, domain = to.rpartition("@")
    # Not addr_spec, which is parsed, and refused for letters beyond ASCII.
    mail["To"] = Address(username=username, domain=domain)
    person = identity(back.to)
    if reply_address := ours.reply_address(reply.id, person):
        mail["Reply-To"] = reply_address
    mail["Subject"] = _subject(reply, back)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = ours.message_id(reply.id, person)
    if back.message_id:
        mail["In-Reply-To"] = one_line(back.message_id)
        mail["References"] = one_line(" ".join(chain([*back.references, back.message_id])))
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Loop"] = ours.main
    mail.set_content(_CONTROL_BUT_LINES.sub("", reply.text))
    return mail


_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def one_line(text: str) -> str:
    """Text that cannot begin a header of its own."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _subject(reply: Reply, back: ReturnAddress) -> str:
    theirs = _REPLY_MARK.sub("", one_line(back.subject), count=1).strip()
    if theirs:
        return f"Re: {theirs}"[:MAX_SUBJECT]
    return (one_line(reply.subject) or "Laporan Anda")[:MAX_SUBJECT]
