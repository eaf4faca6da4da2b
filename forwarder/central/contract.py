"""
What a central store is: the whole of what the forwarder and a store's connector know of each other.

A connector takes records and comments (`push`), may be asked whether it has one (`find`), and tells
what happened to cases: when asked (`poll`) or on its own (`heard`). A push answers with the same
four outcomes as a channel and raises nothing on purpose; waiting, retrying, order and leases are
the worker's. Imitate central/sqlite.py for a database and central/http.py for an API.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from channels.contract import Outcome, Receipt, TryLater, Uncertain
from forwarder.ledger import Case
from forwarder.push import Push
from forwarder.update import Page, Update


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
    #: The store takes comments; where not, what a citizen adds becomes a revision of the record.
    takes_comments: bool = False
    #: The store keeps anchors: signed statements of where the gateway's journal ends.
    takes_anchors: ClassVar[bool] = False
    #: Its records are seen by everybody: confidential ones never go there.
    public: ClassVar[bool] = False
    #: An officer carries the rows over: no worker delivers them, see gateway/handoff.py.
    by_hand: ClassVar[bool] = False
    #: Seconds between two calls of `poll`; None: this store is not asked.
    poll_every: float | None = None

    def __init__(self, name: str) -> None:
        #: The operator's name for it; rows wait for it under 'central:<name>'.
        self.name = name

    @classmethod
    def comments_with(cls, options: Any) -> bool:  # noqa: ANN401 (each connector narrows it)
        """`takes_comments` of a store with these settings, for who makes none of them."""
        del options
        return cls.takes_comments

    async def push(self, pushes: Sequence[Push]) -> Sequence[Outcome]:
        """Deliver each push and answer with one outcome per push, in the same order."""
        raise NotImplementedError

    async def find(self, push: Push) -> Receipt | Uncertain | None:
        """Whether the store has this revision: Receipt, None for no, Uncertain if it won't say."""
        del push
        return Uncertain(reason="this store cannot be asked")

    async def holds(self, cases: Sequence[Case]) -> Sequence[bool | None]:
        """
        For each case whether the store has it in this revision; None where it will not say.

        Asked by `reconcile`, some hundred at a time.
        """
        answers: list[bool | None] = []
        for case in cases:
            asked = Push(
                record_id=case.record_id,
                revision=case.revision,
                document=b"",
                created_at=case.at,
                reference=case.reference,
            )
            found = await self.find(asked)
            answers.append(None if isinstance(found, Uncertain) else found is not None)
        return answers

    async def poll(self, cursor: str) -> Page | TryLater:
        """
        What happened since `cursor`; the same page again for the same cursor does no harm.

        One caller at a time. Asking in vain is a TryLater.
        """
        return Page(cursor=cursor)

    def heard(self, headers: Mapping[str, str], body: bytes, now: int) -> Sequence[Update]:
        """
        The updates in a request of the store's to /central/updates/<name>, verified first.

        `headers` has names in lower case, `now` is in milliseconds. Raises PermissionError when it
        is not signed by the store, ValueError when signed and unreadable.
        """
        del headers, body, now
        raise PermissionError("this store sends no updates")

    def problems(self) -> Sequence[str]:
        """Sentences for `lapor-gateway check`: what the settings of this store leave undone."""
        return ()

    async def close(self) -> None:
        """Let go of connections."""
