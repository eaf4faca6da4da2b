"""An identity provider of the tests: real HTTP, real signatures, and mistakes on request."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from listening import listening
from ports import unused_port

CLIENT, SECRET = "lapor console", "s:3cret/&"


@dataclass(slots=True, kw_only=True)
class Idp:
    """Who it vouches for, and what is wrong with how it does."""

    url: str
    key: ECKey
    #: Of the person at its door.
    claims: dict[str, Any] = field(default_factory=dict)
    #: Claims that stand in the token instead of the right ones; None leaves one out.
    wrong: dict[str, Any] = field(default_factory=dict)
    #: Which key signs, and how.
    signs_with: Any = None
    algorithm: str = "ES256"
    issuer: str = ""
    asked: dict[str, Mapping[str, str]] = field(default_factory=dict)
    keys_asked: int = 0

    async def configuration(self, _: web.Request) -> web.Response:
        """Discovery."""
        return web.json_response(
            {
                "issuer": self.issuer or self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    async def keys(self, _: web.Request) -> web.Response:
        """Its public keys."""
        self.keys_asked += 1
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    async def authorize(self, request: web.Request) -> web.Response:
        """The person is known and agrees."""
        code = secrets.token_urlsafe(8)
        self.asked[code] = dict(request.query)
        back = {"code": code, "state": request.query["state"], "iss": self.url}
        where = f"{request.query['redirect_uri']}?{urlencode(back)}"
        return web.Response(status=303, headers={"Location": where})

    async def token(self, request: web.Request) -> web.Response:
        """A token for a code, once, for the client that has the verifier."""
        form = await request.post()
        asked = self.asked.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        pair = "lapor%20console:s%3A3cret%2F%26"
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
            or request.headers.get("Authorization") != basic
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        right = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
        }
        claims = {**right, **self.claims, **self.wrong}
        said = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm == "ES256":
            header = {"alg": self.algorithm, "kid": self.key.kid}
            token = jwt.encode(header, said, self.signs_with or self.key)
        else:
            token = self._forged(said)
        return web.json_response({"id_token": token, "token_type": "Bearer"})

    def _forged(self, claims: Mapping[str, Any]) -> str:
        """No signature, or the public key taken for a shared secret."""
        head = {"alg": self.algorithm, "kid": self.key.kid}
        signed = ".".join(_part(json.dumps(part).encode()) for part in (head, claims))
        if self.algorithm == "none":
            return f"{signed}."
        pem = self.key.as_pem(private=False)
        return f"{signed}.{_part(hmac.digest(pem, signed.encode(), 'sha256'))}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@asynccontextmanager
async def idp() -> AsyncIterator[Idp]:
    """A running provider."""
    port = unused_port()
    key = ECKey.generate_key("P-256", parameters={"kid": "one"})
    one = Idp(url=f"http://127.0.0.1:{port}", key=key)
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", one.configuration)
    app.router.add_get("/keys", one.keys)
    app.router.add_get("/authorize", one.authorize)
    app.router.add_post("/token", one.token)
    async with listening(web.AppRunner(app, access_log=None), port):
        yield one
