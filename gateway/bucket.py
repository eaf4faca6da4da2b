"""
Attachments in a bucket of an S3-compatible store, by way of obstore.

A file is there for good when the store has answered its PUT; S3 lists and gives it from then on.
What is read is hashed on its way and must be what its name says. The client is made at its first
use, for the process that reads messages is forked before there may be any thread.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from channels.contract import Secret
from gateway.file_places import key_of
from gateway.files_options import BUCKET, Attachments

# A larger file goes up in parts of this size, two at a time: 16 MB of memory at most.
_PART = 8 << 20
_AT_ONCE = 2
_CHUNK = 1 << 20
_CONNECT = timedelta(seconds=5)
_RETRIES = 2


class BucketAway(OSError):
    """The store did not answer, or refused; its own words may name what is nobody's business."""


class Bucket:
    """A bucket; implements gateway.file_places.Place."""

    def __init__(self, options: Attachments, spool: Path) -> None:
        """Take the settings; `spool` is a folder for what is being read."""
        self._options = options
        self._spool = spool

    def put(self, sha256: str, chunks: Iterable[bytes], size: int) -> None:
        """Send it, also where it is there already: the same bytes under the same name."""
        key = key_of(sha256)
        with _as_oserror():
            if size <= _PART:
                obstore.put(self._store, key, b"".join(chunks), use_multipart=False)
            else:
                parts = iter(chunks)
                obstore.put(self._store, key, parts, chunk_size=_PART, max_concurrency=_AT_ONCE)

    def open(self, sha256: str) -> BinaryIO:
        """Fetch it into a file without a name, which is gone when it is closed."""
        self._spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        file: BinaryIO = tempfile.TemporaryFile(dir=self._spool)  # noqa: SIM115 (the caller closes)
        try:
            self._fetch(sha256, file)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def _fetch(self, sha256: str, into: BinaryIO) -> None:
        hashed = hashlib.sha256()
        with _as_oserror():
            found = obstore.get(self._store, key_of(sha256))
            for chunk in found.stream(min_chunk_size=_CHUNK):
                hashed.update(chunk)
                into.write(chunk)
        if hashed.hexdigest() != sha256:
            raise BucketAway("a file is not what its name says")

    def drop(self, sha256: str) -> None:
        """Delete it."""
        with suppress(FileNotFoundError), _as_oserror():
            obstore.delete(self._store, key_of(sha256))

    @cached_property
    def _store(self) -> S3Store:
        name, _, prefix = self._options.place.removeprefix(BUCKET).partition("/")
        s3 = self._options.s3
        return S3Store(
            name,
            prefix=prefix or None,
            endpoint=s3.endpoint or f"https://s3.{s3.region}.amazonaws.com",
            region=s3.region,
            access_key_id=_said(s3.access_key),
            secret_access_key=_said(s3.secret_key),
            client_options={
                # The settings allow plain http to this machine alone.
                "allow_http": s3.endpoint.startswith("http://"),
                "timeout": timedelta(seconds=s3.timeout),
                "connect_timeout": _CONNECT,
            },
            retry_config={
                "max_retries": _RETRIES,
                "retry_timeout": timedelta(seconds=s3.timeout),
            },
        )


def _said(secret: Secret | None) -> str:
    return secret.value if secret else ""


@contextmanager
def _as_oserror() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as exc:
        raise FileNotFoundError("no such file in the bucket") from exc
    except BaseError as exc:
        raise BucketAway(type(exc).__name__) from exc
