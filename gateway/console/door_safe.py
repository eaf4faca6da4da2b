"""What the door trusts of a request: where it may lead, and the cookies it sets."""

import hmac
import secrets
from urllib.parse import unquote

from aiohttp import web

from channels.visitors import address_of
from gateway.access.sessions import Origin
from gateway.console.browsers import browser_name
from gateway.console.csrf import fits
from gateway.console.frame import ROOT
from gateway.console.office import Office

# The prefix makes browsers refuse such a cookie from another host, another path or without https.
SESSION, DEVICE, DOOR = "__Host-lapor", "__Host-lapor-known", "__Host-lapor-door"
# Of the door itself, and no pages.
NOT_AFTER = tuple(f"{ROOT}/{name}" for name in ("login", "logout", "oidc", "live"))
BIGINT_DIGITS = 19
YEAR_SECONDS = 365 * 86_400


def safe_next(path: str) -> str:
    """Where to go on after the door, if it is a page of the console; else empty."""
    inside = path == ROOT or path.startswith((f"{ROOT}/", f"{ROOT}?"))
    plain = all(sign.isprintable() and sign != "\\" for sign in path)
    leads_back = path.startswith(NOT_AFTER)
    return path if inside and plain and not leads_back and "/.." not in unquote(path) else ""


def number_of(typed: str) -> int:
    """The number of a row that came with a form or an address; 0 where it is none."""
    return int(typed) if typed.isdecimal() and len(typed) < BIGINT_DIGITS else 0


def origin_of(request: web.Request, office: Office) -> Origin:
    """Where a request comes from."""
    header = office.parts.settings.console.trusted_proxy_header
    browser = browser_name(request.headers.get("User-Agent", ""))
    return Origin(network=address_of(request, header), browser=browser)


def put_cookie(response: web.StreamResponse, name: str, value: str, age: int | None = None) -> None:
    """A cookie no script reads and no other site sends along with a change."""
    response.set_cookie(
        name, value, max_age=age, path="/", secure=True, httponly=True, samesite="Lax"
    )


def drop_cookie(response: web.StreamResponse, name: str) -> None:
    """Let the browser forget it."""
    response.del_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")


def door_token(office: Office, cookie: str) -> str:
    """What the form of somebody who is not signed in must carry, by the cookie it came with."""
    key = office.parts.vault.derive("console door")
    return hmac.new(key, cookie.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def is_meant(office: Office, cookie: str, shown: object) -> bool:
    """Whether a form at the door is ours and of this browser."""
    return bool(cookie) and isinstance(shown, str) and fits(shown, door_token(office, cookie))


def new_door_cookie() -> str:
    """A name for a browser that has none yet."""
    return secrets.token_urlsafe(16)
