"""
What keeps the public form honest: tokens and headers. Nothing here reads a clock.

A token is `<report id>.<second it was made>.<HMAC>`, bound to a random cookie (the signed double
submit of the OWASP CSRF cheat sheet), so no session is stored. The report id in it makes a double
click one report.
"""

import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from urllib.parse import urlsplit

from aiohttp import web

TOKEN_SECONDS = 12 * 3600
HEX = re.compile(r"[0-9a-f]{32}")
TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([0-9a-f]{64})")

# Nothing but our own stylesheet, icon and forms; no script at all, so an injected one is inert.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        # Browsers heed it where they came by https, which a proxy in front of us ends.
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A token that is ours and belongs to this browser; `fresh` is false once it has expired."""

    report: str
    fresh: bool


class Tokens:
    """Issues and reads form tokens; times are seconds since 1970."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, cookie: str, now: float, *, report: str | None = None) -> str:
        """Make a token for this browser; `report` carries an id over from an earlier token."""
        return self._signed(cookie, report or secrets.token_hex(16), f"{max(0, int(now)):x}")

    def read(self, token: str, cookie: str, now: float) -> Ticket | None:
        """What the token says, or None when it is not ours or not this browser's."""
        found = TOKEN.fullmatch(token)
        if not found or not HEX.fullmatch(cookie):
            return None
        report, made = found[1], found[2]
        if not hmac.compare_digest(self._signed(cookie, report, made), token):
            return None
        return Ticket(report=report, fresh=now - int(made, 16) <= TOKEN_SECONDS)

    def external_id(self, report: str, payload: bytes) -> str:
        """
        The report id and a mark of what was written.

        The same form sent twice gives one id. A citizen who goes back and writes something else
        under the old token gives another, so the new words are kept. Keyed, because a bare hash
        would let anybody test guesses of an anonymous sender.
        """
        mark = blake2b(payload, key=self._key, digest_size=8, person=b"lapor.web").hexdigest()
        return f"{report}-{mark}"

    def _signed(self, cookie: str, report: str, made: str) -> str:
        said = f"lapor form\n{cookie}\n{report}\n{made}".encode()
        return f"{report}.{made}.{hmac.new(self._key, said, 'sha256').hexdigest()}"


class Recent:
    """The last `size` names it was told; used so that a repeated click costs nothing."""

    def __init__(self, size: int = 20_000) -> None:
        self._size = size
        self._names: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Remember this one, and forget the oldest when there are too many."""
        self._names[name] = None
        if len(self._names) > self._size:
            self._names.popitem(last=False)


def is_foreign(request: web.Request, public_url: str) -> bool:
    """
    Whether the browser says that another site made it send this form.

    Our own no-referrer policy makes browsers say `Origin: null`, so that tells nothing; such
    browsers send Sec-Fetch-Site. The token stays the first line.
    """
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    ours = {request.host.lower(), _host(public_url)} - {""}
    return origin != "null" and _host(origin) not in ours


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
