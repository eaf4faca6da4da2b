"""
The second factor: codes of an authenticator app (RFC 6238), and recovery codes for a lost phone.

A code counts once: whoever looked over a shoulder cannot use it again. Nothing here reads a clock.
"""

import hashlib
import hmac
import io
import secrets

import pyotp
import segno

from normalizer.codes import ALPHABET

STEP_MS = 30_000
#: Steps before and behind that count, for phones whose clocks are off.
AROUND = (0, -1, 1)
#: A code of further ahead was used by a wrong clock: nobody waits until that time comes.
AHEAD = 20
DIGITS = 6
RECOVERY_CODES = 10
# Fifty bits: with the bounds on tries nobody comes through them.
HALF = 5


def new_secret() -> str:
    """A secret for an app, in base 32."""
    return pyotp.random_base32()


def address(secret: str, login: str, issuer: str) -> str:
    """The secret as an otpauth:// address, which apps read from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, typed: str, *, now: int, used: int) -> int | None:
    """
    The step a code belongs to; None where it is wrong or not newer than step `used`.

    `now` is in milliseconds since 1970.
    """
    used = counted(used, now)
    digits = "".join(sign for sign in typed if sign in "0123456789")
    if len(digits) != DIGITS:
        return None
    app = pyotp.TOTP(secret)
    found = None
    for offset in AROUND:  # all of them, however early one fits
        step = now // STEP_MS + offset
        if hmac.compare_digest(app.generate_otp(step), digits) and step > used and found is None:
            found = step
    return found


def counted(used: int, now: int) -> int:
    """The last step that was used, if a clock that is right can have had it; else -1."""
    return used if used <= now // STEP_MS + AHEAD else -1


def new_recovery_codes() -> list[str]:
    """Codes to be kept on paper, each for one sign-in."""
    return [f"{_signs(HALF)}-{_signs(HALF)}" for _ in range(RECOVERY_CODES)]


def recovery_digest(key: bytes, typed: str) -> str:
    """What is kept of a recovery code, however it was typed."""
    signs = typed.upper().translate(_ALIKE)
    return hmac.new(key, signs.encode(), hashlib.sha256).hexdigest()


def picture(uri: str) -> bytes:
    """The address as a picture: SVG, for a page."""
    out = io.BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", scale=5, border=4, light="#fff")
    return out.getvalue()


def drawn(uri: str) -> str:
    """The same for a terminal."""
    out = io.StringIO()
    segno.make(uri, error="l").terminal(out, compact=True)
    return out.getvalue()


def _signs(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})
