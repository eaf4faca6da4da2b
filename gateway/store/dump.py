"""
A PostgreSQL database in one file, by the server's own `pg_dump`; `pg_restore` brings it back.

What is written is one consistent view, taken when it begins; the gateway goes on meanwhile. The
address travels in the environment, for a password among the arguments could be read by everybody
on the machine.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from gateway.store.errors import StoreError

PROGRAM = "pg_dump"
#: Compressed and in the archive's own format, with tables anybody may own after.
OPTIONS = ("--format=custom", "--no-owner", "--no-privileges", "--no-password")
#: As the gateway itself: a standby may not have yet what was acknowledged.
FROM_PRIMARY = {"PGTARGETSESSIONATTRS": "read-write"}


def dump(url: str, file: Path) -> None:
    """Write the database there; StoreError when it cannot be done."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise StoreError(
            f"{PROGRAM} is not installed here (apt-get install postgresql-client); make the backup "
            "where it is, or use the server's own (pg_basebackup with WAL archiving)"
        )
    file.touch(mode=0o600)
    finished = subprocess.run(  # noqa: S603 (our own words and a file's name, no shell)
        [program, *OPTIONS, "--file", str(file)],
        env={**os.environ, **connection_environment(url)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if finished.returncode:
        raise StoreError(f"{PROGRAM} ended with {finished.returncode}: {_last(finished.stderr)}")


def connection_environment(url: str) -> Mapping[str, str]:
    """What libpq's programs read in place of an address, as far as there are words for it."""
    # Imported only here: the driver would cost every start on SQLite a tenth of a second.
    from psycopg import pq  # noqa: PLC0415

    given = {
        option.envvar.decode(): option.val.decode()
        for option in pq.Conninfo.parse(url.encode())
        if option.val is not None and option.envvar is not None
    }
    return {**given, **FROM_PRIMARY}


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
