"""
OpenID Connect: signing in with an account of the office's own identity provider.

Authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636). What comes
back counts only with a signature of the provider's own keys, for us, of now and of this very
attempt. Who somebody is, is their `sub` at this issuer: a name there is never taken for a local
account of the same name.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec

from gateway.access.options import LOCAL, Oidc
from gateway.access.person import Role
from gateway.vault import same

# Whoever takes longer at the provider begins again.
FLOW_MS = 600_000
# Keys are changed now and then; one that is not known is asked for at once.
KEYS_MS = 3_600_000
SECONDS = aiohttp.ClientTimeout(total=10)
MOST_BYTES = 256 * 1024
# Signatures of a private key; never `none`, never one made with a shared secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LEEWAY_SECONDS = 60


class NotVouched(Exception):
    """The provider does not vouch for them, or not in a way that can be believed."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, as the browser carries it, sealed."""

    state: str
    nonce: str
    verifier: str
    next: str
    #: The name of a form that was put aside.
    aside: str
    #: Milliseconds since 1970.
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Who the provider says it is."""

    #: Issuer and their name there: stays the same for one person.
    subject: str
    login: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of the provider."""

    authorize: str
    token: str
    keys: Any
    at: int


class Provider:
    """The office's identity provider."""

    def __init__(self, options: Oidc, clock: Callable[[], int]) -> None:
        self._options = options
        self._clock = clock
        self._known: _Known | None = None
        self._back = f"{options.console_url.rstrip('/')}/console/oidc/back"

    async def begin(self, next_: str, aside: str = "") -> tuple[str, Flow]:
        """Where the browser goes, and what it must bring back."""
        known = await self._provider()
        flow = Flow(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=next_,
            aside=aside,
            at=self._clock(),
        )
        asked = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": self._back,
            "scope": "openid profile email",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": _challenge(flow.verifier),
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in known.authorize else "?"
        return f"{known.authorize}{mark}{urlencode(asked)}", flow

    async def finish(self, flow: Flow, answer: Mapping[str, str]) -> Vouched:
        """Who came back; raises NotVouched."""
        if not same(answer.get("state", ""), flow.state):
            raise NotVouched("it is the answer to another attempt")
        if self._clock() - flow.at > FLOW_MS:
            raise NotVouched("it took too long")
        issuer = answer.get("iss", self._options.issuer)  # RFC 9207
        if issuer != self._options.issuer or not answer.get("code"):
            raise NotVouched("the provider sent no code")
        claims = await self._claims(await self._id_token(flow, answer["code"]))
        if not same(str(claims.get("nonce", "")), flow.nonce):
            raise NotVouched("the token is of another attempt")
        return self._vouched(claims)

    # --- what it says --------------------------------------------------------------------------

    async def _id_token(self, flow: Flow, code: str) -> str:
        known = await self._provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": flow.verifier,
        }
        headers = {}
        if self._options.client_secret is None:
            form["client_id"] = self._options.client_id
        else:
            headers["Authorization"] = _basic(
                self._options.client_id, self._options.client_secret.value
            )
        answer = await _asked("POST", known.token, data=form, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotVouched("the provider sent no token")
        return token

    async def _claims(self, token: str) -> dict[str, Any]:
        """What stands in a token that was signed by the provider, for us, and is good now."""
        # Read only where somebody signs in this way: it brings 15 MB of cryptography along.
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        rules = jwt.JWTClaimsRegistry(
            now=lambda: self._clock() // 1000,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._options.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": self._options.client_id},
            exp={"essential": True},
            iat={"essential": True},
        )
        for fresh in (False, True):
            known = await self._provider(fresh=fresh)
            try:
                claims = jwt.decode(token, known.keys, algorithms=list(ALGORITHMS)).claims
                rules.validate(claims)
            except (JoseError, ValueError) as exc:
                if fresh:
                    raise NotVouched(f"its token cannot be believed: {type(exc).__name__}") from exc
            else:
                if claims.get("azp", self._options.client_id) != self._options.client_id:
                    raise NotVouched("its token is for somebody else")
                return dict(claims)
        raise NotVouched("its token cannot be believed")

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        held = claims.get(self._options.claim, [])
        words = {held} if isinstance(held, str) else {one for one in held if isinstance(one, str)}
        role = next((role for word, role in self._options.roles.items() if word in words), None)
        if role is None:
            raise NotVouched("nothing it says gives a role here")
        sub = str(claims["sub"])
        named = str(claims.get("preferred_username") or claims.get("email") or sub)
        return Vouched(
            subject=f"{self._options.issuer} {sub}",
            login=named.strip().lower(),
            name=str(claims.get("name") or named),
            role=role,
        )

    # --- the provider itself -------------------------------------------------------------------

    async def _provider(self, *, fresh: bool = False) -> _Known:
        known, now = self._known, self._clock()
        if known is not None and not fresh and now - known.at < KEYS_MS:
            return known
        from joserfc.errors import JoseError  # noqa: PLC0415 (as above)
        from joserfc.jwk import KeySet  # noqa: PLC0415

        issuer = self._options.issuer
        told = await _asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise NotVouched("it calls itself by another name than `issuer`")
        try:
            keys = KeySet.import_key_set(await _asked("GET", told.get("jwks_uri")))  # type: ignore[arg-type]
        except (JoseError, KeyError, ValueError) as exc:
            raise NotVouched("its keys cannot be read") from exc
        self._known = _Known(
            authorize=_safe(told.get("authorization_endpoint")),
            token=_safe(told.get("token_endpoint")),
            keys=keys,
            at=now,
        )
        return self._known


async def _asked(method: str, url: object, **said: Any) -> dict[str, Any]:  # noqa: ANN401 (aiohttp's)
    """An answer in JSON; whatever else comes is NotVouched."""
    try:
        async with (
            aiohttp.ClientSession(timeout=SECONDS) as session,
            session.request(method, _safe(url), allow_redirects=False, **said) as answer,
        ):
            body = await answer.content.read(MOST_BYTES)
            while len(body) < MOST_BYTES and (more := await answer.content.read(MOST_BYTES)):
                body += more
            if answer.status != HTTPStatus.OK:
                raise NotVouched(f"the provider answered {answer.status}")
            return msgspec.json.decode(body, type=dict[str, Any])
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as exc:
        raise NotVouched(f"the provider did not answer: {type(exc).__name__}") from exc


def _safe(url: object) -> str:
    """An address nobody on the way can read along."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or (parts.scheme != "https" and parts.hostname not in LOCAL):
        raise NotVouched("the provider names an address without https")
    return parts.geturl()


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _basic(client_id: str, secret: str) -> str:
    """Client authentication (RFC 6749, section 2.3.1): both are form-encoded first."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
