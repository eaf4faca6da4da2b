"""
One client connection, as a provider or a mail server would hold it: say, hear, say the next.

Blocking sockets that are only read when there is something to read. Only the status is looked at.
"""

import socket
import time
from collections.abc import Iterator
from typing import Protocol


class Dialogue(Protocol):
    """What the load drives."""

    line: socket.socket
    #: When the message under way was begun.
    began: float

    def begin(self) -> str:
        """Send the next message, or its first command; returns the message's id."""

    def hear(self) -> bool | None:
        """Read what came: acknowledged, refused, or None while the message is under way."""


class Http:
    """A keep-alive connection that posts ready-made requests."""

    def __init__(self, line: socket.socket, messages: Iterator[tuple[str, bytes]]) -> None:
        self.line = line
        self.began = 0.0
        self._messages = messages
        self._heard = b""

    def begin(self) -> str:
        """Post."""
        name, request = next(self._messages)
        self.began = time.perf_counter()
        self.line.sendall(request)
        return name

    def hear(self) -> bool | None:
        """A whole answer: head, and as much body as it announces."""
        heard = self._heard + _received(self.line)
        head, end, body = heard.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            self._heard = heard
            return None
        self._heard = b""
        return head.startswith(b"HTTP/1.1 200")


class Smtp:
    """One SMTP session that sends mail after mail."""

    def __init__(self, line: socket.socket, mails: Iterator[bytes]) -> None:
        self.line = line
        self.began = 0.0
        self._mails = mails
        self._heard = b""
        self._steps: list[bytes] = []
        for command in (b"", b"EHLO client.example.org\r\n"):
            line.sendall(command)
            while not _is_reply(self._heard):
                self._heard += _received(line)
            self._heard = b""

    def begin(self) -> str:
        """Say MAIL FROM; the rest follows, a step for each answer."""
        mail = next(self._mails)
        self._steps = [mail, b"DATA\r\n", b"RCPT TO:<lapor@localhost>\r\n"]
        self.began = time.perf_counter()
        self.line.sendall(b"MAIL FROM:<warga@example.org>\r\n")
        return ""

    def hear(self) -> bool | None:
        """Go on after 2xx and 3xx, and tell the answer to the mail itself."""
        self._heard += _received(self.line)
        if not _is_reply(self._heard):
            return None
        status, self._heard = self._heard[:1], b""
        if status in b"23" and self._steps:
            self.line.sendall(self._steps.pop())
            return None
        return status == b"2"


def _received(line: socket.socket) -> bytes:
    data = line.recv(65536)
    if not data:
        raise ConnectionError("the server hung up")
    return data


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def _is_reply(heard: bytes) -> bool:
    """Whether the last line of an SMTP reply is there; "250-" announces another."""
    last = heard[heard.rfind(b"\n", 0, -1) + 1 :]
    return last.endswith(b"\r\n") and last[3:4] == b" "
