"""
Bounces: news about mail of ours that somebody could not or not yet deliver.

A bounce is trusted only for a token of ours: in the address it came to (our envelope senders carry
one) or in the Message-ID of the mail it returns. All others are backscatter. Providers that send
free text instead of a report are read by the code in it. RFC 3464, RFC 6522, RFC 3461.
"""

import re
from collections.abc import Iterable, Iterator

from channels.contract import DeliveryReport, Ignored
from channels.mail_mime import Headers, Node, split_headers
from channels.mail_robots import NULL_SENDERS
from channels.mail_text import decoded
from channels.mail_threads import OurAddresses

_DETAIL = 200
_RECIPIENTS = 20
_STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_DELAYED = re.compile(r"\b(?:delayed|delay|tertunda|warning|still trying)\b", re.IGNORECASE)
_DAEMON = re.compile(r"(?:[^<]*<|\s*)(?:mailer-daemon|postmaster)@", re.IGNORECASE)
# Only from where a word begins: else a report of one endless word is read again from each letter.
_ADDRESS = re.compile(r"(?<![^\s<>;,\"])[^\s<>;,\"]+@[^\s<>;,\"]+")


def read_report(
    mail: Node, sender: str, recipients: Iterable[str], ours: OurAddresses
) -> DeliveryReport | Ignored | None:
    """What a bounce says about one of our replies; None where the mail is no bounce."""
    kind = mail.parameters.get("report-type", "").lower()
    if mail.media_type == "multipart/report" and kind not in ("", "delivery-status"):
        return Ignored(reason="a read receipt" if "disposition" in kind else "a machine's report")
    blocks = list(_delivery_status(mail))
    if not blocks and not _is_free_text_bounce(mail, sender):
        return None
    reply_id = next(filter(None, map(ours.bounced, recipients)), None)
    reply_id = reply_id or _by_returned_mail(mail, blocks, ours)
    if reply_id is None:
        return Ignored(reason="bounce without our token")
    if blocks:
        return _from_status(reply_id, blocks)
    return _from_words(reply_id, mail)


def _is_free_text_bounce(mail: Node, sender: str) -> bool:
    if mail.media_type == "multipart/report":
        return True
    return sender in NULL_SENDERS and bool(_DAEMON.match(mail.headers.one("from")))


def _delivery_status(mail: Node) -> Iterator[Headers]:
    """The blocks about recipients; the first block is about the server."""
    for node in mail.walk():
        if node.media_type in ("message/delivery-status", "message/global-delivery-status"):
            _, rest = split_headers(decoded(node).lstrip(b"\r\n"), set())
            for _ in range(_RECIPIENTS):
                block, rest = split_headers(rest.lstrip(b"\r\n"), set())
                if not block.fields:
                    break
                yield block


def _from_status(reply_id: str, blocks: list[Headers]) -> DeliveryReport:
    block = min(blocks, key=lambda block: _ACTIONS.get(block.one("action").lower(), len(_ACTIONS)))
    action = block.one("action").lower()
    diagnostic = block.one("diagnostic-code").partition(";")[2].strip()
    return DeliveryReport(
        reply_id=reply_id,
        delivered=action in ("delivered", "relayed", "expanded"),
        final=action != "delayed",
        detail=_without_addresses(f"{action} {block.one('status')} {diagnostic}"),
    )


#: The worst first: we write to one address each, so more than one block is an expanded alias.
_ACTIONS = {"failed": 0, "delayed": 1, "expanded": 2, "relayed": 3, "delivered": 4}


def _from_words(reply_id: str, mail: Node) -> DeliveryReport:
    texts = [decoded(node)[:20_000] for node in mail.walk() if node.media_type == "text/plain"]
    words = b" ".join(texts[:1]).decode("utf-8", "replace")
    subject = mail.headers.one("subject")
    status = _STATUS.search(words)
    delayed = bool(_DELAYED.search(subject)) or (status is not None and status[1] == "4")
    return DeliveryReport(
        reply_id=reply_id,
        delivered=False,
        final=not delayed,
        detail=_without_addresses(
            f"{'delayed' if delayed else 'failed'} {status[0] if status else ''}"
        ),
    )


def _by_returned_mail(mail: Node, blocks: list[Headers], ours: OurAddresses) -> str | None:
    """The reply whose Message-ID stands in the returned headers, sent to one of these people."""
    people = [a for b in blocks for n in _PEOPLE for v in b.all(n) for a in _ADDRESS.findall(v)]
    for node in mail.walk():
        if node.media_type in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            returned, _ = split_headers(decoded(node), set())
            sent_to = people + _ADDRESS.findall(" ".join(returned.plain("to")))
            if found := ours.answered(returned.one("message-id"), sent_to[:_RECIPIENTS]):
                return found
    return None


_PEOPLE = ("original-recipient", "final-recipient")


def _without_addresses(detail: str) -> str:
    return " ".join(_ADDRESS.sub("…", detail).split())[:_DETAIL]
