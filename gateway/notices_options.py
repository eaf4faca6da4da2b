"""The settings of section [notices]; each is explained in config/gateway.toml."""

from typing import Annotated

import msgspec

from gateway.back.quiet import ClockTime

Units = Annotated[int, msgspec.Meta(ge=0)]


class Notices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How citizens are told what becomes of their reports."""

    #: What happens to a case within so many seconds is one notice.
    fold: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    #: Nobody is told of what can wait between these times of the office's clock; equal: any hour.
    quiet_from: ClockTime = "21:00"
    quiet_until: ClockTime = "06:00"
    #: By channel, what may be spent in a month before notices are held; 0: no bound.
    budget: dict[str, Units] = {}
