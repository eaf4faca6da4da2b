"""
Mail by IMAP: we read a mailbox that somebody else's server fills; nothing is acknowledged.

What was read is written down with the mails themselves, as the cursor "imap <folder>" (see
mail_ledger); at the source nothing is deleted, moved or flagged. The external id is that of the
SMTP listener, so a mail that comes both ways, or again under a new UIDVALIDITY, is one mail.
A mailbox that is away or refuses us never ends the listener: it is tried again, more slowly.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from channels.capture import pack
from channels.contract import Cursor, Delivery, Inbox, NotStored
from channels.mail_account import Account, Away, Denied, Fetched, SaysNo
from channels.mail_key import external_id
from channels.mail_ledger import MOST_HOLES, PREFIX, Ledger, ledger_of
from channels.mail_mime import split_headers
from channels.mail_threads import OurAddresses

if TYPE_CHECKING:
    from channels.mail_mailbox import Mailbox

P = ParamSpec("P")
T = TypeVar("T")

# A page is stored in one commit.
_PAGE_MAILS = 50
_PAGE_BYTES = 4 * 1024 * 1024

# Of a mail above the cap: the words stand before the files.
_CUT_BYTES = 1024 * 1024

# A mail the connection broke at so often is a hole, so that the others get through.
_MOST_STUMBLES = 2

# Only from where a word begins: else a header of one endless word is read again from each letter.
_ADDRESS = re.compile(r"(?<![^\s<>()\",;:])[^\s<>()\",;:]+@[^\s<>()\",;:]+")
_RECEIVERS = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
_MOST_RECEIVERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between tries; each wait doubles up to its longest."""

    #: After a connection that broke or a journal that is full.
    first: float = 5.0
    longest: float = 300.0
    #: Between two logins that may both be refused: some servers lock who tries often.
    probe: float = 60.0
    longest_probe: float = 900.0
    #: Between two tries to fill holes.
    holes: float = 600.0


class ImapReader:
    """Reads the folders of one account into the inbox."""

    def __init__(
        self, account: Callable[[], Account], ours: OurAddresses, *, max_bytes: int, pace: Pace
    ) -> None:
        self._account = account
        self._ours = ours
        self._max_bytes = max_bytes
        self._pace = pace
        self._failures = 0
        self._holes_due = 0.0
        self._stumbles: dict[tuple[str, int, int], int] = {}

    async def run(self, inbox: Inbox) -> None:
        """Read until cancelled."""
        pace = self._pace
        while True:
            try:
                await self._session(inbox)
            except Denied as denied:
                inbox.trouble("bad_credentials", f"IMAP: {denied}")
                wait = min(pace.probe * 2**self._failures, pace.longest_probe)
            except Away as away:
                # Servers end idle connections and are started anew: once is nothing.
                if self._failures:
                    inbox.trouble("away", f"IMAP: {away}")
                wait = min(pace.first * 2**self._failures, pace.longest)
            except NotStored:
                wait = min(pace.first * 2**self._failures, pace.longest)
            self._failures = min(self._failures + 1, 16)
            await asyncio.sleep(wait)

    async def _session(self, inbox: Inbox) -> None:
        """One connection, until it breaks."""
        from channels.mail_mailbox import Mailbox  # noqa: PLC0415 (imapclient, only where it is used)

        account = self._account()
        mailbox = Mailbox(account)
        threads = ThreadPoolExecutor(1, thread_name_prefix="imap")
        try:
            session = _Session(mailbox, threads)
            await session.call(mailbox.open)
            while True:
                await self._round(session, account, inbox)
                self._failures = 0
                await session.news(account.poll)
        finally:
            mailbox.hang_up()
            threads.submit(mailbox.close)
            threads.shutdown(wait=False)

    async def _round(self, session: "_Session", account: Account, inbox: Inbox) -> None:
        """Look into every folder; the first comes last and stays open, so that it tells of news."""
        refused = ""
        for folder in reversed(account.folders):
            try:
                await self._read(session, folder, inbox)
            except SaysNo:
                refused = folder
        if refused:
            inbox.trouble("away", f"IMAP: the folder {refused} cannot be read")
        else:
            inbox.trouble(None)

    async def _read(self, session: "_Session", name: str, inbox: Inbox) -> None:
        mailbox = session.mailbox
        folder = await session.call(mailbox.look, name)
        cursor = await inbox.cursor(PREFIX + name)
        ledger = ledger_of(cursor)
        if ledger.uidvalidity != folder.uidvalidity:
            ledger = Ledger(uidvalidity=folder.uidvalidity)
        uids = await session.call(mailbox.uids, ledger.last, folder)
        page = _Page(name, ledger, inbox, stored=cursor)
        for uid in [*self._holes(ledger), *uids]:
            await self._take(session, page, uid)
        await page.store()

    def _holes(self, ledger: Ledger) -> tuple[int, ...]:
        now = asyncio.get_running_loop().time()
        if not ledger.holes or now < self._holes_due:
            return ()
        self._holes_due = now + self._pace.holes
        return ledger.holes

    async def _take(self, session: "_Session", page: "_Page", uid: int) -> None:
        """Put one mail on the page, or note why it is not there."""
        place = (page.folder, page.ledger.uidvalidity, uid)
        if self._stumbles.get(place, 0) >= _MOST_STUMBLES:
            del self._stumbles[place]
            page.ledger = page.ledger.missed(uid)
        else:
            try:
                fetched = await session.call(session.mailbox.fetch, uid, self._max_bytes + 1)
            except SaysNo:
                page.ledger = page.ledger.missed(uid)
            except Away:
                # The server is there; at a mail it cannot read, Dovecot breaks the connection.
                self._failures = 0
                self._stumbles[place] = self._stumbles.get(place, 0) + 1
                await page.store()
                raise
            else:
                self._stumbles.pop(place, None)
                await self._put(session, page, uid, fetched)
        if len(page.ledger.holes) > MOST_HOLES:
            raise Away("too many mails cannot be fetched")

    async def _put(
        self, session: "_Session", page: "_Page", uid: int, fetched: Fetched | None
    ) -> None:
        if fetched is None:
            page.ledger = page.ledger.lost(uid)
            return
        where = f"{page.folder};{page.ledger.uidvalidity};{uid}"
        delivery = await session.call(_delivery, fetched, where, self._ours, self._max_bytes)
        page.ledger = page.ledger.read(uid)
        page.deliveries.append(delivery)
        if page.is_full():
            await page.store()


class _Session:
    """A mailbox and the one thread that speaks to it."""

    def __init__(self, mailbox: "Mailbox", threads: ThreadPoolExecutor) -> None:
        self.mailbox = mailbox
        self._threads = threads

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function gives, while the loop goes on."""
        asked = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, asked)

    async def news(self, seconds: float) -> None:
        """Wait for something new, at most for so long."""
        if await self.call(self.mailbox.tells_of_news):
            await self.call(self.mailbox.wait, seconds)
        else:
            await asyncio.sleep(seconds)


class _Page:
    """Mails that are stored together with the ledger that says so."""

    def __init__(self, folder: str, ledger: Ledger, inbox: Inbox, *, stored: str) -> None:
        self.folder = folder
        self.ledger = ledger
        self.deliveries: list[Delivery] = []
        self._inbox = inbox
        self._stored = stored

    def is_full(self) -> bool:
        """Whether it is time for a commit."""
        size = sum(len(delivery.payload) for delivery in self.deliveries)
        return len(self.deliveries) >= _PAGE_MAILS or size >= _PAGE_BYTES

    async def store(self) -> None:
        """In one commit; nothing where nothing changed."""
        written = self.ledger.written()
        if self.deliveries or written != self._stored:
            cursor = Cursor(name=PREFIX + self.folder, value=written)
            await self._inbox.accept(self.deliveries, cursor=cursor)
            self.deliveries, self._stored = [], written


def _delivery(fetched: Fetched, where: str, ours: OurAddresses, max_bytes: int) -> Delivery:
    """Journal bytes like those of the listener, the envelope taken from what the server noted."""
    content = fetched.content
    headers, _ = split_headers(content, set())
    # Written by the server that delivered, above whatever the mail brought along.
    sender = next(iter(headers.plain("return-path")), "") or next(iter(headers.plain("from")), "")
    address = _ADDRESS.search(sender)
    found = [a for name in _RECEIVERS for v in headers.plain(name) for a in _ADDRESS.findall(v)]
    receivers = dict.fromkeys(filter(ours.match, found[:_MOST_RECEIVERS]))
    noted = {
        "Mail-From": address[0] if address else "<>",
        "Rcpt-To": ",".join(receivers),
        "Mailbox": where,
    }
    if len(content) > max_bytes:
        content = content[: min(_CUT_BYTES, max_bytes)]
        noted["Cut"] = str(max(fetched.size, len(fetched.content)))
    return Delivery(external_id=external_id(content), payload=pack("imap", noted, content))
