"""
The token a change must carry, so that only pages of ours change something.

Each page has it behind a mask of its own. Pages travel squeezed, and from the lengths of many of
them a secret that stays the same could be guessed letter by letter (BREACH, CVE-2013-3587).
"""

import secrets
from collections.abc import Callable

from markupsafe import Markup

from gateway.vault import same


def field_of(token: str) -> Callable[[], Markup]:
    """What a template calls for the hidden field with this token, the same all over the page."""
    field = Markup('<input type="hidden" name="csrf" value="{}">').format(masked(token))
    return lambda: field


def fits(shown: object, token: str) -> bool:
    """Whether a form carries this token; anything else it may hold is none."""
    try:
        mask, hidden = (bytes.fromhex(part) for part in str(shown).split("-"))
    except ValueError:
        return False
    if not token or len(mask) != len(hidden):
        return False
    return same(_mixed(mask, hidden).decode("utf-8", "replace"), token)


def masked(token: str) -> str:
    """The token as one page may show it."""
    mask = secrets.token_bytes(len(token.encode()))
    return f"{mask.hex()}-{_mixed(mask, token.encode()).hex()}"


def _mixed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
