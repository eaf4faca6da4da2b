"""
What an admin orders about accounts, by the command line or the console; each with its trail.

Passwords arrive here as hashes only. Whoever loses a right, or gets one, signs in again.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from forwarder.ports import Transaction
from gateway.access import sessions, totp, users
from gateway.access.person import Role
from gateway.access.trail import enter
from gateway.access.users import LOGIN, NewUser, Taken, User
from gateway.custody.duty import Done, Refused
from gateway.vault import Vault

ISSUER = "LAPOR gateway"
Verb = Literal["add", "passwd", "role", "disable", "enable", "totp-reset"]


class UserOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One order, as the command line sends it to the daemon."""

    verb: Verb
    who: str
    login: str
    name: str = ""
    role: Role = Role.OFFICER
    agency: str = ""
    language: Literal["id", "en"] = "id"
    #: An argon2id hash.
    password: str = ""
    #: With `add` and `passwd`: somebody else has seen it, so it must be changed at once.
    must_change: bool = False
    #: With `add` and `totp-reset`: make the secret of an app now and show it.
    totp: bool = False


def carry_out(tx: Transaction, vault: Vault, order: UserOrder, now: int) -> Done:
    """Do what is ordered; LookupError where nobody has this login, Refused with a reason."""
    if order.verb == "add":
        return _add(tx, vault, order, now)
    user = users.find(tx, order.login)
    if user is None:
        raise LookupError(f"user {order.login}")
    told = ORDERS[order.verb](tx, order, user)
    enter(tx, who=order.who, what=told, now=now)
    return Done(lines=(told,), data=_app(tx, vault, user, now) if order.totp else {})


def _add(tx: Transaction, vault: Vault, order: UserOrder, now: int) -> Done:
    login = order.login.strip().lower()
    if not LOGIN.fullmatch(login):
        raise Refused("a login has 1 to 64 of a-z, 0-9 and . _ @ -, and begins with one of a-z0-9")
    new = NewUser(
        login=login,
        name=order.name.strip() or login,
        role=order.role,
        agency=order.agency,
        language=order.language,
        password=order.password or None,
        must_change=order.must_change,
    )
    try:
        user = users.add(tx, new, now)
    except Taken as exc:
        raise Refused(f"there is a user {login} already") from exc
    told = f"added user {login}, {_as(order.role, order.agency)}"
    enter(tx, who=order.who, what=told, now=now)
    return Done(lines=(told,), data=_app(tx, vault, user, now) if order.totp else {})


def _passwd(tx: Transaction, order: UserOrder, user: User) -> str:
    users.set_password(tx, user.id, order.password, must_change=order.must_change)
    sessions.end_all(tx, user.id)
    return f"set the password of user {user.login}"


def _role(tx: Transaction, order: UserOrder, user: User) -> str:
    if order.role is not Role.ADMIN or order.agency:
        _keep_one_admin(tx, user)
    users.set_role(tx, user.id, order.role, order.agency)
    sessions.end_all(tx, user.id)
    was, now_is = _as(user.role, user.agency), _as(order.role, order.agency)
    return f"made user {user.login} {now_is}, was {was}"


def _disable(tx: Transaction, _: UserOrder, user: User) -> str:
    _keep_one_admin(tx, user)
    users.set_enabled(tx, user.id, enabled=False)
    sessions.end_all(tx, user.id)
    return f"disabled user {user.login}"


def _enable(tx: Transaction, _: UserOrder, user: User) -> str:
    users.set_enabled(tx, user.id, enabled=True)
    return f"enabled user {user.login}"


def _reset(tx: Transaction, _: UserOrder, user: User) -> str:
    users.forget_totp(tx, user.id)
    sessions.end_all(tx, user.id)
    return f"took the sign-in app from user {user.login}"


def _app(tx: Transaction, vault: Vault, user: User, now: int) -> dict[str, str]:
    """A secret that is handed over beside the console."""
    secret = totp.new_secret()
    users.keep_totp(tx, vault, user.id, secret)
    users.expect_app(tx, user.id, now)
    return {"uri": totp.address(secret, user.login, ISSUER)}


def _keep_one_admin(tx: Transaction, user: User) -> None:
    """Nobody may lock out the last one who could let others in."""
    is_admin = user.enabled and user.role is Role.ADMIN and not user.agency
    if is_admin and users.admins(tx) == 1:
        raise Refused(f"{user.login} is the only admin there is: make another one first")


def _as(role: Role, agency: str) -> str:
    return f"{role.value} of {agency}" if agency else role.value


ORDERS: Mapping[str, Callable[[Transaction, UserOrder, User], str]] = MappingProxyType(
    {
        "passwd": _passwd,
        "role": _role,
        "disable": _disable,
        "enable": _enable,
        "totp-reset": _reset,
    }
)
