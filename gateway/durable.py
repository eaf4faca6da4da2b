"""What has a name in a folder keeps it when the power fails once the folder itself is synced."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Return when the names in this folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
