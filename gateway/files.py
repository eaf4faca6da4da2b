"""
Attachments on disk, under their SHA-256 and never under a name that came from outside.

Files are written, synced and renamed before the record that mentions them is committed; a file
without a record after a crash is harmless and found again by its hash. They are readable by the
gateway's user alone.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from channels.contract import Attachment
from normalizer.record import StoredFile


class Files:
    """The attachment directory, fanned out over two hex digits."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, attachments: Iterable[Attachment]) -> tuple[StoredFile, ...]:
        """Store what is new and name each; raises OSError when the disk will not."""
        return tuple(self._keep(attachment) for attachment in attachments)

    def path(self, sha256: str) -> Path:
        """Where a file lies."""
        return self._root / sha256[:2] / sha256

    def _keep(self, attachment: Attachment) -> StoredFile:
        sha256 = hashlib.sha256(attachment.content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            self._write(path, attachment.content)
        return StoredFile(
            sha256=sha256,
            media_type=attachment.media_type,
            bytes=len(attachment.content),
            name=attachment.name,
        )

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
