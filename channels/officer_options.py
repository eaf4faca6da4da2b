"""The settings of the officer's door; each is explained in config/gateway.toml."""

from typing import Annotated

from msgspec import Meta, Struct

from channels.contract import Secret
from channels.secrets import Guard


class OfficerOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.officer]."""

    secrets: tuple[Secret, ...] = ()
    secret_in: str = "header:X-Secret"  # noqa: S105 (a place, no password)
    max_body_bytes: Annotated[int, Meta(ge=1)] = 20 * 2**20

    def __post_init__(self) -> None:
        Guard(self.secrets, self.secret_in)
