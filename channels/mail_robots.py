"""
Which mail was written by a machine, and which must not be answered by one.

`automatic` is an answer nobody typed (out of office): nothing to record. `not_to_be_answered` is
wider: a list or a newsletter may carry a complaint, but a receipt to it would go to strangers or
start a loop. RFC 3834 sections 2 to 4, and what Exchange, Postfix and the mail lists do beyond it.
"""

import re
from collections.abc import Iterable, Iterator

from channels.mail_mime import Headers
from channels.mail_tokens import identity

NULL_SENDERS = ("", "<>")

_ROBOT = re.compile(
    r"(?:mailer-daemon|postmaster|no-?_?reply|do-?not-?reply|donotreply|jangan-?balas|bounces?|"
    r"owner-.*|.*-owner|.*-request|.*-bounces?(?:[+-].*)?|bounces?[+-].*)@",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response|respons)|out of (?:the )?office|"
    r"balasan otomatis|jawaban otomatis|(?:sedang )?tidak di kantor)\b",
    re.IGNORECASE,
)
_LISTS = ("mailing-list", "x-mailing-list", "feedback-id", "x-autoreply", "x-autorespond")
_BAD_DMARC = re.compile(
    r"\bdmarc=fail\b[^;]*\bp(?:olicy\.dmarc)?=(?:reject|quarantine)", re.IGNORECASE
)


def automatic(headers: Headers, sender: str) -> bool:
    """Whether this mail is an answer that a machine gave to one of ours."""
    submitted = _keyword(headers.one("auto-submitted"))
    names = headers.names()
    if submitted.startswith("auto-replied") or _precedence(headers) == "auto_reply":
        return True
    if names & {"x-autoreply", "x-autorespond"}:
        return True
    answers = bool(names & {"in-reply-to", "references"})
    if submitted == "auto-generated" and answers:
        return True
    hints = answers or sender in NULL_SENDERS or "x-auto-response-suppress" in names
    return hints and bool(_AWAY.match(_without_re(headers.one("subject"))))


def not_to_be_answered(
    headers: Headers, sender: str, ours: Iterable[str], verdicts: Iterable[str] = ()
) -> str | None:
    """Why no automatic answer may be sent to this mail, or None."""
    return next(_reasons_for_silence(headers, sender, list(ours), list(verdicts)), None)


def _reasons_for_silence(
    headers: Headers, sender: str, ours: list[str], verdicts: list[str]
) -> Iterator[str]:
    if sender in NULL_SENDERS:
        yield "null sender"
    if _ROBOT.match(identity(sender)):
        yield "the sender is a machine"
    if _keyword(headers.one("auto-submitted")) not in ("", "no"):
        yield "sent automatically"
    if _precedence(headers) in ("bulk", "list", "junk", "auto_reply"):
        yield "bulk mail"
    if any(name in _LISTS or name.startswith("list-") for name in headers.names()):
        yield "a mailing list"
    if set(_words(headers.one("x-auto-response-suppress"))) & {"all", "oof", "autoreply"}:
        yield "asks for no automatic answer"
    if headers.one("x-spam-flag").lower().startswith("yes"):
        yield "marked as spam"
    if any(_BAD_DMARC.search(verdict) for verdict in verdicts):
        yield "the sender is not proven (DMARC)"
    if not _addressed_to(headers, ours):
        yield "not addressed to us"


def trusted_verdicts(headers: Headers, authserv_id: str) -> list[str]:
    """What our own mail server found out about the sender; anybody else's word is left out."""
    if not authserv_id:
        return []
    results = headers.all("authentication-results")
    mine = (r for r in results if _keyword(r).lower() == authserv_id.lower())
    return list(mine)[:1]  # the topmost: those below came with the mail


def _addressed_to(headers: Headers, ours: Iterable[str]) -> bool:
    """A blind copy may be a list; a mail without any recipient header is only broken."""
    fields = headers.plain("to") + headers.plain("cc")
    if not fields:
        return True
    everyone = " ".join(fields).lower()
    return any(_mentions(everyone, address.lower()) for address in ours)


def _mentions(everyone: str, address: str) -> bool:
    local, _, domain = address.rpartition("@")
    pattern = (
        rf"(?<![\w.+-]){re.escape(local)}(?:[+-][^@\s<>,;]*)?@{re.escape(domain)}(?![\w-]|\.\w)"
    )
    return re.search(pattern, everyone) is not None


def _keyword(value: str) -> str:
    return value.partition(";")[0].partition("(")[0].partition(" ")[0].strip().lower()


def _precedence(headers: Headers) -> str:
    return headers.one("precedence").strip().lower().replace("-", "_")


def _words(value: str) -> list[str]:
    return re.findall(r"[a-z]+", value.lower())


def _without_re(subject: str) -> str:
    return re.sub(r"\A(?:(?:re|bls|balas)\s*:\s*)+", "", subject, flags=re.IGNORECASE)
