"""The section [channels.web] of gateway.toml, and what its values leave undone."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Meta, Struct

MIB = 2**20

# Indonesia has three zones and no summer time, so no zone database is needed.
Zone: TypeAlias = Literal["WIB", "WITA", "WIT"]
#: How far each is ahead of UTC.
HOURS: Mapping[Zone, int] = {"WIB": 7, "WITA": 8, "WIT": 9}
Count: TypeAlias = Annotated[int, Meta(ge=1)]


class WebOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the form looks, what it takes and whom it trusts."""

    office_name: str = "Pengaduan Masyarakat"
    office_contact: str = ""
    zone: Zone = "WIB"
    public_url: str = ""
    trusted_proxy_header: str = ""
    max_files: Count = 5
    max_file_bytes: Count = 10 * MIB
    max_body_bytes: Count = 25 * MIB
    max_memory_bytes: Count = 256 * MIB
    upload_seconds: Annotated[float, Meta(gt=0)] = 600
    reports_per_hour: Count = 60
    lookups_per_hour: Count = 120

    @property
    def secure(self) -> bool:
        """Whether citizens come by https, so that cookies may insist on it."""
        return self.public_url.lower().startswith("https://")


def problems(options: WebOptions) -> Iterator[str]:
    """Sentences for `lapor-gateway check`."""
    if options.public_url and not options.secure and not _is_local(options.public_url):
        yield "public_url is not https: what citizens write can be read on its way"
    if options.trusted_proxy_header and not options.public_url:
        yield "trusted_proxy_header names a proxy: set public_url to the https address it serves"
    if options.max_file_bytes > options.max_body_bytes:
        yield "max_file_bytes is more than max_body_bytes: a file that big never arrives"
    if options.max_body_bytes > options.max_memory_bytes:
        yield "max_body_bytes is more than max_memory_bytes: a form that big never arrives"


def _is_local(url: str) -> bool:
    try:
        address = urlsplit(url)
        host = address.hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return address.scheme == "http" and local
