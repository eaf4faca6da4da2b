"""The settings of section [console]; each is explained in config/gateway.toml."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from channels.contract import Secret
from gateway.access.person import Role

Seconds = Annotated[float, msgspec.Meta(gt=0)]
LOCAL = ("127.0.0.1", "localhost", "::1")


class Oidc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signing in with an account of the office's own identity provider."""

    #: Its address, as it stands in its tokens; empty: there is none.
    issuer: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    #: This gateway's own address, to which the provider sends people back.
    console_url: str = ""
    #: The claim that says what somebody may do, a word or a list of words.
    claim: str = "groups"
    #: By the claim's words; who has several gets the first that stands here.
    roles: dict[str, Role] = {}

    def __post_init__(self) -> None:
        if not self.issuer:
            return
        for key in ("issuer", "console_url"):
            parts = urlsplit(getattr(self, key))
            if parts.scheme != "https" and parts.hostname not in LOCAL:
                raise ValueError(f"{key}: expected https://…")
        if not self.client_id:
            raise ValueError("client_id: is missing")


class Console(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The officers' pages."""

    #: Whether a password alone opens the door.
    totp: Literal["required", "optional"] = "required"
    #: A session nobody uses ends after this.
    idle: Seconds = 1_800.0
    #: Every session ends after this.
    absolute: Seconds = 43_200.0
    #: The header in which a proxy in front names the client; empty: there is no proxy.
    trusted_proxy_header: str = ""
    oidc: Oidc = Oidc()

    def __post_init__(self) -> None:
        if self.idle > self.absolute:
            raise ValueError("idle is more than absolute, after which a session ends anyway")
