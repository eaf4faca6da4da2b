"""The settings of the SMS channel; each is explained in config/gateway.toml."""

import msgspec
from yarl import URL

from channels import addresses
from channels.contract import Secret
from channels.secrets import Guard
from channels.sms_apis import SendNames
from channels.sms_presets import Names, PresetName

_MOST_SEGMENTS = 255


class SmsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.sms]; a setting that says nothing ends the start with its sentence."""

    preset: PresetName = "generic"
    fields: Names = Names()
    secrets: tuple[Secret, ...] = ()
    secret_in: str = "header:X-Secret"  # noqa: S105 (a place, no password)
    allow: tuple[str, ...] = ()
    default_country: str = "ID"
    sender: str = ""
    send_url: str = ""
    send_fields: SendNames = SendNames()
    username: str = ""
    password: Secret | None = None
    dlr_url: str = ""
    max_segments: int = 3

    def __post_init__(self) -> None:
        Guard(self.secrets, self.secret_in, self.allow)
        if not addresses.is_country(self.default_country):
            raise ValueError("default_country must be a two-letter code such as ID")
        if not 1 <= self.max_segments <= _MOST_SEGMENTS:
            raise ValueError(f"max_segments must be 1 to {_MOST_SEGMENTS}")
        if ":" in self.username:
            raise ValueError("username must not hold a colon, which ends it in HTTP")
        for url in filter(None, (self.send_url, self.dlr_url)):
            if URL(url).scheme not in ("http", "https") or not URL(url).host:
                raise ValueError("send_url and dlr_url must be http or https addresses")
