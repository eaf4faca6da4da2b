"""
E-mail: mail servers push to our SMTP or LMTP listener; the acknowledgement is the 250 after DATA.

Beside it a mailbox may be read over IMAP, where nothing is acknowledged: a ledger of what was read
stands in the journal's database. Answers leave through the operator's relay. What makes mail hard
stands in modules of its own: mail_smtp and mail_listen (taking it in), mail_imap over mail_mailbox
(fetching it, with mail_ledger), mail_key, mail_read over mail_mime, mail_text, mail_trim
(what it says), mail_robots (whom not to answer), mail_bounce, mail_threads, mail_tokens (which
reply is meant), mail_compose and mail_relay (answers). RFC 5321, RFC 5322, RFC 3834.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec

from channels.capture import pack
from channels.contract import (
    Attachment,
    Channel,
    Delivery,
    Inbox,
    Outcome,
    Parsed,
    Receipt,
    Refused,
    Reply,
    Simulated,
)
from channels.mail_account import Account
from channels.mail_compose import MAILBOX, ReturnAddress, compose
from channels.mail_imap import ImapReader, Pace
from channels.mail_key import external_id
from channels.mail_ledger import status_lines
from channels.mail_listen import is_loopback, listening, split_address
from channels.mail_options import MailOptions
from channels.mail_read import Reader
from channels.mail_relay import Relay, send
from channels.mail_simulate import play
from channels.mail_smtp import Certificate, Door, LmtpSession, Receiver, SmtpSession, Store, Terms
from channels.mail_text import Limits
from channels.mail_threads import OurAddresses
from channels.mail_tokens import Tokens, for_dns

NOT_SENT = "kept: no relay is configured"

# Above this size hashing a mail would be felt by the other connections.
_LARGE = 512 * 1024


class Mail(Channel):
    """Complaints by e-mail."""

    name: ClassVar[str] = "mail"
    proves_sender = False
    embedded = True
    Options = MailOptions
    example_sender = "warga@example.id"

    def __init__(self, options: MailOptions, key: bytes) -> None:
        self._options = options
        self._ours = OurAddresses(options.recipients, Tokens(key))
        limits = Limits(files=options.max_files, file_bytes=options.max_file_bytes)
        self._reader = Reader(ours=self._ours, limits=limits, authserv_id=options.authserv_id)
        self._hostname = options.hostname or self._ours.domain
        self._bound: tuple[str, ...] = ()

    def reload(self, options: MailOptions) -> None:
        """Take the relay and its password anew; a renewed certificate is seen without this."""
        self._options = options

    def parse(self, payload: bytes) -> Parsed:
        """Read a mail; see mail_read."""
        return self._reader.parse(payload)

    async def listen(self, inbox: Inbox) -> None:
        """Take mail until cancelled."""
        options = self._options
        terms = Terms(
            hostname=self._hostname,
            max_bytes=options.max_bytes,
            max_recipients=options.max_recipients,
            max_connections=options.max_connections,
            max_connections_per_address=options.max_connections_per_address,
            command_timeout=options.command_timeout,
        )
        door = Door(terms)
        receiver = Receiver(terms, self._ours.match, _storing(inbox))
        certificate = Certificate(Path(options.certificate), Path(options.certificate_key))
        kinds = ((options.listen, SmtpSession), (options.lmtp_listen, LmtpSession))

        def sessions(kind: type[SmtpSession]) -> Callable[[], SmtpSession]:
            return lambda: kind(receiver, door, terms, certificate.context())

        doors = [(address, sessions(kind)) for address, kind in kinds if address]
        async with listening(doors, door, receiver) as bound:
            self._bound = tuple(bound)
            await asyncio.Future()

    def pulls(self) -> bool:
        """With an account to read by IMAP."""
        return bool(self._options.imap)

    async def pull(self, inbox: Inbox) -> None:
        """Read the mailbox."""
        await self._imap().run(inbox)

    def _imap(self) -> ImapReader:
        def account() -> Account:
            return self._options.account()  # as it is after a reload

        return ImapReader(account, self._ours, max_bytes=self._options.max_bytes, pace=Pace())

    def status(self, cursors: Mapping[str, str]) -> Sequence[str]:
        """How far each folder has been read, and what is missing."""
        return list(status_lines(cursors))

    def listening_on(self) -> Sequence[str]:
        """The listeners; as bound once they are, so that port 0 gets its number."""
        options = self._options
        return self._bound or tuple(filter(None, (options.listen, options.lmtp_listen)))

    def banner(self, public: str) -> Sequence[str]:
        """A line to paste."""
        del public
        at = next(iter(self.listening_on()), "")
        return [f"swaks --server {at} --to {self._ours.main} --body 'Jalan rusak'"] if at else []

    def keeps(self) -> bool:
        """Without a relay."""
        return not self._options.relay

    async def reply(self, reply: Reply) -> Outcome:
        """Send one answer through the relay."""
        options = self._options
        if self.keeps():
            return Receipt(reference=NOT_SENT)
        try:
            back = msgspec.json.decode(reply.to, type=ReturnAddress)
            mail = compose(
                reply, back, self._ours, display_name=options.display_name, now=datetime.now(UTC)
            )
        except ValueError as error:
            return Refused(reason=f"no mail can be made of it: {error}")
        host, port = split_address(options.relay)
        relay = Relay(
            host=host,
            port=port,
            username=options.relay_username,
            password=options.relay_password.value if options.relay_password else "",
            security=options.relay_security,
            hostname=self._hostname,
            timeout=options.relay_timeout,
        )
        bounces = self._ours.bounce_address(reply.id) if options.bounces == "token" else None
        return await send(relay, bounces or "", for_dns(back.to), mail.as_bytes())

    def reach(self, contact: str) -> str | None:
        """Any mail address."""
        found = MAILBOX.fullmatch(contact.strip())
        return msgspec.json.encode(ReturnAddress(to=found[0])).decode() if found else None

    def problems(self) -> Sequence[str]:
        """What the settings leave undone."""
        options, found = self._options, []
        if not options.relay:
            found.append("[channels.mail] relay is empty: citizens get no answer by mail")
        if self._ours.domain == "localhost":
            found.append("[channels.mail] recipients is still lapor@localhost")
        open_doors = [a for a in (options.listen, options.lmtp_listen) if a and not is_loopback(a)]
        if open_doors and not options.certificate:
            found.append(f"[channels.mail] {open_doors[0]} is open to others without a certificate")
        if options.imap and options.imap_security == "none" and not is_loopback(options.imap):
            found.append("[channels.mail] imap_security is none: the password travels in plain")
        return found

    async def simulate(
        self, text: str, *, sender: str, files: Sequence[Attachment], at: str
    ) -> Simulated:
        """Write us a mail."""
        return await play(text, sender=sender, recipient=self._ours.main, files=files, at=at)


def _storing(inbox: Inbox) -> Store:
    async def store(sender: str, recipients: list[str], peer: str, content: bytes) -> None:
        if len(content) > _LARGE:
            delivery = await asyncio.to_thread(_delivery, sender, recipients, peer, content)
        else:
            delivery = _delivery(sender, recipients, peer, content)
        await inbox.accept([delivery])

    return store


def _delivery(sender: str, recipients: list[str], peer: str, content: bytes) -> Delivery:
    envelope = {"Mail-From": sender, "Rcpt-To": ",".join(recipients), "Peer": peer}
    return Delivery(external_id=external_id(content), payload=pack("smtp", envelope, content))
