"""The settings of the API for local apps; each is explained in config/gateway.toml."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct
from yarl import URL

from channels.contract import Secret
from channels.keyholders import check_apart, check_keys
from channels.standard_webhooks import key_of

MIB = 2**20
SHORTEST_KEY = 20
MOST_SECRETS = 2

Scope: TypeAlias = Literal["report", "read"]
Count: TypeAlias = Annotated[int, Meta(ge=1)]
Name: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class App(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One local app: what it may do and where its answers go."""

    #: Part of what its reports are known by: a renamed app has lost sight of its old ones.
    name: Name
    #: Names of secrets; two while one replaces the other.
    keys: tuple[Secret, ...] = ()
    scopes: tuple[Scope, ...] = ("report", "read")
    rate_per_minute: Count = 60
    #: Where answers are posted; empty: the app asks for itself.
    callback_url: str = ""
    #: Names of `whsec_…` secrets; two during a rotation, both sign.
    callback_secrets: tuple[Secret, ...] = ()
    #: The app has an address in our own network, and may do without https.
    callback_private: bool = False

    def __post_init__(self) -> None:
        check_keys(self.keys, SHORTEST_KEY)
        if self.callback_url:
            self._check_callback()

    def _check_callback(self) -> None:
        url = URL(self.callback_url)
        if not url.host or url.scheme not in {"https", "http"} or url.user or url.password:
            raise ValueError("callback_url: expected an https address without name and password")
        if url.scheme == "http" and not self.callback_private:
            raise ValueError("callback_url: http needs callback_private = true")
        if not 1 <= len(self.callback_secrets) <= MOST_SECRETS:
            raise ValueError("callback_secrets: expected the name of one secret, or two")
        try:
            list(map(key_of, self.callback_secrets))
        except ValueError as exc:
            raise ValueError(f"callback_secrets: {exc}") from exc


class ApiOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.api]."""

    apps: tuple[App, ...] = ()
    max_files: Count = 5
    max_file_bytes: Count = 10 * MIB
    max_body_bytes: Count = 25 * MIB

    def __post_init__(self) -> None:
        check_apart(self.apps, "apps")
