"""Playing a citizen who writes a mail: what `lapor-gateway send mail` does."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from channels.contract import Attachment, Simulated
from channels.mail_compose import one_line
from channels.mail_key import external_id
from channels.mail_listen import split_address

_TIMEOUT = 30
_SUBJECT = 60


async def play(
    text: str, *, sender: str, recipient: str, files: Sequence[Attachment], at: str
) -> Simulated:
    """Write a mail, hand it to the listener at this address, and tell its answer."""
    sender = sender if "@" in sender else f"{sender or 'warga'}@example.org"
    try:
        content = _written(text, sender=sender, recipient=recipient, files=files).as_bytes()
    except (MessageError, ValueError, IndexError) as error:
        return Simulated(external_id="", answer=f"not sent: {error}", accepted=False)
    key = external_id(content)
    try:
        host, port = split_address(at)
        _, answer = await aiosmtplib.send(
            content,
            sender=sender,
            recipients=[recipient],
            hostname=host,
            port=port,
            timeout=_TIMEOUT,
            start_tls=False,
        )
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return Simulated(external_id=key, answer=one_line(str(error)), accepted=False)
    return Simulated(external_id=key, answer=f"250 {answer}", accepted=True)


def _written(
    text: str, *, sender: str, recipient: str, files: Sequence[Attachment]
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = one_line(text)[:_SUBJECT]
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{secrets.token_hex(12)}@{sender.rpartition('@')[2]}>"
    mail.set_content(text)
    for file in files:
        kind, _, subtype = file.media_type.partition("/")
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return mail
