"""The settings of the mail channel; each is explained in config/gateway.toml."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from channels.contract import Secret
from channels.mail_account import Account
from channels.mail_listen import split_address


class MailOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.mail]; a setting that says nothing ends the start with its sentence."""

    listen: str = "127.0.0.1:2525"
    lmtp_listen: str = ""
    recipients: tuple[str, ...] = ("lapor@localhost",)
    hostname: str = ""
    certificate: str = ""
    certificate_key: str = ""
    max_bytes: int = 25 * 1024 * 1024
    max_recipients: int = 50
    max_connections: int = 400
    max_connections_per_address: int = 200
    command_timeout: float = 60.0
    max_files: int = 20
    max_file_bytes: int = 10 * 1024 * 1024
    authserv_id: str = ""
    display_name: str = "SP4N-LAPOR!"
    bounces: Literal["token", "none"] = "token"
    relay: str = ""
    relay_security: Literal["none", "starttls", "tls"] = "none"
    relay_username: str = ""
    relay_password: Secret | None = None
    relay_timeout: float = 30.0
    imap: str = ""
    imap_security: Literal["tls", "starttls", "none"] = "tls"
    imap_ca: str = ""
    imap_username: str = ""
    imap_password: Secret | None = None
    imap_folders: tuple[str, ...] = ("INBOX",)
    imap_poll: Annotated[float, msgspec.Meta(ge=1)] = 60.0
    imap_since: str = ""

    def __post_init__(self) -> None:
        if not self.recipients or any(not _is_address(a) for a in self.recipients):
            raise ValueError("recipients must be mail addresses, at least one")
        for address in filter(None, (self.listen, self.lmtp_listen, self.relay)):
            if not address.startswith("unix:") or address == self.relay:
                split_address(address)
        if bool(self.certificate) != bool(self.certificate_key):
            raise ValueError("certificate and certificate_key need each other")
        if self.imap:
            split_address(self.imap)
            if not (self.imap_username and self.imap_password and self.imap_folders):
                raise ValueError("imap needs imap_username, imap_password and imap_folders")
        if self.imap_since:
            date.fromisoformat(self.imap_since)

    def account(self) -> Account:
        """The mailbox of `imap`; only where that is set."""
        host, port = split_address(self.imap)
        return Account(
            host=host,
            port=port,
            security=self.imap_security,
            ca=self.imap_ca,
            username=self.imap_username,
            password=self.imap_password or Secret(""),
            folders=self.imap_folders,
            poll=self.imap_poll,
            since=date.fromisoformat(self.imap_since) if self.imap_since else None,
        )


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and text.isprintable() and not set(text) & set(' ,;<>"')
