"""
Asking clamd about a file, where the operator runs one.

A scanner that is away holds nothing up: the file is kept and said not to be scanned. Speaks
INSTREAM over a Unix socket or TCP, see clamd(8); threads only, it waits.
"""

import re
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

UNSCANNED = "not scanned for viruses"

_MOST_READ = 1024
_FOUND = re.compile(rb"stream: (.+) FOUND")
_NAME = re.compile(rb"[^\w.:-]+", re.ASCII)

# After a failure nobody waits for clamd for so long: it takes half a minute to start.
_REST = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What clamd said; `remark` is for the officer, "" where all is well."""

    is_refused: bool = False
    remark: str = ""


class Scanner:
    """One clamd; `address` is "unix:/path" or "host:port", "" for none. Seconds for one file."""

    def __init__(self, address: str, *, timeout: float, most_bytes: int) -> None:
        self._address = address
        self._timeout = timeout
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._rests_until = 0.0

    def scan(self, chunks: Iterable[bytes], size: int) -> Verdict:
        """Ask about one file of this size; no exception, whatever clamd does."""
        if not self._address:
            return Verdict()
        if size > self._most_bytes:
            return Verdict(remark=f"{UNSCANNED}: too large")
        with self._lock:
            if time.monotonic() < self._rests_until:
                return Verdict(remark=UNSCANNED)
        try:
            said = self._ask(chunks)
        except OSError:
            with self._lock:
                self._rests_until = time.monotonic() + _REST
            return Verdict(remark=UNSCANNED)
        return _verdict(said)

    def _ask(self, chunks: Iterable[bytes]) -> bytes:
        until = time.monotonic() + self._timeout
        with self._connected() as clamd:
            try:
                clamd.sendall(b"zINSTREAM\x00")
                for chunk in chunks:
                    clamd.settimeout(max(until - time.monotonic(), 0.001))
                    clamd.sendall(len(chunk).to_bytes(4, "big") + chunk)
                clamd.sendall(bytes(4))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it stops listening once it has seen enough, and says why
            said = b""
            while not said.endswith(b"\x00") and len(said) < _MOST_READ:
                clamd.settimeout(max(until - time.monotonic(), 0.001))
                more = clamd.recv(_MOST_READ)
                if not more:
                    break
                said += more
            return said.strip(b"\x00\n")

    def _connected(self) -> socket.socket:
        if self._address.startswith("unix:"):
            clamd = socket.socket(socket.AF_UNIX)
            try:
                clamd.settimeout(self._timeout)
                clamd.connect(self._address.removeprefix("unix:"))
            except OSError:
                clamd.close()
                raise
            return clamd
        host, _, port = self._address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=self._timeout)


def _verdict(said: bytes) -> Verdict:
    if said == b"stream: OK":
        return Verdict()
    found = _FOUND.fullmatch(said)
    if found:
        name = _NAME.sub(b"_", found[1])[:80].decode()
        return Verdict(is_refused=True, remark=f"file refused: virus {name}")
    return Verdict(remark=UNSCANNED)
