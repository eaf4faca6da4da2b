"""
Addresses that prove themselves: signed reply tokens, bounce addresses, our own Message-IDs.

A token is `<reply id, packed>-<mac>`; the mac covers what the token is for and the address it was
sent to, so a token forwarded to somebody else does not speak for the citizen. It has to survive
being lower-cased and fit with the name before it into 64 octets (RFC 5321 4.5.3.1.1).
What other systems wrap around a sender's address (BATV, SRS) is taken off here as well.
"""

import hashlib
import hmac
import re
import uuid
from base64 import b32decode, b32encode
from collections.abc import Iterable

LOCAL_PART = 64

#: What a token is good for; one kind never passes for another.
REPLY, BOUNCE, MESSAGE = "r", "b", "m"

_MAC = 12  # base32 letters, 60 bits
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLAIN = re.compile(r"[0-9a-z.:/-]*")
# Characters of our own ids that do not look well in an address, and what stands for them there.
_TO_ADDRESS = str.maketrans(":/", "_=")
_FROM_ADDRESS = str.maketrans("_=", ":/")


class Tokens:
    """Signs reply ids into addresses and reads them back."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, kind: str, reply_id: str, address: str = "") -> str:
        """The token for this reply, good only together with this address."""
        packed = pack_id(reply_id)
        return f"{packed}-{self._mac(kind, packed, address)}"

    def read(self, kind: str, token: str, addresses: Iterable[str] = ("",)) -> str | None:
        """The reply id, where the token was signed for one of these addresses."""
        packed, _, mac = token.lower().rpartition("-")
        for address in addresses:
            if hmac.compare_digest(mac.encode(), self._mac(kind, packed, address).encode()):
                return unpack_id(packed)
        return None

    def _mac(self, kind: str, packed: str, address: str) -> str:
        signed = f"{kind}\n{packed}\n{identity(address)}".encode(errors="surrogatepass")
        digest = hmac.digest(self._key, signed, hashlib.sha256)
        return b32encode(digest).decode().lower()[:_MAC]


def pack_id(reply_id: str) -> str:
    """A reply id in the letters an address may have, short for the ids we make."""
    head, rest = "i", reply_id
    if found := _UUID.match(reply_id):
        head = "u" + _base32(uuid.UUID(found[0]).bytes)
        rest = reply_id[found.end() :]
    if _PLAIN.fullmatch(rest):
        return head + rest.translate(_TO_ADDRESS)
    return "x" + _base32(reply_id.encode(errors="surrogatepass"))


def unpack_id(packed: str) -> str | None:
    """The reply id again; None where this was never one."""
    form, rest = packed[:1], packed[1:]
    try:
        if form == "i":
            return rest.translate(_FROM_ADDRESS)
        if form == "u":
            return str(uuid.UUID(bytes=_bytes(rest[:26]))) + rest[26:].translate(_FROM_ADDRESS)
        if form == "x":
            return _bytes(rest).decode(errors="surrogatepass")
    except ValueError:
        return None
    return None


def _base32(raw: bytes) -> str:
    return b32encode(raw).decode().lower().rstrip("=")


def _bytes(text: str) -> bytes:
    return b32decode(text.upper() + "=" * (-len(text) % 8))


# BATV: prvs=KDDDSSSSSS=local@…, and the form of the first drafts, prvs=local/KDDDSSSSSS@…
_BATV = re.compile(r"prvs=(?:[0-9a-z]{10}=(?P<new>.+)|(?P<old>[^/]+)/[0-9a-z]{10})", re.IGNORECASE)
# SRS0=hash=day=domain=local@forwarder; SRS1 has the first forwarder and a second hash before it.
_SRS = re.compile(
    r"(?:SRS0[=+-]|SRS1[=+-][^=]+=[^=]+=[=+-])[^=]+=[^=]+=(?P<domain>[^=]+)=(?P<local>.+)",
    re.IGNORECASE,
)


def unwrapped(address: str) -> str:
    """The address a person has, without what their or a forwarding server put around it."""
    local, at, domain = address.rpartition("@")
    if found := _SRS.fullmatch(local):
        local, domain = found["local"], found["domain"]
    if found := _BATV.fullmatch(local):
        local = found["new"] or found["old"]
    return f"{local}{at}{_readable(domain)}"


def identity(address: str) -> str:
    """One spelling per mailbox, for comparing."""
    return unwrapped(address).casefold()


def _readable(domain: str) -> str:
    domain = domain.lower()
    if "xn--" not in domain or len(domain) > 253:  # noqa: PLR2004 (RFC 1035: the longest name)
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


def for_dns(address: str) -> str:
    """The address as every mail server takes it: the domain in its A-label form."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address
