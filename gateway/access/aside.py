"""
A form put aside while its writer is at the identity provider: all SQL on table `aside`.

The browser goes there by a link and cannot carry the form along. It lies here sealed, for some
minutes, under a name nobody can guess, and is taken out once.
"""

import secrets

from forwarder.ports import Transaction

MINUTES_10_MS = 600_000

FORGET = "delete from aside where at < :since"
PUT = "insert into aside (name, form, at) values (:name, :form, :now)"
TAKE = "delete from aside where name = :name and at >= :since returning form"


def put(tx: Transaction, form: str, now: int) -> str:
    """Put a sealed form aside; returns the name it is taken out by."""
    name = secrets.token_urlsafe(16)
    tx.run(FORGET, since=now - MINUTES_10_MS)
    tx.run(PUT, name=name, form=form.encode(), now=now)
    return name


def take(tx: Transaction, name: str, now: int) -> str:
    """The sealed form again; empty where it was taken already or lay for too long."""
    row = tx.one(TAKE, name=name, since=now - MINUTES_10_MS)
    return bytes(row[0]).decode() if row else ""
