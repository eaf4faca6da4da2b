"""
Where attachments lie: a folder, of this machine or shared by several, or a bucket (bucket.py).

A place knows files by their SHA-256 alone, and both kinds name them alike: `ab/abcdef…`. So files
move from one place to another with any tool that copies folders.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Protocol

from gateway.durable import sync_folder
from gateway.files_options import BUCKET, Attachments

#: The machine's own, in the data folder.
FOLDER = "attachments"
UNFINISHED = ".unfinished"
_TRIED = b"lapor-gateway check"


class Place(Protocol):
    """Keeps whole files; every method waits, and raises OSError where the place will not."""

    def put(self, sha256: str, chunks: Iterable[bytes], size: int) -> None:
        """Keep a file of `size` bytes; when this returns it is there for good, and whole."""

    def open(self, sha256: str) -> BinaryIO:
        """Give a file to read and close, a real one with a descriptor; FileNotFoundError."""

    def drop(self, sha256: str) -> None:
        """Forget a file; harmless where it is gone."""


def place_of(options: Attachments, folder: Path) -> Place:
    """The place the settings name; `folder` is the machine's own, and where files arrive."""
    if options.place.startswith(BUCKET):
        # Only who keeps files in a bucket pays for its client, 10 MB.
        from gateway.bucket import Bucket  # noqa: PLC0415

        return Bucket(options, folder)
    return Folder(Path(options.place) if options.place else folder)


def key_of(sha256: str) -> str:
    """The name of a file within its place, fanned out over two hex digits."""
    return f"{sha256[:2]}/{sha256}"


def try_out(place: Place) -> None:
    """Keep, read and forget a small file; raises OSError where one of these fails."""
    name = hashlib.sha256(_TRIED).hexdigest()
    place.put(name, [_TRIED], len(_TRIED))
    with place.open(name) as file:
        if file.read() != _TRIED:
            raise OSError("what was written is not what is read")
    place.drop(name)


class Folder:
    """A folder; implements Place. What a crash leaves behind ends in ".unfinished"."""

    def __init__(self, root: Path) -> None:
        self._root = root
        #: Folders whose names this process knows to be on disk.
        self._certain: set[Path] = set()

    def path(self, sha256: str) -> Path:
        """Where a file lies."""
        return self._root / key_of(sha256)

    def put(self, sha256: str, chunks: Iterable[bytes], size: int) -> None:
        """Write, sync and rename; a file that is there already is not written again."""
        del size
        path = self.path(sha256)
        self._make(path.parent)
        if path.exists():
            # Whoever put it there may have been killed before its name was on disk, or is not so
            # far yet.
            sync_folder(path.parent)
            return
        descriptor, temporary = tempfile.mkstemp(suffix=UNFINISHED, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, path)  # noqa: PTH104 (mkstemp names it as text)
        except BaseException:
            with contextlib.suppress(OSError):  # a share that went away keeps it, and we say why
                Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)

    def open(self, sha256: str) -> BinaryIO:
        """The file itself."""
        return self.path(sha256).open("rb")

    def drop(self, sha256: str) -> None:
        """Unlink it."""
        self.path(sha256).unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        """Make a folder that outlives a power cut; one that is there may be just as new."""
        if folder in self._certain and folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sync_folder(self._root)
        # Where we may not look, somebody else made our folder, long ago.
        with contextlib.suppress(PermissionError):
            sync_folder(self._root.parent)
        self._certain.add(folder)
