"""
What somebody had typed when their session was over: carried through the door, and given back.

The form travels sealed in a hidden field. It is taken only from a page of ours, with the token of
the session that is over, and given back only to whom that session belonged. One with a password
is not kept: after the door nobody would send it unread, and a page would show it.
"""

import msgspec
from aiohttp import web

from gateway.console import sealing
from gateway.console.csrf import fits
from gateway.console.door_safe import safe_next
from gateway.console.guard import from_us, has_secret
from gateway.console.office import Office

# A long reply with everything around it; of more than this nothing is kept.
MOST_BYTES = 256 * 1024


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was not sent."""

    path: str
    fields: list[tuple[str, str]]
    #: Whose it is.
    user_id: int

    @property
    def typed(self) -> list[str]:
        """What a person recognises it by: the longest of it first."""
        shown = [value for name, value in self.fields if name != "csrf" and " " in value.strip()]
        return sorted(shown, key=len, reverse=True)[:3]


async def keep(request: web.Request, office: Office, token: str) -> Kept | None:
    """The form that came with a session that is over; None where it is nobody's we know."""
    if request.method != "POST" or not token or not from_us(request):
        return None
    session = await office.access.remembered(token)
    form = await request.post()
    if session is None or not safe_next(request.path) or has_secret(form):
        return None
    fields = [(name, value) for name, value in form.items() if isinstance(value, str)]
    shown = dict(fields).get("csrf", "")
    if not fits(shown, office.access.csrf(session)):
        return None
    if sum(len(value) for _, value in fields) > MOST_BYTES:
        return None
    return Kept(
        path=str(request.rel_url),
        fields=[field for field in fields if field[0] != "csrf"],
        user_id=session.user_id,
    )


def sealed(office: Office, kept: Kept | None) -> str:
    """As it stands in a hidden field; empty for nothing."""
    return sealing.sealed(office.parts.vault, msgspec.json.encode(kept)) if kept else ""


def opened(office: Office, field: str, user_id: int) -> Kept | None:
    """The form again, for whom it belongs to."""
    plain = sealing.opened(office.parts.vault, field)
    try:
        kept = msgspec.json.decode(plain or b"", type=Kept)
    except msgspec.DecodeError:  # nothing of ours, or something else that is
        return None
    return kept if kept.user_id == user_id else None
