"""
A file system in user space as the kernel sees it: its requests and our answers, over /dev/fuse.

Version 7.31 of the protocol, see <linux/fuse.h>; all it needs is `mount` and to be root.
"""

import errno
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

DEVICE = Path("/dev/fuse")
VERSION = (7, 31)
MOST_WRITE = 128 << 10
_REQUEST = struct.Struct("<IIQQIIII")
_ANSWER = struct.Struct("<IiQ")
_INIT = struct.Struct("<IIII")
_INITIALISED = struct.Struct("<IIIIHHIIHHI28x")
_ATTRIBUTES = struct.Struct("<6Q10I")
_ENTRY = struct.Struct("<4Q2I")
_STATUS = struct.Struct("<QII")
_NAME = struct.Struct("<QQII")
BIG_WRITES = 1 << 5
# Only what happens here changes the files: the kernel need not ask again.
VALID_SECONDS = 86_400

LOOKUP, FORGET, GETATTR, SETATTR = 1, 2, 3, 4
MKNOD, MKDIR, UNLINK, RMDIR, RENAME, LINK = 8, 9, 10, 11, 12, 13
READ, WRITE, STATFS, FSYNC, INIT = 15, 16, 17, 20, 26
OPENDIR, READDIR, RELEASEDIR, FSYNCDIR = 27, 28, 29, 30
INTERRUPT, DESTROY, BATCH_FORGET, FALLOCATE, RENAME2 = 36, 38, 42, 43, 45
#: Nobody waits for an answer to these.
SILENT = frozenset({FORGET, BATCH_FORGET, INTERRUPT})


@dataclass(frozen=True, slots=True)
class Request:
    """What the kernel asks for."""

    kind: int
    number: int
    #: The file or folder it is about.
    node: int
    owner: tuple[int, int]
    body: bytes

    def names(self, behind: int = 0) -> list[bytes]:
        """The names that stand behind so many bytes of numbers."""
        return self.body[behind:].split(b"\0")[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What stat(2) tells."""

    number: int
    size: int
    mode: int
    links: int
    owner: tuple[int, int]
    #: In nanoseconds.
    changed: int

    def packed(self) -> bytes:
        """As the kernel reads it."""
        seconds, rest = divmod(self.changed, 10**9)
        return _ATTRIBUTES.pack(
            *(self.number, self.size, -(-self.size // 512), seconds, seconds, seconds),
            *(rest, rest, rest, self.mode, self.links, *self.owner, 0, 4096, 0),
        )


class Kernel:
    """One mounted file system; closing it ends whoever waits for an answer with an error."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        try:
            options = f"fd={self.descriptor},rootmode=40000,user_id=0,group_id=0,allow_other"
            subprocess.run(
                ["mount", "-i", "-n", "-t", "fuse", "-o", options, "forgetful", str(place)],
                check=True,
                capture_output=True,
                pass_fds=[self.descriptor],
            )
        except BaseException:
            os.close(self.descriptor)
            raise

    def close(self) -> None:
        """Unmount it, whoever is still in it."""
        # In this order: what is unmounted wants to be written back first, and nobody would answer.
        os.close(self.descriptor)
        unmount(self._place)

    def request(self) -> Request | None:
        """The next request; None where it was taken back meanwhile."""
        try:
            data = os.read(self.descriptor, MOST_WRITE + 4096)
        except OSError as exc:
            if exc.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                return None
            raise
        _, kind, number, node, *owner = _REQUEST.unpack_from(data)
        return Request(kind, number, node, (owner[0], owner[1]), data[_REQUEST.size :])

    def answer(self, request: Request, body: bytes = b"", error: int = 0) -> None:
        """Tell what came of it."""
        head = _ANSWER.pack(_ANSWER.size + len(body), -error, request.number)
        try:
            os.write(self.descriptor, head + body)
        except FileNotFoundError:
            return  # whoever asked has been killed meanwhile


def unmount(place: Path) -> None:
    """Take away what is mounted there, if anything is; nothing of it is asked any more."""
    command = ["umount", "--lazy", "--internal-only", "--no-mtab", str(place)]
    subprocess.run(command, check=False, capture_output=True)


def initialised(body: bytes) -> bytes:
    """The answer to the first request of all."""
    _, _, ahead, offered = _INIT.unpack_from(body)
    background, grain, pages = 64, 1, MOST_WRITE // 4096
    return _INITIALISED.pack(
        *(*VERSION, ahead, offered & BIG_WRITES, background, background),
        *(MOST_WRITE, grain, pages, 0, 0),
    )


def entry(status: Status) -> bytes:
    """What a name stands for."""
    return _ENTRY.pack(status.number, 0, VALID_SECONDS, VALID_SECONDS, 0, 0) + status.packed()


def attributes(status: Status) -> bytes:
    """What is known of a file."""
    return _STATUS.pack(VALID_SECONDS, 0, 0) + status.packed()


def listed(names: list[tuple[bytes, int, int]], start: int, room: int) -> bytes:
    """So many of the names, their numbers and modes, as fit, from this place on."""
    lines = bytearray()
    for place, (name, number, mode) in enumerate(names[start:], start=start + 1):
        line = _NAME.pack(number, place, len(name), mode >> 12) + name
        line += bytes(-len(line) % 8)
        if len(lines) + len(line) > room:
            break
        lines += line
    return bytes(lines)
