"""
Who may post: holders of a shared secret, in a header, in the query or as an HMAC; from which nets.

Every comparison takes the same time whatever was sent, and two secrets are valid while one
replaces the other. A refusal says nothing about what was missing. Behind a reverse proxy the
networks are checked against the proxy's own address, so the allow-list belongs in the proxy there.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import quote, unquote_plus

from channels.contract import Secret
from channels.posted import Asked

_PLACES = ("header", "query", "hmac")
_MOST_SECRETS = 2


class Guard:
    """
    Admits requests that carry one of the secrets and come from one of the networks.

    `place` is "header:<name>", "query:<name>" or "hmac:<header>": hex HMAC-SHA256 over the body;
    over the query where there is no body; over query, line feed, body where there are both.
    No secrets, no networks: everybody is admitted. Raises ValueError for settings that say nothing.
    """

    def __init__(self, secrets: Sequence[Secret], place: str, allow: Sequence[str] = ()) -> None:
        self._kind, _, self._name = place.partition(":")
        if self._kind not in _PLACES or not self._name:
            # What stands there is not repeated: it may be the secret itself.
            raise ValueError("secret_in must be header:, query: or hmac: and a name")
        if len(secrets) > _MOST_SECRETS or not all(secret.value for secret in secrets):
            raise ValueError("secrets must be one or, while it is being replaced, two; none empty")
        self._secrets = [secret.value.encode() for secret in secrets]
        self._networks = [ip_network(network) for network in allow]

    def admits(self, request: Asked, query: str, body: bytes) -> bool:
        """Whether this request may come in; `query` is the raw one, without its question mark."""
        if not self._secrets and not self._networks:
            return True
        return self.is_allowed(request.remote) and self._is_known(request.headers, query, body)

    def may_admit(self, request: Asked, query: str) -> bool:
        """As `admits`, before the body is read: False where no body could change that."""
        if self._secrets and self._kind == "hmac":
            return self.is_allowed(request.remote) and self._name in request.headers
        return self.admits(request, query, b"")

    def is_allowed(self, remote: str | None) -> bool:
        """Whether the address is in one of the networks."""
        if not self._networks:
            return True
        try:
            address = ip_address(remote or "")
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def without_secret(self, query: str) -> str:
        """The query as it may be kept: a secret in it is taken out."""
        if not self._secrets or self._kind != "query":
            return query
        return "&".join(pair for pair in query.split("&") if not self._holds_secret(pair))

    def sign(self, query: str, body: bytes) -> tuple[str, dict[str, str]]:
        """Query and headers with which this very guard admits the request."""
        if not self._secrets:
            return query, {}
        secret = self._secrets[0]
        if self._kind == "hmac":
            return query, {self._name: _signature(secret, query, body)}
        if self._kind == "header":
            return query, {self._name: secret.decode()}
        return f"{query}&{self._name}={quote(secret, safe='')}".lstrip("&"), {}

    def _is_known(self, headers: Mapping[str, str], query: str, body: bytes) -> bool:
        if not self._secrets:
            return True
        shown = self._shown(headers, query)
        known = False
        for secret in self._secrets:
            wanted = _signature(secret, query, body).encode() if self._kind == "hmac" else secret
            known |= hmac.compare_digest(shown, wanted)
        return known

    def _shown(self, headers: Mapping[str, str], query: str) -> bytes:
        if self._kind == "query":
            held = [pair for pair in query.split("&") if self._holds_secret(pair)]
            return _octets(unquote_plus(held[0].partition("=")[2])) if held else b""
        shown = headers.get(self._name, "")
        return _octets(shown.lower().removeprefix("sha256=") if self._kind == "hmac" else shown)

    def _holds_secret(self, pair: str) -> bool:
        return unquote_plus(pair.partition("=")[0]) == self._name


def _signature(secret: bytes, query: str, body: bytes) -> str:
    signed = b"\n".join(piece for piece in (_octets(query), body) if piece)
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
