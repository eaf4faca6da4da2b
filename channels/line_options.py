"""The settings of the LINE channel; each is explained in config/gateway.toml."""

from datetime import date
from typing import Literal

import msgspec
from yarl import URL

from channels.contract import Secret
from channels.signatures import Signatures

#: What is taken from group chats: what mentions our account, or everything.
Groups = Literal["addressed", "all"]


class LineOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.line]; a setting that says nothing ends the start with its sentence."""

    secrets: tuple[Secret, ...] = ()
    access_token: Secret | None = None
    token_until: date | None = None
    groups: Groups = "addressed"
    api_url: str = "https://api.line.me"
    content_url: str = "https://api-data.line.me"

    def __post_init__(self) -> None:
        signatures_of(self)
        for url in (self.api_url, self.content_url):
            if URL(url).scheme not in ("http", "https") or not URL(url).host:
                raise ValueError("api_url and content_url must be http or https addresses")


def signatures_of(options: LineOptions) -> Signatures:
    """The check of X-Line-Signature: base64 of an HMAC with the channel secret."""
    return Signatures(options.secrets, "X-Line-Signature", form="base64")
