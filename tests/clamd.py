"""A virus scanner that speaks INSTREAM as clamd(8) describes it, and finds what it is told to."""

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: https://www.eicar.org/ in two halves, so that no scanner takes this file for one.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(slots=True)
class Clamd:
    """How it answers, and what it was shown."""

    path: str = ""
    most_bytes: int = 8 << 20
    #: In place of the answer: "silent", "hang up", or words of its own.
    mood: str = ""
    shown: list[bytes] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Clamd]:
    """A scanner at a Unix socket in this folder."""
    clamd = Clamd(path=str(folder / "clamd.ctl"))

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                self.wfile.write(_answer(self.rfile.read, clamd))

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = False

    with Server(clamd.path, Session) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield clamd
        finally:
            clamd.released.set()
            server.shutdown()
            thread.join()


def _answer(read: Callable[[int], bytes], clamd: Clamd) -> bytes:
    if read(10) != b"zINSTREAM\x00":
        return b"UNKNOWN COMMAND\x00"
    if clamd.mood == "hang up":
        return b""
    content = b""
    while size := int.from_bytes(read(4), "big"):
        content += read(size)
        if len(content) > clamd.most_bytes:
            return b"INSTREAM size limit exceeded. ERROR\x00"
    clamd.shown.append(content)
    if clamd.mood == "silent":
        clamd.released.wait()
        return b""
    if clamd.mood:
        return clamd.mood.encode()
    return b"stream: Eicar-Signature FOUND\x00" if EICAR in content else b"stream: OK\x00"
