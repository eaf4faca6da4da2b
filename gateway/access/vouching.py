"""The account of somebody an identity provider vouches for: made, and kept as it says."""

from forwarder.ports import Transaction
from gateway.access import sessions, users
from gateway.access.oidc import NotVouched, Vouched
from gateway.access.trail import enter
from gateway.access.users import LOGIN, NewUser, User

#: Set behind a login that somebody else has here.
ELSEWHERE = "@sso"


def account_of(tx: Transaction, vouched: Vouched, now: int) -> User:
    """Their account with the role they have there now; NotVouched where it is disabled."""
    user = users.by_subject(tx, vouched.subject)
    if user is None:
        return _new(tx, vouched, now)
    if not user.enabled:
        raise NotVouched("the account is disabled here")
    if user.role is not vouched.role:
        users.set_role(tx, user.id, vouched.role, user.agency)
        sessions.end_all(tx, user.id)
        what = f"made user {user.login} {vouched.role.value}, was {user.role.value}"
        enter(tx, who="identity provider", what=what, now=now)
    return users.by_id(tx, user.id) or user


def _new(tx: Transaction, vouched: Vouched, now: int) -> User:
    wanted = (vouched.login, f"{vouched.login}{ELSEWHERE}")
    login = next((one for one in wanted if LOGIN.fullmatch(one) and not users.find(tx, one)), None)
    if login is None:
        raise NotVouched("its name for them cannot be a login here")
    name = "".join(sign for sign in vouched.name if sign.isprintable())
    new = NewUser(login=login, name=name or login, role=vouched.role, subject=vouched.subject)
    user = users.add(tx, new, now)
    enter(tx, who="identity provider", what=f"added user {login}, {vouched.role.value}", now=now)
    return user
