"""The settings of Meta's channels; each is explained in config/gateway.toml."""

import re
from datetime import date

import msgspec
from yarl import URL

from channels.contract import Secret
from channels.signatures import Signatures

_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}", re.ASCII)


class MetaOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all of them have; a setting that says nothing ends the start with its sentence."""

    secrets: tuple[Secret, ...] = ()
    verify_token: Secret | None = None
    access_token: Secret | None = None
    #: Its last day, as the provider told when it was made; None: not known, or it never ends.
    token_until: date | None = None
    api_url: str = "https://graph.facebook.com"
    #: Meta retires a version after about two years.
    api_version: str = "v25.0"

    def __post_init__(self) -> None:
        signatures_of(self)
        if URL(self.api_url).scheme not in ("http", "https") or not URL(self.api_url).host:
            raise ValueError("api_url must be an http or https address")
        if not _VERSION.fullmatch(self.api_version):
            raise ValueError("api_version must be a version of the Graph API such as v25.0")
        if self.verify_token is not None and not self.verify_token.value:
            raise ValueError("verify_token must not be empty")


class PageOptions(MetaOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.messenger], and what [channels.instagram] has in common with it."""

    send_as: str = ""
    human_agent: bool = False
    media_hosts: tuple[str, ...] = ("fbcdn.net", "cdninstagram.com", "fbsbx.com")


class InstagramOptions(PageOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.instagram]."""

    api_url: str = "https://graph.instagram.com"


class WhatsappOptions(MetaOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.whatsapp]."""

    template: str = ""
    template_language: str = "id"
    pair_seconds: float = 6.0
    media_hosts: tuple[str, ...] = ("lookaside.fbsbx.com",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.pair_seconds <= 20:  # noqa: PLR2004 (a reply must end within its lease)
            raise ValueError("pair_seconds must be 0 to 20")


def signatures_of(options: MetaOptions) -> Signatures:
    """The check of X-Hub-Signature-256: hex of an HMAC with the app secret."""
    return Signatures(options.secrets, "X-Hub-Signature-256", form="hex", prefix="sha256=")
