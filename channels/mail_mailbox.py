"""
A mailbox over IMAP: looked at, never touched.

Every folder is opened read-only and mails are fetched by BODY.PEEK, so no flag changes. All of it
waits, so it runs in a thread of its own; only `hang_up` may be called from elsewhere. Imported
when a mailbox is read, for imapclient is not small. RFC 3501, RFC 2177 (IDLE).
"""

import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
from imapclient.exceptions import LoginError  # type: ignore[import-untyped]

from channels.mail_account import Account, Away, Denied, Fetched, Folder, SaysNo

_TIMEOUT = SocketTimeout(connect=10, read=60)

# imaplib takes lines of a million bytes; UIDs have up to eleven each.
_MOST_UIDS = 50_000

# Codes of RFC 5530 with which a refused login says nothing about the password.
_PASSING = re.compile(
    r"\[(UNAVAILABLE|SERVERBUG|INUSE|LIMIT|CONTACTADMIN|OVERQUOTA)\]", re.IGNORECASE
)

# A server that breaks the protocol meets parsers that expect none to.
_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError)


class Mailbox:
    """One connection; the constructor opens nothing."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client: IMAPClient | None = None
        self._socket: socket.socket | None = None
        self._is_over = False

    def open(self) -> None:
        """Connect and log in; raises Denied or Away."""
        try:
            with _told():
                self._connect()
                if self._is_over:
                    raise Away("hung up")
                self._log_in(self._connected())
        except SaysNo as error:
            raise Away(f"not understood: {error}") from error

    def look(self, folder: str) -> Folder:
        """Open a folder read-only."""
        with _told():
            said = self._connected().select_folder(folder, readonly=True)
            return Folder(uidvalidity=said[b"UIDVALIDITY"], exists=said[b"EXISTS"])

    def uids(self, above: int, folder: Folder) -> list[int]:
        """The UIDs above this one in the folder that is open, ascending."""
        since = ["SINCE", self._account.since] if self._account.since else []
        found: list[int] = []
        with _told():
            for first in range(1, folder.exists + 1, _MOST_UIDS):
                last = min(first + _MOST_UIDS - 1, folder.exists)
                criteria = [f"{first}:{last}", "UID", f"{above + 1}:*", *since]
                found += self._connected().search(criteria)
        # "n:*" names the last mail also where its UID is below n.
        return sorted(uid for uid in found if uid > above)

    def fetch(self, uid: int, most_bytes: int) -> Fetched | None:
        """The first bytes of a mail; None where it is gone, SaysNo where it is not given."""
        with _told():
            answer = self._connected().fetch([uid], [f"BODY.PEEK[]<0.{most_bytes}>", "RFC822.SIZE"])
        if uid not in answer:
            return None
        content = next((v for k, v in answer[uid].items() if k.startswith(b"BODY[]")), None)
        if not isinstance(content, bytes):
            raise SaysNo("no content")
        size = answer[uid].get(b"RFC822.SIZE", 0)
        return Fetched(content=content, size=size if isinstance(size, int) else 0)

    def tells_of_news(self) -> bool:
        """Whether `wait` returns as soon as something comes."""
        with _told():
            return bool(self._connected().has_capability("IDLE"))

    def wait(self, seconds: float) -> None:
        """Return when the open folder changes, at the latest after so many seconds."""
        with _told():
            client = self._connected()
            client.idle()
            # What came between our last look and this moment may be read already, with the answer
            # to IDLE; idle_check asks the socket alone and would sleep on it.
            if not _has_more(client):
                client.idle_check(timeout=seconds)
            client.idle_done()

    def hang_up(self) -> None:
        """End whatever another thread is waiting for; harmless at any time."""
        self._is_over = True
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection."""
        if self._client:
            with contextlib.suppress(imaplib.IMAP4.error, *_BROKEN):
                self._client.shutdown()

    def _connected(self) -> IMAPClient:
        if self._client is None or self._is_over:
            raise Away("hung up")
        return self._client

    def _connect(self) -> None:
        account = self._account
        self._client = IMAPClient(
            account.host,
            account.port,
            ssl=account.security == "tls",
            ssl_context=_context(account),
            timeout=_TIMEOUT,
        )
        if account.security == "starttls":
            self._client.starttls(_context(account))
        self._socket = self._client.socket()

    def _log_in(self, client: IMAPClient) -> None:
        account = self._account
        try:
            # LOGIN cannot carry a password outside ASCII.
            if client.has_capability("AUTH=PLAIN"):
                client.plain_login(account.username, account.password.value)
            else:
                client.login(account.username, account.password.value)
        except UnicodeEncodeError as error:
            raise Denied("the server takes passwords in ASCII only") from error
        except LoginError as error:
            if _PASSING.search(str(error)) or isinstance(error.__context__, imaplib.IMAP4.abort):
                raise Away("the server takes no login now") from error
            raise Denied("the server refuses the user name or password") from error


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Every way imapclient, imaplib and ssl can fail, as one of ours."""
    try:
        yield
    except (imaplib.IMAP4.abort, OSError) as error:
        raise Away(type(error).__name__) from error
    except (imaplib.IMAP4.error, *_BROKEN) as error:
        raise SaysNo(type(error).__name__) from error


def _has_more(client: IMAPClient) -> bool:
    """Whether something has been read and not been looked at."""
    connection = client.socket()
    connection.settimeout(0)
    try:
        return bool(client._imap.file.peek(1))  # noqa: SLF001 (imaplib's, where nobody else looks)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    finally:
        connection.settimeout(_TIMEOUT.read)


def _context(account: Account) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=account.ca or None)
