"""Section [attachments]: what is kept of files, and who looks at them first."""

import re
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from channels.contract import Secret
from gateway.sockets import host_and_port, is_loopback

#: What the name of a place that is a bucket begins with.
BUCKET = "s3://"
_BUCKET = re.compile(rf"{BUCKET}[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9](/[\w.-]+)*", re.ASCII)


class S3(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [attachments.s3]: the store a bucket belongs to."""

    #: Its address; empty: Amazon's own of the region.
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: Secret | None = None
    secret_key: Secret | None = None
    #: Seconds that one request may take.
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.endpoint)
        if self.endpoint and (not parts.hostname or parts.scheme not in {"http", "https"}):
            raise ValueError("endpoint: expected https://…")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("endpoint: what citizens send must not travel unencrypted, use https")


class Attachments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [attachments]."""

    #: Where files are kept: a folder that all machines share, or s3://bucket/prefix; empty: in the
    #: data folder of this machine.
    place: str = ""
    s3: S3 = S3()
    #: The largest file that is fetched from a provider, in bytes; a larger one is only mentioned.
    most_bytes: Annotated[int, msgspec.Meta(ge=1)] = 64 * 1024 * 1024
    #: A virus scanner: unix:/run/clamav/clamd.ctl or 127.0.0.1:3310; empty: none.
    clamd: str = ""
    #: How long clamd may take for one file.
    clamd_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    #: Not more than StreamMaxLength in clamd.conf.
    clamd_most_bytes: Annotated[int, msgspec.Meta(ge=1)] = 25 * 1024 * 1024

    def __post_init__(self) -> None:
        self._check_place()
        if self.clamd and not self.clamd.startswith("unix:/"):
            try:
                host_and_port(self.clamd)
            except ValueError as exc:
                raise ValueError("clamd: expected unix:/path or host:port") from exc

    def _check_place(self) -> None:
        if self.place.startswith(BUCKET):
            if not _BUCKET.fullmatch(self.place):
                raise ValueError("place: no bucket is called so")
            if not self.s3.access_key or not self.s3.secret_key:
                raise ValueError("place: a bucket needs access_key and secret_key")
        elif self.place and not self.place.startswith("/"):
            raise ValueError("place: expected /an/absolute/folder or s3://bucket")
