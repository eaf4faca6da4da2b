"""
Return addresses with what a provider lets us do, and for how long it lets us.

A return address is opaque to the gateway: compact JSON with "to" and whatever else the channel
needs later (a reply token, the post that is answered). Nothing here reads a clock.
"""

import json
from datetime import datetime, timedelta


def pack_address(to: str, **facts: str) -> str:
    """The return address of a person; facts that are empty are left out."""
    kept = {name: fact for name, fact in facts.items() if fact}
    return json.dumps({"to": to, **kept}, separators=(",", ":"))


def unpack_address(text: str) -> dict[str, str]:
    """What `pack_address` was given; text that is no such address counts as "to" itself."""
    try:
        packed = json.loads(text)
    except (ValueError, RecursionError):
        packed = None
    if not isinstance(packed, dict) or not isinstance(packed.get("to"), str):
        return {"to": text}
    return {name: fact for name, fact in packed.items() if isinstance(fact, str)}


def within(heard_at: datetime | None, now: datetime | None, hours: float) -> bool:
    """Whether the person wrote less than so many hours ago; what is not known counts as no."""
    if heard_at is None or now is None:
        return False
    return now - heard_at < timedelta(hours=hours)
