"""
A disk that forgets what was not synced: the program behind disk.py, a file system in user space.

    forgetful_disk.py FOLDER

Orders come in as lines, each is answered with one: `settle` (all is certain), `lie` (no sync counts
from now on), `fail N` (from the Nth change on nothing is answered; `dark` is said when it comes)
and `cut SEED SHARE` (forget, and be mounted anew). It ends, and the mount with it, when whoever
gives the orders does.
"""

import errno
import os
import random
import select
import stat
import struct
import sys
import time
from collections.abc import Callable  # noqa: TC003 (as everywhere)
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from torture import fuse_wire as fuse  # noqa: E402 (see above)
from torture.forgetful import (  # noqa: E402 (see above)
    File,
    Folder,
    Length,
    Naming,
    Node,
    Write,
    cut,
    settle,
)
from torture.fuse_wire import Kernel, Request, Status  # noqa: E402 (see above)

ROOT = 1
LENGTH, MODE, MOMENT = 8, 1, 32
SYNCS = frozenset({fuse.FSYNC, fuse.FSYNCDIR})
CHANGES = SYNCS | {
    *(fuse.WRITE, fuse.FALLOCATE, fuse.SETATTR, fuse.MKNOD, fuse.MKDIR),
    *(fuse.UNLINK, fuse.RMDIR, fuse.RENAME, fuse.RENAME2, fuse.LINK),
}


class Files:
    """Answers what the kernel asks about one tree; numbers stand for files while it is mounted."""

    def __init__(self, root: Folder) -> None:
        self._nodes: list[Node] = [root, root]
        self._numbers: dict[Node, int] = {root: ROOT}
        self._listings: dict[int, list[tuple[bytes, int, int]]] = {}
        self.lying = False
        self.does: dict[int, Callable[[Request], bytes]] = {
            fuse.INIT: lambda request: fuse.initialised(request.body),
            fuse.LOOKUP: self._look_up,
            fuse.GETATTR: lambda request: self._attributes(self._nodes[request.node]),
            fuse.SETATTR: self._set,
            fuse.MKNOD: self._make_file,
            fuse.MKDIR: self._make_folder,
            fuse.UNLINK: self._remove,
            fuse.RMDIR: self._remove,
            fuse.RENAME: lambda request: self._rename(request, 8),
            fuse.RENAME2: lambda request: self._rename(request, 16),
            fuse.LINK: self._link,
            fuse.READ: self._read,
            fuse.WRITE: self._write,
            fuse.FALLOCATE: self._allocate,
            fuse.FSYNC: self._sync,
            fuse.FSYNCDIR: self._sync,
            fuse.STATFS: lambda _: struct.pack("<5Q10I", *[1 << 30] * 5, 4096, 255, 4096, *[0] * 7),
            fuse.OPENDIR: self._open_folder,
            fuse.READDIR: self._list,
            fuse.RELEASEDIR: self._close_folder,
            fuse.DESTROY: lambda _: b"",
        }

    def _number(self, node: Node) -> int:
        if node not in self._numbers:
            self._numbers[node] = len(self._nodes)
            self._nodes.append(node)
        return self._numbers[node]

    def _status(self, node: Node) -> Status:
        return Status(
            number=self._number(node),
            size=len(node.now) if isinstance(node, File) else 4096,
            mode=node.mode,
            links=node.links,
            owner=node.owner,
            changed=node.changed,
        )

    def _attributes(self, node: Node) -> bytes:
        return fuse.attributes(self._status(node))

    def _folder(self, number: int) -> Folder:
        node = self._nodes[number]
        if not isinstance(node, Folder):
            raise OSError(errno.ENOTDIR, "not a folder")
        return node

    def _file(self, number: int) -> File:
        node = self._nodes[number]
        if not isinstance(node, File):
            raise OSError(errno.EISDIR, "not a file")
        return node

    def _look_up(self, request: Request) -> bytes:
        (name,) = request.names()
        return fuse.entry(self._status(_named(self._folder(request.node), name)))

    def _set(self, request: Request) -> bytes:
        asked, _, _, length = struct.unpack_from("<IIQQ", request.body)
        mode = struct.unpack_from("<I", request.body, 68)[0]
        node = self._nodes[request.node]
        if asked & LENGTH:
            self._file(request.node).do(Length(length))
            node.changed = time.time_ns()
        if asked & MODE:
            node.mode = mode
        if asked & MOMENT:
            node.changed = time.time_ns()
        return self._attributes(node)

    def _make_file(self, request: Request) -> bytes:
        mode = struct.unpack_from("<I", request.body)[0]
        if not stat.S_ISREG(mode):
            raise OSError(errno.EPERM, "only files")
        (name,) = request.names(16)
        return self._make(request, name, File(mode=mode, owner=request.owner))

    def _make_folder(self, request: Request) -> bytes:
        mode = struct.unpack_from("<I", request.body)[0] | stat.S_IFDIR
        (name,) = request.names(8)
        return self._make(request, name, Folder(mode=mode, owner=request.owner))

    def _link(self, request: Request) -> bytes:
        (name,) = request.names(8)
        return self._make(request, name, self._nodes[struct.unpack_from("<Q", request.body)[0]])

    def _make(self, request: Request, name: bytes, node: Node) -> bytes:
        folder = self._folder(request.node)
        if name in folder.now:
            raise OSError(errno.EEXIST, "is there")
        folder.do(Naming(None, name, node))
        folder.changed = node.changed = time.time_ns()
        node.links += 1
        return fuse.entry(self._status(node))

    def _remove(self, request: Request) -> bytes:
        (name,) = request.names()
        folder = self._folder(request.node)
        _let_go(_named(folder, name))
        folder.do(Naming(name))
        folder.changed = time.time_ns()
        return b""

    def _rename(self, request: Request, numbers: int) -> bytes:
        if struct.unpack_from("<Q", request.body)[0] != request.node:
            # Nobody here needs it, and it is no single change of a single folder.
            raise OSError(errno.EXDEV, "only within a folder")
        old, new = request.names(numbers)
        folder = self._folder(request.node)
        node = _named(folder, old)
        if new in folder.now and folder.now[new] is not node:
            _let_go(folder.now[new])
        folder.do(Naming(old, new, node))
        folder.changed = time.time_ns()
        return b""

    def _read(self, request: Request) -> bytes:
        _, start, size = struct.unpack_from("<QQI", request.body)
        return bytes(self._file(request.node).now[start : start + size])

    def _write(self, request: Request) -> bytes:
        _, start, size = struct.unpack_from("<QQI", request.body)
        file = self._file(request.node)
        file.do(Write(start, request.body[40 : 40 + size]))
        file.changed = time.time_ns()
        return struct.pack("<II", size, 0)

    def _allocate(self, request: Request) -> bytes:
        _, start, length, mode = struct.unpack_from("<QQQI", request.body)
        if mode:
            raise OSError(errno.EOPNOTSUPP, "no holes")
        file = self._file(request.node)
        if start + length > len(file.now):
            file.do(Length(start + length))
        return b""

    def _sync(self, request: Request) -> bytes:
        if not self.lying:
            self._nodes[request.node].sync()
        return b""

    def _open_folder(self, request: Request) -> bytes:
        names = self._folder(request.node).now.items()
        # As it is now: names that go while it is being read must not make it skip others.
        self._listings[request.number] = [
            (name, self._number(node), node.mode) for name, node in names
        ]
        return struct.pack("<QII", request.number, 0, 0)

    def _list(self, request: Request) -> bytes:
        listing, start, room = struct.unpack_from("<QQI", request.body)
        return fuse.listed(self._listings[listing], start, room)

    def _close_folder(self, request: Request) -> bytes:
        del self._listings[struct.unpack_from("<Q", request.body)[0]]
        return b""


def _named(folder: Folder, name: bytes) -> Node:
    if name not in folder.now:
        raise OSError(errno.ENOENT, "is not there")
    return folder.now[name]


def _let_go(node: Node) -> None:
    if isinstance(node, Folder) and node.now:
        raise OSError(errno.ENOTEMPTY, "not empty")
    node.links -= 1


class Disk:
    """The tree, the kernel that asks for it, and who gives the orders."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._root = Folder(mode=stat.S_IFDIR | 0o700, owner=(os.geteuid(), os.getegid()), links=1)
        self._left: int | None = None
        self._mount()

    def serve(self) -> None:
        """Answer until nobody gives orders any more."""
        try:
            while True:
                watched = [sys.stdin.fileno()]
                if self._left != 0:
                    watched.append(self._kernel.descriptor)
                ready, _, _ = select.select(watched, [], [])
                if sys.stdin.fileno() in ready:
                    words = sys.stdin.readline().split()
                    if not words:
                        return
                    self._obey(*words)
                elif request := self._kernel.request():
                    self._answer(request)
        finally:
            self._kernel.close()

    def _mount(self) -> None:
        self._kernel, self._files = Kernel(self._place), Files(self._root)

    def _obey(self, order: str, *words: str) -> None:
        if order == "settle":
            settle(self._root)
        elif order == "lie":
            self._files.lying = True
        elif order == "fail":
            self._left = int(words[0])
        elif order == "cut":
            self._kernel.close()
            chance = random.Random(int(words[0]))  # noqa: S311 (can be repeated)
            cut(self._root, chance, float(words[1]))
            self._left = None
            self._mount()
        _say(order)

    def _answer(self, request: Request) -> None:
        if self._left is not None and request.kind in CHANGES:
            self._left -= 1
            if not self._left:
                # The last is on its way to the disk; a sync that was never answered is none.
                if request.kind not in SYNCS:
                    self._done(request)
                _say("dark")
                return
        error, body = self._done(request)
        if request.kind not in fuse.SILENT:
            self._kernel.answer(request, body, error)

    def _done(self, request: Request) -> tuple[int, bytes]:
        do = self._files.does.get(request.kind)
        if do is None:
            return errno.ENOSYS, b""
        try:
            return 0, do(request)
        except OSError as exc:
            return exc.errno or errno.EIO, b""


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    disk = Disk(Path(sys.argv[1]))
    _say("mounted")
    disk.serve()
