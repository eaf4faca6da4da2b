"""
What a central store is: the whole of what the forwarder and a store's connector know of each other.

A connector takes records (`push`) and may be asked whether it has one (`find`). It answers with the
same four outcomes as a channel and raises nothing on purpose; waiting, retrying, order and leases
are the worker's. Imitate central/sqlite.py for a database and central/http.py for an API.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from channels.contract import Outcome, Receipt, Uncertain
from forwarder.push import Push


class Central:
    """
    One central store; the constructor connects to nothing.

    `push` is never called twice at a time for one record, and revisions of a record come in order.
    """

    #: The word in settings that chooses this connector.
    kind: ClassVar[str]
    #: A frozen, keyword-only msgspec.Struct with a default for every field.
    Options: ClassVar[type[msgspec.Struct]]
    #: Pushing the same revision again does no harm over there.
    idempotent: ClassVar[bool] = True
    #: One call takes a whole batch; otherwise several calls with one push each run side by side.
    takes_batches: ClassVar[bool] = False

    def __init__(self, name: str) -> None:
        #: The operator's name for it; rows wait for it under 'central:<name>'.
        self.name = name

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Deliver each push and answer with one outcome per push, in the same order."""
        raise NotImplementedError

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Whether the store has this revision: Receipt, None for no, Uncertain if it won't say."""
        del push
        return Uncertain(reason="this store cannot be asked")

    def problems(self) -> Sequence[str]:
        """Sentences for `lapor-gateway check`: what the settings of this store leave undone."""
        return ()

    async def close(self) -> None:
        """Let go of connections."""
