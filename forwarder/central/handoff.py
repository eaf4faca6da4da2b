"""
A central store without an API: an officer types the record into its form.

Rows wait in the outbox like all others; no worker touches them. What an officer sees and how they
say that it is done: gateway/handoff.py.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from channels.contract import Outcome, TryLater
from forwarder.central.contract import Central
from forwarder.push import Push


class HandoffOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a central store of kind handoff."""

    #: What the other side's tracking ids look like, as a regular expression.
    tracking_id: str = "[0-9]{4,12}"

    def __post_init__(self) -> None:
        try:
            re.compile(self.tracking_id)
        except re.error as exc:
            raise ValueError(f"tracking_id: is no regular expression: {exc}") from exc


class HandoffCentral(Central):
    """A list for an officer."""

    kind: ClassVar[str] = "handoff"
    Options = HandoffOptions
    takes_comments = True
    by_hand: ClassVar[bool] = True

    def __init__(self, name: str, options: HandoffOptions) -> None:
        super().__init__(name)
        self.options = options

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Nobody but an officer delivers here."""
        return [TryLater(reason="an officer carries it over")] * len(pushes)
