"""How far a feed was read: the cursor that carries its name."""

import msgspec


class Read(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the feed called its state, and how much it has brought."""

    etag: str = ""
    modified: str = ""
    #: A digest of the address that is the state of.
    of: str = ""
    entries: int = 0


def read_state(value: str) -> Read:
    """A cursor's value; what nobody can read begins anew."""
    try:
        return msgspec.json.decode(value or "{}", type=Read)
    except msgspec.MsgspecError:
        return Read()
