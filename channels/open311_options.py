"""The settings of the Open311 server; each is explained in config/gateway.toml."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct
from yarl import URL

from channels.contract import Secret
from channels.keyholders import check_apart, check_keys

MIB = 2**20
SHORTEST_KEY = 12

Count: TypeAlias = Annotated[int, Meta(ge=1)]
Name: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class Client(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may post requests."""

    name: Name
    #: Names of secrets; two while one replaces the other.
    keys: tuple[Secret, ...] = ()
    rate_per_minute: Count = 60

    def __post_init__(self) -> None:
        check_keys(self.keys, SHORTEST_KEY)


class Open311Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [channels.open311]."""

    clients: tuple[Client, ...] = ()
    jurisdiction_id: str = ""
    #: realtime: a request is answered with its id; batch: with a token that leads to the id.
    type: Literal["realtime", "batch"] = "realtime"
    #: What a request is answered with; the specification says 200, most servers 201.
    post_status: Literal[200, 201] = 201
    public_url: str = ""
    #: The header in which a proxy in front names the client.
    trusted_proxy_header: str = ""
    #: Ids nobody knows, from one network address; then it must wait with asking for ids.
    guesses_per_hour: Count = 120
    contact: str = ""
    key_service: str = ""
    #: Where `media_url` may be fetched from; none named: from any public https address.
    media_hosts: tuple[str, ...] = ()
    max_files: Count = 5
    max_file_bytes: Count = 10 * MIB
    max_body_bytes: Count = 25 * MIB

    def __post_init__(self) -> None:
        check_apart(self.clients, "clients")
        if self.public_url and URL(self.public_url).scheme not in {"http", "https"}:
            raise ValueError("public_url: expected an http or https address")
