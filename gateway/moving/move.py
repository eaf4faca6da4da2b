"""
An office from one database into another, in the order it happens.

    both for us alone ▶ source proven ▶ target marked ▶ source marked ▶ tables ▶ proof ▶ target free

Killed anywhere, the same call goes on. Neither database lets a gateway start meanwhile, and the
target lets one start only when all of it was found to be the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from forwarder import outbox
from forwarder.ports import Transaction, Vault
from gateway import leases, work
from gateway.clock import now_ms
from gateway.moving import marking, progress
from gateway.moving.carry import Meter, carry
from gateway.moving.progress import Carried
from gateway.moving.proof import Proof, compare, walked
from gateway.moving.shapes import ORDER, require_alike
from gateway.moving.sides import Side, open_source, open_target
from gateway.moving.standing import origin_of, require_key
from gateway.store import StoreError


def move(source_url: str, target_url: str, vault: Vault, meter: Meter) -> Proof | None:
    """
    Move, or go on with it; the proof, or None where it was whole already.

    The target may be used when the proof names no differences, and is kept closed otherwise.
    """
    with _both(source_url, target_url) as (source, target):
        with source.transaction() as tx:
            given_up = marking.is_given_up(tx)
            require_key(tx, vault)
            origin = origin_of(tx)
        if given_up and marking.is_whole(target, origin):
            return None
        before = walked(source, meter, "verify FROM")
        if before.broken:
            raise StoreError(f"{before.broken}; nothing was moved")
        marking.begin(target, origin, fresh=not given_up)
        shapes, into = source.shapes(), target.shapes()
        require_alike(shapes, into)
        marking.give_up(source)
        # Whoever began before that mark is at work now; whoever comes after it finds it.
        source.keep_others_away()
        with target.transaction() as tx:
            before_that = progress.carried(tx)
        moved = {
            name: carry((source, target), shapes[name], before_that.get(name, Carried()), meter)
            for name in ORDER
        }
        target.settle(into)
        proof = Proof(
            tables=[compare(target, shapes[name], moved[name], meter) for name in ORDER],
            source=before,
            target=walked(target, meter, "verify TO"),
        )
        if not proof.differences:
            with target.transaction() as tx:
                _release(tx)
                marking.free(tx)
        return proof


def cancel(source_url: str, target_url: str) -> None:
    """Let gateways start on the source again, and never on what is half there."""
    with _both(source_url, target_url) as (source, target):
        marking.take_back(source, target)


@contextmanager
def _both(source_url: str, target_url: str) -> Iterator[tuple[Side, Side]]:
    if source_url == target_url:
        raise StoreError("FROM and TO are the same")
    source = open_source(source_url)
    try:
        target = open_target(target_url)
        try:
            yield source, target
        finally:
            target.close()
    finally:
        source.close()


def _release(tx: Transaction) -> None:
    """Take back what the office's last process held: it is no more."""
    now = now_ms()
    work.release_all(tx)
    outbox.release(tx, now)
    leases.release(tx, now)
