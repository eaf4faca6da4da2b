"""
Keys of machines: they read the console's tables as files, and nothing else. SQL on `api_keys`.

A key is `<id>.<secret>`; the secret is 256 random bits, so its SHA-256 is enough to keep.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

from forwarder.ports import Row, Transaction
from gateway.access.person import Person, Role
from gateway.vault import same

#: What a machine may be: it reads.
ROLES = (Role.VIEWER, Role.AUDITOR)
ID = re.compile(r"[0-9a-f]{12}")
DAY_MS = 86_400_000
# That it is used at all is what people want to know.
TOUCH_MS = 3_600_000

COLUMNS = "id, digest, name, role, agency, created_by, created_at, expires_at, used_at, ended_at"
ADD = """
insert into api_keys (id, digest, name, role, agency, created_by, created_at, expires_at)
values (:id, :digest, :name, :role, :agency, :who, :now, :expires_at)
"""
FIND = f"select {COLUMNS} from api_keys where id = :id"
ALL = f"select {COLUMNS} from api_keys order by created_at desc, id"
END = "update api_keys set ended_at = :now where id = :id and ended_at is null"
TOUCH = "update api_keys set used_at = :now where id = :id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as lists show it; nobody can show its secret again."""

    id: str
    name: str
    role: Role
    agency: str
    created_by: str
    created_at: int
    expires_at: int
    used_at: int | None
    ended_at: int | None

    def is_good(self, now: int) -> bool:
        """Whether it opens anything now."""
        return self.ended_at is None and now < self.expires_at

    def is_quiet(self, now: int) -> bool:
        """Whether it has not been noted for a while that it is used."""
        return self.used_at is None or now - self.used_at >= TOUCH_MS

    @property
    def person(self) -> Person:
        """Who acts with it."""
        return Person(
            id=0, login=f"key:{self.id}", name=self.name, role=self.role, agency=self.agency
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What somebody asks for."""

    name: str
    role: Role
    agency: str
    days: int


def add(tx: Transaction, new: NewKey, who: str, now: int) -> str:
    """A new key, in the only form in which its secret is ever shown."""
    id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    tx.run(
        ADD,
        id=id_,
        digest=_digest(secret),
        name=new.name,
        role=new.role.value,
        agency=new.agency,
        who=who,
        now=now,
        expires_at=now + new.days * DAY_MS,
    )
    return f"{id_}.{secret}"


def find(tx: Transaction, shown: str, now: int) -> Key | None:
    """The key somebody shows, if it is good."""
    id_, _, secret = shown.partition(".")
    row = tx.one(FIND, id=id_) if ID.fullmatch(id_) else None
    # Compared also where there is no such key: which ids exist is nobody's business.
    fits = same(_digest(secret), row[1] if row else _digest(""))
    if row is None or not fits:
        return None
    key = _key(row)
    return key if key.is_good(now) else None


def listed(tx: Transaction) -> list[Key]:
    """Every key, the newest first."""
    return [_key(row) for row in tx.all(ALL)]


def end(tx: Transaction, id_: str, now: int) -> bool:
    """Let it open nothing any more; False where it does not anyway."""
    return tx.run(END, id=id_, now=now) == 1


def touch(tx: Transaction, id_: str, now: int) -> None:
    """It was used."""
    tx.run(TOUCH, id=id_, now=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Row) -> Key:
    return Key(
        id=row[0],
        name=row[2],
        role=Role(row[3]),
        agency=row[4],
        created_by=row[5],
        created_at=row[6],
        expires_at=row[7],
        used_at=row[8],
        ended_at=row[9],
    )
