"""
A claimed outbox row and what becomes of it by its outcome; pure.

Weather is not an error: by default nothing is parked for failing often, only for being refused.
What a reply's uncertain outcome leads to is told in outbox.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from channels.contract import Outcome, Receipt, Refused, TryLater, Uncertain
from forwarder.backoff import Policy, wait_after
from forwarder.ports import Transaction, Vault

# A reason is one line for a table, not the other side's whole answer.
REASON_LENGTH = 300


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed row."""

    id: int
    record_id: str
    kind: str
    revision: int
    target: str
    lane: str
    #: Sealed until `unsealed`.
    body: bytes
    #: None once the person was erased, or after unsealing.
    data_key: bytes | None
    attempts: int
    created_at: int
    state: str
    owner: str
    #: What the target answered to another revision of this record.
    reference: str = ""
    #: The highest revision it has taken.
    known: int = 0
    #: An earlier worker died while it had this row.
    interrupted: bool

    @property
    def doubtful(self) -> bool:
        """Whether an earlier attempt may have arrived."""
        return self.interrupted or self.state == "uncertain"

    def unsealed(self, vault: Vault) -> "Item":
        """The same with a readable body; raises ValueError when that is impossible."""
        if self.data_key is None:
            raise ValueError("the data key of this row was erased")
        return replace(self, body=vault.open(self.body, self.data_key), data_key=None)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How one delivery ended."""

    item: Item
    outcome: Outcome
    #: The target is away and the row only tried the door: its attempts are not counted.
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What follows from an outcome, for one target."""

    policy: Policy
    resend: bool
    #: A number from 0 to 1 by chance.
    jitter: Callable[[], float]
    #: In the same transaction, told the records a central store took: (tx, items, now).
    on_delivered: Callable[[Transaction, Sequence[Item], int], None]
    #: In the same transaction, told every other delivery that came to its end.
    on_ended: Callable[[Transaction, Sequence[Result], int], None] = lambda *_: None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The new values of a row after one delivery, for the owner that claimed it."""

    owner: str
    state: str
    due: int
    attempts: int
    settled_at: int | None
    reason: str | None = None
    reference: str | None = None


def change(result: Result, rules: Rules, now: int) -> Change:
    """What becomes of a row by its outcome."""
    item, outcome, policy = result.item, result.outcome, rules.policy
    counted = not (result.probe or (isinstance(outcome, TryLater) and outcome.trouble))
    attempts = item.attempts + counted
    ended = Change(owner=item.owner, state="parked", due=now, attempts=attempts, settled_at=now)
    match outcome:
        case Receipt():
            return replace(ended, state="delivered", reference=plain(outcome.reference))
        case Refused():
            return replace(ended, reason=plain(outcome.reason))
        case TryLater() if policy.attempts and attempts >= policy.attempts and counted:
            given_up = f"gave up after {attempts} attempts: {outcome.reason}"
            return replace(ended, reason=plain(given_up))
    if isinstance(outcome, Uncertain) and not rules.resend:
        wait = policy.uncertain_wait
    else:
        told = outcome.wait if isinstance(outcome, TryLater) else None
        wait = wait_after(policy, attempts, rules.jitter(), told)
    # Once in doubt, "nothing has happened" is said of the last attempt only.
    in_doubt = isinstance(outcome, Uncertain) or item.doubtful
    return Change(
        owner=item.owner,
        state="uncertain" if in_doubt else "pending",
        due=now + int(wait * 1000),
        attempts=attempts,
        settled_at=None,
        reason=plain(outcome.reason),
    )


@lru_cache(maxsize=256)
def plain(reason: str) -> str:
    """A reason as one short printable line; PostgreSQL takes no NUL and no lone surrogate."""
    words = " ".join(reason.encode("utf-8", "replace").decode().split())
    return "".join(filter(str.isprintable, words))[:REASON_LENGTH]
