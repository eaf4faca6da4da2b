"""
Attachments, under their SHA-256 and never under a name that came from outside.

A file is looked at (what it is, where a picture was taken, whether it is a virus), pictures lose
their metadata, and what is left is in its place for good before the record that mentions it is
committed. A file without a record after a crash is harmless and found again by its hash. Files are
readable by the gateway's user alone.
"""

import asyncio
import contextlib
import hashlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from channels.contract import Attachment, Point, TooLarge
from channels.media_type import settled_type
from gateway.file_places import UNFINISHED, place_of
from gateway.files_options import Attachments
from gateway.image_pieces import Data, Piece
from gateway.images import WITH_METADATA, clean
from gateway.scan import Scanner
from normalizer.record import StoredFile

_CHUNK = 1 << 20
_HEAD = 1024
#: What an officer is told where a picture would tell who sent it.
LEFT_OUT = "a picture was left out: its metadata could not be taken out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a file; `file` is None where it was refused, and a remark says why."""

    file: StoredFile | None
    #: Where a picture says it was taken.
    point: Point | None = None
    #: For the officer, such as "not scanned for viruses".
    remarks: tuple[str, ...] = ()


class Files:
    """What citizens sent, in the place that the settings name."""

    def __init__(self, root: Path, options: Attachments | None = None) -> None:
        """Take the machine's own folder: files arrive there, and stay if no place is named."""
        options = options or Attachments()
        self._root = root
        self._place = place_of(options, root)
        self._most_bytes = options.most_bytes
        self._scanner = Scanner(
            options.clamd, timeout=options.clamd_timeout, most_bytes=options.clamd_most_bytes
        )

    def take(
        self, attachments: Iterable[Attachment], *, anonymous: bool = False
    ) -> tuple[Kept, ...]:
        """
        Store what is new and tell of each; raises OSError when its place will not.

        `anonymous`: a picture that cannot lose its metadata is left out.
        """
        return tuple(
            self._settle(file.content, name=file.name, claimed=file.media_type, anonymous=anonymous)
            for file in attachments
        )

    def keep(self, attachments: Iterable[Attachment]) -> tuple[StoredFile, ...]:
        """Only the files of `take` that were kept."""
        return tuple(kept.file for kept in self.take(attachments) if kept.file)

    def sink(self, most_bytes: int | None = None) -> "FileSink":
        """A place for the bytes of one file as they arrive; the cap is that of the settings."""
        return FileSink(self, self._root, most_bytes or self._most_bytes)

    def open(self, sha256: str) -> BinaryIO:
        """A file to read and close; FileNotFoundError where it is gone, OSError in bad weather."""
        return self._place.open(sha256)

    def drop(self, sha256s: Iterable[str]) -> None:
        """Files nobody needs any more; harmless where one is gone."""
        for sha256 in sha256s:
            self._place.drop(sha256)

    def settle_file(self, arrived: Path, *, name: str, claimed: str) -> Kept:
        """Store a file that lies complete at `arrived`, which is gone afterwards."""
        try:
            if not arrived.stat().st_size:
                return self._settle(b"", name=name, claimed=claimed)
            with (
                arrived.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
            ):
                return self._settle(data, name=name, claimed=claimed)
        finally:
            arrived.unlink(missing_ok=True)

    def _settle(self, data: Data, *, name: str, claimed: str, anonymous: bool = False) -> Kept:
        verdict = self._scanner.scan(chunks_of(data, [slice(0, len(data))]), len(data))
        if verdict.is_refused:
            return Kept(file=None, remarks=(verdict.remark,))
        cleaned = clean(data, settled_type(data[:_HEAD], claimed))
        if anonymous and any(WITH_METADATA in remark for remark in cleaned.remarks):
            return Kept(file=None, remarks=(LEFT_OUT,))
        hashed, size = hashlib.sha256(), 0
        for chunk in chunks_of(data, cleaned.pieces):
            hashed.update(chunk)
            size += len(chunk)
        sha256 = hashed.hexdigest()
        self._place.put(sha256, chunks_of(data, cleaned.pieces), size)
        return Kept(
            file=StoredFile(sha256=sha256, media_type=cleaned.media_type, bytes=size, name=name),
            point=cleaned.point,
            remarks=(*cleaned.remarks, *filter(None, [verdict.remark])),
        )


class FileSink:
    """
    One file on its way in; implements channels.contract.Sink.

    End it with `finish` or `abandon`. What a crash leaves behind ends in ".unfinished".
    """

    def __init__(self, files: Files, root: Path, most_bytes: int) -> None:
        self._files = files
        self._most_bytes = most_bytes
        self._bytes = 0
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, path = tempfile.mkstemp(suffix=UNFINISHED, dir=root)
        self._file = os.fdopen(descriptor, "wb", buffering=_CHUNK)
        self._path = Path(path)

    async def write(self, chunk: bytes, /) -> None:
        """Take the next bytes; raises TooLarge beyond the cap, OSError when the disk will not."""
        self._bytes += len(chunk)
        if self._bytes > self._most_bytes:
            raise TooLarge
        await asyncio.to_thread(self._file.write, chunk)

    async def finish(self, name: str, media_type: str = "") -> Kept:
        """Store what came, under the name and type the provider claims."""
        await asyncio.to_thread(self._file.close)
        return await asyncio.to_thread(
            self._files.settle_file, self._path, name=name, claimed=media_type
        )

    def abandon(self) -> None:
        """Throw away what came; harmless after `finish`."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the disk may be full, which is why it ends
            self._file.close()


def chunks_of(data: Data, pieces: Iterable[Piece]) -> Iterator[bytes]:
    """The bytes of these pieces, a megabyte at a time."""
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        for start in range(piece.start, piece.stop, _CHUNK):
            yield data[start : min(start + _CHUNK, piece.stop)]
