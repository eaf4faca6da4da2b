"""The settings of the Telegram channel; each is explained in config/gateway.toml."""

import re
from typing import Annotated, Literal

import msgspec
from yarl import URL

from channels.contract import Secret
from channels.secrets import Guard

#: Where Telegram itself answers bots.
TELEGRAM = "https://api.telegram.org"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 (a place, no password)

_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{1,100}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_USERNAME = re.compile(r"@?[A-Za-z0-9_]{0,64}", re.ASCII)
_COMMAND = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
_LONGEST_DESCRIPTION = 256
_MENU = {
    "lapor": "Cara menyampaikan laporan",
    "status": "Cek status laporan",
    "lokasi": "Kirim lokasi kejadian",
    "bantuan": "Bantuan",
}

Rate = Annotated[float, msgspec.Meta(gt=0)]


class TelegramOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.telegram]; a setting that says nothing ends the start with its sentence."""

    mode: Literal["polling", "webhook"] = "polling"
    token: Secret | None = None
    username: str = ""
    secrets: tuple[Secret, ...] = ()
    allow: tuple[str, ...] = ()
    public_url: str = ""
    max_connections: Annotated[int, msgspec.Meta(ge=1, le=100)] = 40
    api_url: str = TELEGRAM
    timeout: Annotated[float, msgspec.Meta(gt=0, le=30)] = 15.0
    poll_seconds: Annotated[int, msgspec.Meta(ge=1, le=50)] = 30
    typing: bool = True
    overall_per_second: Rate = 30.0
    private_per_second: Rate = 1.0
    group_per_minute: Rate = 20.0
    location_label: str = "Kirim lokasi saya"
    location_prompt: str = "Tekan tombol di bawah untuk mengirim lokasi Anda."
    menu: dict[str, str] = msgspec.field(default_factory=lambda: dict(_MENU))

    def __post_init__(self) -> None:
        _ = self.guard  # says what no guard can be made of
        if self.token and not _TOKEN.fullmatch(self.token.value):
            raise ValueError("token: a bot token has digits, a colon, and letters behind it")
        if not all(_SECRET.fullmatch(secret.value) for secret in self.secrets):
            raise ValueError("secrets: Telegram takes A-Z, a-z, 0-9, _ and -, at most 256 of them")
        if not _USERNAME.fullmatch(self.username):
            raise ValueError("username: the name of a bot has only letters, digits and _")
        for name in ("api_url", "public_url"):
            url = getattr(self, name)
            if url and (URL(url).scheme not in ("http", "https") or not URL(url).host):
                raise ValueError(f"{name}: must be an http or https address")
        for command, words in self.menu.items():
            if not _COMMAND.fullmatch(command) or not 1 <= len(words) <= _LONGEST_DESCRIPTION:
                raise ValueError(
                    "menu: a command has a-z, 0-9 and _, and up to 256 characters to explain it"
                )

    @property
    def bot_token(self) -> str:
        """The token, or "" without one."""
        return self.token.value if self.token else ""

    @property
    def guard(self) -> Guard:
        """Who may post to the webhook."""
        return Guard(self.secrets, f"header:{SECRET_HEADER}", self.allow)

    @property
    def is_guarded(self) -> bool:
        """Whether there is anything a request to the webhook must show."""
        return bool(self.secrets or self.allow)

    @property
    def hook_url(self) -> str:
        """Where Telegram posts to; "" where the operator tells Telegram."""
        return f"{self.public_url.rstrip('/')}/in/telegram" if self.public_url else ""


def problems(told: TelegramOptions) -> list[str]:
    """What an operator should know before citizens do."""
    is_hook = told.mode == "webhook"
    found = {
        "no token: nothing is received by polling, and answers stay in the outbox": (
            told.token is None
        ),
        "neither secrets nor allow: the webhook takes nothing from anybody": (
            is_hook and not told.is_guarded
        ),
        "no public_url: tell Telegram the address of the webhook yourself (setWebhook)": (
            is_hook and not told.public_url
        ),
        "public_url is not https: Telegram posts to https only": (
            is_hook and told.api_url == TELEGRAM and told.public_url.startswith("http:")
        ),
        "two secrets are valid: take the old one out once Telegram uses the new one": (
            len(told.secrets) > 1
        ),
    }
    return [sentence for sentence, is_so in found.items() if is_so]
