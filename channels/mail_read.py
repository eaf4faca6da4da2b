"""
Journal bytes to what the mail says: a message, news about a reply, or nothing for us.

Pure, and bounded by the limits of mail_mime and mail_text whatever the bytes are. Who wrote is the
envelope sender, because answers go there (RFC 3834); the From header gives the name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from channels.capture import unpack
from channels.contract import Ignored, InboundMessage, Parsed, Unreadable
from channels.mail_bounce import read_report
from channels.mail_compose import ReturnAddress
from channels.mail_mime import MALFORMED, Headers, Node, read_mail
from channels.mail_robots import NULL_SENDERS, automatic, not_to_be_answered, trusted_verdicts
from channels.mail_text import Limits, read_content
from channels.mail_threads import OurAddresses, chain, message_ids
from channels.mail_tokens import identity, unwrapped
from channels.mail_trim import trimmed
from channels.mail_words import decode_words, to_text

CUT = "too large: only the beginning is kept, the whole mail is in the mailbox it was read from"

_MAX_SUBJECT = 500
_MAX_NAME = 200
_MAX_ADDRESS = 320
# Mail is younger than this and no clock is a century ahead; what says otherwise has no clock.
_YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads mails as sent to these addresses."""

    ours: OurAddresses
    limits: Limits
    #: Whose Authentication-Results are believed; "" for nobody's.
    authserv_id: str

    def parse(self, payload: bytes) -> Parsed:
        """Total: any bytes give a value."""
        try:
            capture = unpack(payload)
        except ValueError as error:
            return Unreadable(reason=f"not a mail from our listener: {error}")
        sender = _clean(capture.headers.get("mail-from", ""))
        recipients = [r for r in capture.headers.get("rcpt-to", "").split(",") if r]
        mail = read_mail(capture.body)
        author, _ = author_of(mail.headers)
        if self._is_own(mail.headers, sender, author):
            return Ignored(reason="our own mail came back")
        if report := read_report(mail, sender, recipients, self.ours):
            return report
        if automatic(mail.headers, sender):
            return Ignored(reason="automatic answer")
        message = self._message(mail, sender, recipients)
        if "cut" in capture.headers:
            return replace(message, remarks=(*message.remarks, CUT))
        return message

    def _is_own(self, headers: Headers, sender: str, author: str) -> bool:
        if any(self.ours.match(loop) for loop in headers.plain("x-loop")):
            return True
        return any(self.ours.match(unwrapped(address)) for address in (sender, author))

    def _message(self, mail: Node, sender: str, recipients: list[str]) -> InboundMessage:
        headers = mail.headers
        author, name = author_of(headers)
        verdicts = trusted_verdicts(headers, self.authserv_id)
        silent = not_to_be_answered(headers, sender, self.ours.all, verdicts)
        content = read_content(mail, self.limits)
        title = headers.one("subject")[:_MAX_SUBJECT]
        # A complaint in the subject line alone is a complaint.
        text = content.text if content.text.strip() else title
        matter = trimmed(text)
        people = [identity(sender), identity(author)]
        answers, doubts = self._answers(headers, recipients, people, verdicts)
        remarks = [*content.remarks, *doubts, *filter(None, map(_dmarc, verdicts))]
        if len(headers.plain("from")) > 1:
            remarks.append("more than one From header")
        if silent:
            remarks.append(f"no answer is sent: {silent}")
        return InboundMessage(
            sender=identity(author if sender in NULL_SENDERS else sender),
            name=name,
            title=title,
            text=text,
            matter=None if matter == text else matter,
            sent_at=sent_at(headers.one("date")),
            return_address=None if silent else _return_address(headers, sender, title),
            attachments=content.files,
            answers=answers,
            remarks=tuple(remarks),
        )

    def _answers(
        self, headers: Headers, recipients: list[str], people: list[str], verdicts: list[str]
    ) -> tuple[tuple[str, ...], list[str]]:
        """Which replies of ours this mail answers, the surest first, and what speaks against it."""
        places = [*recipients, *_addresses(headers)]
        found = [self.ours.replied(address, people) for address in places]
        parents = message_ids(headers.one("in-reply-to"))[:5]
        parents += reversed(message_ids(headers.one("references"))[-50:])
        found += [self.ours.answered(parent, people) for parent in parents]
        answers = tuple(dict.fromkeys(filter(None, found)))
        if not answers and any(map(self.ours.carries_reply_token, places)):
            return (), ["answers a mail of ours that was sent to somebody else"]
        if answers and _unproven(headers, verdicts):
            return (), ["looks like an answer to us, but the sender is not proven"]
        return answers, []


def author_of(headers: Headers) -> tuple[str, str]:
    """Address and name in the From header (else Sender, Reply-To), each "" where it has none."""
    for header in ("from", "sender", "reply-to"):
        for value in headers.plain(header):
            address, name = _split_address(value[:2000])
            if address or name:
                return address, name
    return "", ""


_ANGLE = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^"<])*)<([^<>]*)>')
# Only from where a word begins: else a header of one endless word is read again from each letter.
_BARE = re.compile(r"(?<![^\s<>()\",;:])[^\s<>()\",;:]+@[^\s<>()\",;:]+")
_COMMENT = re.compile(r"\(([^()]*)\)")


def _split_address(value: str) -> tuple[str, str]:
    angle, bare = _ANGLE.match(value), _BARE.search(value)
    if angle and (not bare or bare.start() >= angle.start(2) or '"' in angle[1]):
        address, name = angle[2], angle[1]
    elif bare:
        comment = _COMMENT.search(value)
        address, name = bare[0], comment[1] if comment else ""
    else:
        address, name = "", value
    name = re.sub(r"\\(.)", r"\1", decode_words(name.strip().strip('"'))).strip("\"' ")
    return _clean(address), name[:_MAX_NAME]


def _clean(address: str) -> str:
    """An address for a table: no blanks, no half characters, not endless."""
    raw = address.encode("utf-8", "surrogateescape" if _escaped(address) else "surrogatepass")
    return "".join(to_text(raw, "utf-8").split())[:_MAX_ADDRESS]


def _escaped(address: str) -> bool:
    """Whether these are bytes that aiosmtpd could not read as UTF-8."""
    return all("\udc80" <= c <= "\udcff" for c in address if "\ud800" <= c <= "\udfff")


def sent_at(date: str) -> datetime | None:
    """The Date header in UTC; without a zone it is taken for UTC, absurd it is none."""
    try:
        when = parsedate_to_datetime(date[:100])
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (*MALFORMED, OverflowError):
        return None
    return when if when.year in _YEARS else None


def _addresses(headers: Headers) -> Iterable[str]:
    """Where else the address the citizen wrote to may stand, once a forwarder has passed it on."""
    for name in ("to", "cc", "delivered-to", "x-original-to"):
        for value in headers.plain(name):
            yield from _BARE.findall(value)[:50]


def _return_address(headers: Headers, sender: str, title: str) -> str:
    own = message_ids(headers.one("message-id"))[:1]
    parents = message_ids(headers.one("references")) or message_ids(headers.one("in-reply-to"))[:1]
    back = ReturnAddress(
        to=sender,
        message_id=own[0] if own else "",
        references=tuple(chain(parents)),
        subject=title,
    )
    return msgspec.json.encode(back).decode()


_DMARC = re.compile(r"\bdmarc=(\w+)", re.IGNORECASE)


def _dmarc(verdict: str) -> str:
    found = _DMARC.search(verdict)
    return f"dmarc={found[1].lower()}" if found else ""


def _unproven(headers: Headers, verdicts: list[str]) -> bool:
    """Two From headers count as a failed check: the checking tools look at one of them only."""
    return "dmarc=fail" in map(_dmarc, verdicts) or len(headers.plain("from")) > 1
