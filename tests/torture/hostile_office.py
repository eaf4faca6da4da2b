"""A gateway with every door open, each behind a secret of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_process import Gateway

from channels.contract import Secret
from channels.signatures import Signatures

FIXTURES = Path(__file__).parents[1] / "fixtures"
SIGNED = ("line", "messenger", "instagram", "whatsapp", "x")


def secret_of(name: str) -> str:
    """What a provider signs with or shows; each channel has another."""
    return f"rahasia-pintu-{name}-0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDoor:
    """A door whose provider signs."""

    name: str
    body: bytes

    @property
    def path(self) -> str:
        """Where it posts."""
        return f"/in/{self.name}"

    def signed(self, body: bytes, by: str = "") -> dict[str, str]:
        """The header for a body; `by` is the channel whose secret signs."""
        secrets = [Secret(secret_of(by or self.name))]
        match self.name:
            case "line":
                return Signatures(secrets, "X-Line-Signature", form="base64").sign(body)
            case "x":
                header = "x-twitter-webhooks-signature"
                return Signatures(secrets, header, form="base64", prefix="sha256=").sign(body)
            case _:
                return Signatures(secrets, "X-Hub-Signature-256", prefix="sha256=").sign(body)


def signed_doors() -> list[SignedDoor]:
    """All of them, each with a message its provider might send."""
    post = b'{"for_user_id":"1","tweet_create_events":[{"id_str":"7","text":"@lapor lampu padam",'
    post += b'"user":{"id_str":"8","screen_name":"warga"}}]}'
    bodies = {"x": post}
    for name in SIGNED[:-1]:
        bodies[name] = (FIXTURES / name / "text.json").read_bytes()
    return [SignedDoor(name=name, body=bodies[name]) for name in SIGNED]


def open_every_door(gateway: Gateway, store: dict[str, Any]) -> None:
    """Settings and secrets for all channels that are pushed to."""
    channels: dict[str, dict[str, Any]] = {name: {"enabled": True} for name in SIGNED}
    channels["x"]["user_id"] = "1"
    channels["telegram"] = {"enabled": True, "mode": "webhook"}
    channels["officer"] = {"enabled": True}
    channels["sms"] = {}
    for name, section in channels.items():
        section["secrets"] = [f"door_{name}"]
        gateway.env[f"LAPOR_DOOR_{name.upper()}"] = secret_of(name)
    channels["web"] = {"reports_per_hour": 1_000_000}
    gateway.settings = store | {"channels": channels, "log": {"level": "debug", "format": "json"}}
