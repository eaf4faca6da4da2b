"""
How often somebody may try to sign in. All SQL on `sign_in_tries`.

Three bounds, each with a wait that grows and is forgotten: an account from one network, a network
as a whole, an account from everywhere. A browser that signed in before is counted by itself alone,
so strangers who try an account, or somebody else in the office's own network, keep nobody out who
works here (OWASP calls it a device cookie). Names stand here as keyed hashes.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from forwarder.ports import Transaction
from gateway.vault import Vault, same

MINUTE_MS = 60_000
# Failures that were so long ago do not count any more.
FORGOTTEN_MS = 60 * MINUTE_MS

FIND = "select failures, last_at, free_at from sign_in_tries where key = :key"
COLUMNS = ("key", "failures", "last_at", "free_at")
GIVE_BACK = "update sign_in_tries set failures = failures - 1, free_at = 0 where key = :key"
FORGET = "delete from sign_in_tries where key = :key"
SWEEP = "delete from sign_in_tries where last_at < :then"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """So many failures are free; then the wait doubles from `first` up to `most`, in ms."""

    free: int
    first: int
    most: int


HERE = Bound(free=5, first=2_000, most=15 * MINUTE_MS)
NETWORK = Bound(free=40, first=2_000, most=MINUTE_MS)
EVERYWHERE = Bound(free=60, first=5_000, most=5 * MINUTE_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt: by which keys it counts, each with its bound."""

    #: Forgotten with a success.
    own: str
    #: Shared with others: a success takes back only what it counted itself.
    shared: tuple[tuple[str, Bound], ...] = ()


def attempt(
    vault: Vault, login: str, network: str, device: str = "", *, kind: str = "password"
) -> Try:
    """By what an attempt counts; `device` is the cookie of a browser, if it has one."""
    if is_known(vault, login, device):
        return Try(own=vault.pseudonym("try", kind, "device", login, device))
    return Try(
        own=vault.pseudonym("try", kind, "here", login, network),
        shared=(
            (vault.pseudonym("try", "network", network), NETWORK),
            (vault.pseudonym("try", kind, "account", login), EVERYWHERE),
        ),
    )


def take(tx: Transaction, wanted: Try, now: int) -> int:
    """
    Count an attempt as failed before it is made; 0, or the milliseconds it has to wait instead.

    Counting first keeps a thousand attempts at the same moment from being one.
    """
    counts = [(key, bound, _standing(tx, key, now)) for key, bound in _keys(wanted)]
    wait = max(free_at - now for _, _, (_, free_at) in counts)
    if wait > 0:
        return wait
    for key, bound, (failures, _) in counts:
        row = (key, failures + 1, now, now + _wait(bound, failures + 1))
        tx.upsert("sign_in_tries", COLUMNS, [row])
    return 0


def succeeded(tx: Transaction, wanted: Try) -> None:
    """It was no failure after all."""
    tx.run(FORGET, key=wanted.own)
    for key, _ in wanted.shared:
        tx.run(GIVE_BACK, key=key)


def sweep(tx: Transaction, now: int) -> None:
    """Forget what does not count any more."""
    tx.run(SWEEP, then=now - FORGOTTEN_MS)


# --- browsers that signed in before -------------------------------------------------------------


def new_device(vault: Vault, login: str) -> str:
    """A cookie by which a browser is known again as one this login was used in."""
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{_seal(vault, login, nonce)}"


def is_known(vault: Vault, login: str, device: str) -> bool:
    """Whether the cookie is one of ours for this login."""
    nonce, _, seal = device.partition(".")
    return bool(nonce) and same(seal, _seal(vault, login, nonce))


def _seal(vault: Vault, login: str, nonce: str) -> str:
    words = f"{login}\0{nonce}".encode("utf-8", "surrogatepass")
    return hmac.new(vault.derive("known devices"), words, hashlib.sha256).hexdigest()


def _keys(wanted: Try) -> tuple[tuple[str, Bound], ...]:
    return ((wanted.own, HERE), *wanted.shared)


def _standing(tx: Transaction, key: str, now: int) -> tuple[int, int]:
    """How many failures count, and from when on it may be tried again."""
    row = tx.one(FIND, key=key)
    if row is None or now - row[1] >= FORGOTTEN_MS:
        return 0, 0
    failures, last_at, free_at = row
    if last_at > now:  # the clock was set back: the wait is as long as it was, from now on
        free_at = now + max(0, free_at - last_at)
        tx.upsert("sign_in_tries", COLUMNS, [(key, failures, now, free_at)])
    return failures, free_at


def _wait(bound: Bound, failures: int) -> int:
    over = failures - bound.free
    return 0 if over <= 0 else min(bound.most, bound.first << min(over - 1, 20))
