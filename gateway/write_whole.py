"""Writing a file that others read at the same time."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from gateway.durable import sync_folder
from gateway.errors import SettingsError

_READABLE = 0o644


def write_whole(file: Path, content: bytes, mode: int = _READABLE) -> None:
    """Put it there whole: a gateway that reads at this moment sees the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "wb") as draft:
                draft.write(content)
                draft.flush()
                os.fsync(draft.fileno())
            Path(name).chmod(mode)
            Path(name).replace(file)
            sync_folder(file.parent)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as exc:
        raise SettingsError(f"{file}: cannot be written: {exc.strerror}") from exc
