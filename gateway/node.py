"""
What a process is called in its cluster: the same name after a restart, and never twice at a time.

The name stands in the data folder, in a file that is locked while the process lives. So a process
that was killed knows at its next start which claims were its own, and need not wait for them.
Several processes may share a folder; each takes the first name that is free.
"""

import fcntl
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO


@contextmanager
def taken_name(folder: Path) -> Iterator[str]:
    """A name that is ours alone until the end of the block."""
    file = next(filter(None, (_locked(folder / f"node.{number}") for number in count(1))))
    with file:
        file.seek(0)
        word = file.read().strip()
        if not word:
            word = uuid.uuid4().hex[:12]
            file.write(word)
            file.flush()
        # A copied folder, or one that two machines share without locks, still has two names.
        yield f"{socket.gethostname()} {word}"


def _locked(path: Path) -> IO[str] | None:
    """The file, locked; None where another process has it."""
    path.touch(mode=0o600)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
