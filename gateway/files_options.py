"""Section [attachments]: what is kept of files, and who looks at them first."""

from typing import Annotated

import msgspec

from gateway.sockets import host_and_port


class Attachments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [attachments]."""

    #: The largest file that is fetched from a provider, in bytes; a larger one is only mentioned.
    most_bytes: Annotated[int, msgspec.Meta(ge=1)] = 64 * 1024 * 1024
    #: A virus scanner: unix:/run/clamav/clamd.ctl or 127.0.0.1:3310; empty: none.
    clamd: str = ""
    #: How long clamd may take for one file.
    clamd_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    #: Not more than StreamMaxLength in clamd.conf.
    clamd_most_bytes: Annotated[int, msgspec.Meta(ge=1)] = 25 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.clamd and not self.clamd.startswith("unix:/"):
            try:
                host_and_port(self.clamd)
            except ValueError as exc:
                raise ValueError("clamd: expected unix:/path or host:port") from exc
