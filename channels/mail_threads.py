"""
Our own addresses, and which of our replies a mail belongs to.

    lapor@example.id                      where citizens write
    lapor+r-<token>@example.id            Reply-To of an answer: the citizen's next mail
    lapor+b-<token>@example.id            envelope sender of an answer: its bounce (VERP)
    <packed id.mac@example.id>            Message-ID of an answer: In-Reply-To, References

Some web forms refuse a "+" in an address, so "-" is understood in its place.
"""

import re
from collections.abc import Iterable, Sequence

from channels.mail_tokens import BOUNCE, LOCAL_PART, MESSAGE, REPLY, Tokens

_ID = re.compile(r"<([^<>\s]{1,250})>")
# RFC 5322 asks for the chain; a chain of hundreds helps nobody and grows with every answer.
_CHAIN_TAIL = 10


class OurAddresses:
    """What the configured addresses make of a recipient, a sender, a Message-ID."""

    def __init__(self, recipients: Sequence[str], tokens: Tokens) -> None:
        self._tokens = tokens
        self.all = tuple(address.lower() for address in recipients)
        self.main = self.all[0]
        self._local, _, self.domain = self.main.rpartition("@")
        names = "|".join(
            f"{re.escape(local)}(?P<tail{n}>[+-][^@,\\s]*)?@{re.escape(domain)}"
            for n, (local, _, domain) in enumerate(a.rpartition("@") for a in self.all)
        )
        self._ours = re.compile(names, re.IGNORECASE)
        self._tail = re.compile(r"[+-]([rb])-(.+)", re.IGNORECASE)

    def match(self, address: str) -> bool:
        """Whether mail to this address is for us: ours, with anything after a "+", or a token."""
        found = self._ours.fullmatch(address)
        if not found:
            return False
        tail = found[found.lastgroup] if found.lastgroup else ""
        return tail[:1] != "-" or bool(self._tail.fullmatch(tail))

    def bounced(self, address: str) -> str | None:
        """The reply whose bounce address this is."""
        return self._read(BOUNCE, address, ("",))

    def replied(self, address: str, people: Iterable[str]) -> str | None:
        """The reply to one of these people whose Reply-To this address is."""
        return self._read(REPLY, address, people)

    def carries_reply_token(self, address: str) -> bool:
        """Whether this address claims to be a Reply-To of ours, true or not."""
        return (self._split(address) or ("",))[0] == REPLY

    def answered(self, message_id: str, people: Iterable[str]) -> str | None:
        """The reply to one of these people that has this Message-ID."""
        local, _, domain = message_id.strip("<> ").lower().rpartition("@")
        if domain != self.domain:
            return None
        packed, _, mac = local.rpartition(".")
        return self._tokens.read(MESSAGE, f"{packed}-{mac}", people)

    def bounce_address(self, reply_id: str) -> str | None:
        """Where bounces of this reply shall go; None if it does not fit into an address."""
        return self._address(BOUNCE, self._tokens.sign(BOUNCE, reply_id))

    def reply_address(self, reply_id: str, to: str) -> str | None:
        """Where the citizen's answer to this reply shall go; None if it does not fit."""
        return self._address(REPLY, self._tokens.sign(REPLY, reply_id, to))

    def message_id(self, reply_id: str, to: str) -> str:
        """The Message-ID of this reply, the same at every try."""
        packed, _, mac = self._tokens.sign(MESSAGE, reply_id, to).rpartition("-")
        return f"<{packed}.{mac}@{self.domain}>"

    def _address(self, kind: str, token: str) -> str | None:
        local = f"{self._local}+{kind}-{token}"
        return f"{local}@{self.domain}" if len(local) <= LOCAL_PART else None

    def _read(self, kind: str, address: str, people: Iterable[str]) -> str | None:
        found = self._split(address)
        return self._tokens.read(kind, found[1], people) if found and found[0] == kind else None

    def _split(self, address: str) -> tuple[str, str] | None:
        ours = self._ours.fullmatch(address)
        tail = self._tail.fullmatch(ours[ours.lastgroup]) if ours and ours.lastgroup else None
        return (tail[1].lower(), tail[2]) if tail else None


def message_ids(value: str) -> list[str]:
    """The ids in a Message-ID, In-Reply-To or References header, in order."""
    return [f"<{found}>" for found in _ID.findall(value)]


def chain(references: Sequence[str]) -> list[str]:
    """References for an answer: the first, which names the conversation, and the last ones."""
    unique = list(dict.fromkeys(references))
    return unique if len(unique) <= _CHAIN_TAIL + 1 else unique[:1] + unique[-_CHAIN_TAIL:]
