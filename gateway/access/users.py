"""Who may use the console: all SQL on `users` and `recovery_codes`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from forwarder.ports import Row, Transaction, Vault
from gateway.access.person import Person, Role
from gateway.access.totp import AHEAD, STEP_MS

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
LANGUAGES = ("id", "en")
MOST_NAME = 100

COLUMNS = """
id, login, name, role, agency, language, password, must_change, subject, enabled,
totp_since, totp_step, created_at, signed_in_at
"""
BY_LOGIN = f"select {COLUMNS} from users where login = :login"
BY_ID = f"select {COLUMNS} from users where id = :id"
BY_SUBJECT = f"select {COLUMNS} from users where subject = :subject"
ALL = f"select {COLUMNS} from users order by login"
ADD = """
insert into users
    (login, name, role, agency, language, password, must_change, subject, created_at)
values (:login, :name, :role, :agency, :language, :password, :must_change, :subject, :now)
on conflict do nothing
"""
KEEP_HASH = "update users set password = :password, must_change = :must_change where id = :id"
ROLE = "update users set role = :role, agency = :agency where id = :id"
NAME = "update users set name = :name, language = :language where id = :id"
ENABLED = "update users set enabled = :enabled where id = :id"
SIGNED_IN = "update users set signed_in_at = :now where id = :id"
TOTP = "select totp, data_key from users where id = :id"
KEEP_TOTP = """
update users set totp = :totp, data_key = :data_key, totp_since = null, totp_step = 0
where id = :id
"""
# The step is written where it is newer: of two sign-ins with one code one goes through.
USE_STEP = """
update users set totp_step = :step, totp_since = coalesce(totp_since, :now)
where id = :id and (totp_step < :step or totp_step > :ahead)
"""
FORGET_CODES = "delete from recovery_codes where user_id = :id"
USE_CODE = "delete from recovery_codes where user_id = :id and digest = :digest"
CODES_LEFT = "select count(*) from recovery_codes where user_id = :id"
ADMINS = "select count(*) from users where enabled = 1 and role = 'admin' and agency = ''"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account."""

    id: int
    login: str
    name: str
    role: Role
    agency: str
    language: str
    #: Its hash; None: the identity provider knows them.
    password: str | None
    #: The password is one somebody else has seen.
    must_change: bool
    subject: str | None
    enabled: bool
    #: Milliseconds since 1970, when an app was set up; None: not yet.
    totp_since: int | None
    totp_step: int
    created_at: int
    signed_in_at: int | None

    @property
    def person(self) -> Person:
        """As the pages know them."""
        return Person(
            id=self.id,
            login=self.login,
            name=self.name,
            role=self.role,
            agency=self.agency,
            language=self.language,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What an account begins with."""

    login: str
    name: str
    role: Role
    agency: str = ""
    language: str = "id"
    password: str | None = None
    must_change: bool = False
    subject: str | None = None


class Taken(ValueError):
    """The login is another account's."""


def add(tx: Transaction, new: NewUser, now: int) -> User:
    """A new account; raises Taken."""
    rows = tx.run(
        ADD,
        login=new.login,
        name=new.name[:MOST_NAME],
        role=new.role.value,
        agency=new.agency,
        language=new.language,
        password=new.password,
        must_change=int(new.must_change),
        subject=new.subject,
        now=now,
    )
    user = find(tx, new.login)
    if not rows or user is None:
        raise Taken(new.login)
    return user


def find(tx: Transaction, login: str) -> User | None:
    """The account with this login."""
    named = login.strip().lower()
    return _user(tx.one(BY_LOGIN, login=named)) if LOGIN.fullmatch(named) else None


def by_id(tx: Transaction, id_: int) -> User | None:
    """The account with this number."""
    return _user(tx.one(BY_ID, id=id_))


def by_subject(tx: Transaction, subject: str) -> User | None:
    """The account an identity provider calls so."""
    return _user(tx.one(BY_SUBJECT, subject=subject))


def listed(tx: Transaction) -> list[User]:
    """Every account, by login."""
    return [_one(row) for row in tx.all(ALL)]


def set_password(tx: Transaction, id_: int, kept: str, *, must_change: bool = False) -> None:
    """Another hash."""
    tx.run(KEEP_HASH, id=id_, password=kept, must_change=int(must_change))


def set_role(tx: Transaction, id_: int, role: Role, agency: str) -> None:
    """What they may do, and whose records they see."""
    tx.run(ROLE, id=id_, role=role.value, agency=agency)


def set_name(tx: Transaction, id_: int, name: str, language: str) -> None:
    """What they are called, and in which language."""
    tx.run(NAME, id=id_, name=name[:MOST_NAME], language=language)


def set_enabled(tx: Transaction, id_: int, *, enabled: bool) -> None:
    """Whether the account may be used."""
    tx.run(ENABLED, id=id_, enabled=int(enabled))


def signed_in(tx: Transaction, id_: int, now: int) -> None:
    """They have just come in."""
    tx.run(SIGNED_IN, id=id_, now=now)


def admins(tx: Transaction) -> int:
    """How many could let others in."""
    row = tx.one(ADMINS)
    return int(row[0]) if row else 0


# --- the second factor --------------------------------------------------------------------------


def totp_secret(tx: Transaction, vault: Vault, id_: int) -> str | None:
    """The secret of their app; None where there is none."""
    row = tx.one(TOTP, id=id_)
    return vault.open(bytes(row[0]), bytes(row[1])).decode() if row and row[1] else None


def keep_totp(tx: Transaction, vault: Vault, id_: int, secret: str) -> None:
    """A new secret; it counts from the first code on that fits it."""
    sealed, data_key = vault.seal(secret.encode())
    tx.run(KEEP_TOTP, id=id_, totp=sealed, data_key=data_key)


def expect_app(tx: Transaction, id_: int, now: int) -> None:
    """The app was handed over beside the console: from now on nobody comes in without its code."""
    tx.run("update users set totp_since = :now where id = :id", id=id_, now=now)


def forget_totp(tx: Transaction, id_: int) -> None:
    """No app, no recovery codes."""
    tx.run(KEEP_TOTP, id=id_, totp=None, data_key=None)
    tx.run(FORGET_CODES, id=id_)


def use_step(tx: Transaction, id_: int, step: int, now: int) -> bool:
    """Note that a code was used; False where it or a newer one was used meanwhile."""
    return tx.run(USE_STEP, id=id_, step=step, now=now, ahead=now // STEP_MS + AHEAD) == 1


def keep_recovery_codes(tx: Transaction, id_: int, digests: Iterable[str]) -> None:
    """New recovery codes in place of the old ones."""
    tx.run(FORGET_CODES, id=id_)
    tx.insert("recovery_codes", ("user_id", "digest"), [(id_, digest) for digest in digests])


def use_recovery_code(tx: Transaction, id_: int, digest: str) -> bool:
    """Whether it was one of theirs; then it is none any more."""
    return tx.run(USE_CODE, id=id_, digest=digest) == 1


def recovery_codes_left(tx: Transaction, id_: int) -> int:
    """How many are left."""
    row = tx.one(CODES_LEFT, id=id_)
    return int(row[0]) if row else 0


def _user(row: Row | None) -> User | None:
    return _one(row) if row else None


def _one(row: Row) -> User:
    return User(
        id=row[0],
        login=row[1],
        name=row[2],
        role=Role(row[3]),
        agency=row[4],
        language=row[5],
        password=row[6],
        must_change=bool(row[7]),
        subject=row[8],
        enabled=bool(row[9]),
        totp_since=row[10],
        totp_step=row[11],
        created_at=row[12],
        signed_in_at=row[13],
    )
