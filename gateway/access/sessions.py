"""
Sessions: what a browser holds is a random token, what is kept is its hash. All SQL on `sessions`.

A session ends when nobody uses it, after an absolute time, when its account is disabled, and when
its owner or an admin ends it. It gets another token whenever it may do more than before.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum

from forwarder.ports import Row, Transaction
from gateway.access import users
from gateway.access.users import User

# Between password and second factor; whoever walked away begins again.
HALF_WAY_MS = 600_000
# A page more does not have to be written down: so exact the idle time is.
TOUCH_MS = 30_000
# A clock may be so much behind what it was; what comes from further ahead was begun by a wrong one,
# and would last until that time comes.
AHEAD_MS = 600_000
# What is over is known for so long: whoever comes back to a form shows whose it was.
REMEMBERED_MS = 86_400_000

START = """
insert into sessions (digest, user_id, stage, created_at, seen_at, network, browser)
values (:digest, :user_id, :stage, :now, :now, :network, :browser)
"""
FIND = """
select id, user_id, stage, created_at, seen_at, network, browser from sessions
where digest = :digest
"""
OF = """
select id, user_id, stage, created_at, seen_at, network, browser from sessions
where user_id = :user_id and stage = 'full' order by seen_at desc
"""
ADVANCE = "update sessions set digest = :new, stage = :stage, created_at = :now where id = :id"
RENEW = "update sessions set digest = :new where id = :id"
TOUCH = "update sessions set seen_at = :now where id = :id"
END = "update sessions set stage = 'ended' where id = :id"
END_ONE_OF = "update sessions set stage = 'ended' where id = :id and user_id = :user_id"
END_OF = "update sessions set stage = 'ended' where user_id = :user_id and id <> :but"
SWEEP = "delete from sessions where seen_at < :then"


class Stage(StrEnum):
    """What is still to be done before somebody is in."""

    #: Show the code of the app, or a recovery code.
    CODE = "code"
    #: Choose a password nobody else knows.
    PASSWORD = "password"  # noqa: S105 (a step, no secret)
    #: Set up an app.
    APP = "app"
    FULL = "full"
    #: It opens nothing any more.
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long sessions last, in milliseconds."""

    idle: int
    absolute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser of one user."""

    id: int
    user_id: int
    stage: Stage
    created_at: int
    seen_at: int
    network: str
    browser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where somebody signs in from, as a list of their sessions shows it."""

    network: str
    browser: str


def start(tx: Transaction, user_id: int, stage: Stage, *, origin: Origin, now: int) -> str:
    """A new session; its token, which nobody but the browser keeps."""
    token = secrets.token_urlsafe(32)
    tx.run(
        START,
        digest=_digest(token),
        user_id=user_id,
        stage=stage.value,
        now=now,
        network=origin.network,
        browser=origin.browser,
    )
    return token


def find(tx: Transaction, token: str, limits: Limits, now: int) -> tuple[Session, User] | None:
    """The session of a token and whose it is; None where it is over or its account disabled."""
    row = tx.one(FIND, digest=_digest(token))
    if row is None:
        return None
    session = _session(row)
    user = users.by_id(tx, session.user_id)
    if user is None or not user.enabled or _is_over(session, limits, now):
        return None
    return session, user


def remembered(tx: Transaction, token: str) -> Session | None:
    """The session of a token, also when it is over."""
    row = tx.one(FIND, digest=_digest(token))
    return _session(row) if row else None


def advance(tx: Transaction, session: Session, stage: Stage, now: int) -> str:
    """The next step of signing in, under another token; the time it may last begins anew."""
    token = secrets.token_urlsafe(32)
    tx.run(ADVANCE, id=session.id, new=_digest(token), stage=stage.value, now=now)
    return token


def renew(tx: Transaction, session: Session) -> str:
    """Another token for the same session: the old one may be known to somebody."""
    token = secrets.token_urlsafe(32)
    tx.run(RENEW, id=session.id, new=_digest(token))
    return token


def is_quiet(session: Session, now: int) -> bool:
    """Whether it has not been noted for a while that somebody uses it."""
    return now - session.seen_at >= TOUCH_MS


def touch(tx: Transaction, session: Session, now: int) -> None:
    """Somebody uses it."""
    tx.run(TOUCH, id=session.id, now=now)


def listed(tx: Transaction, user_id: int, limits: Limits, now: int) -> list[Session]:
    """The sessions somebody has open, the one used last first."""
    found = [_session(row) for row in tx.all(OF, user_id=user_id)]
    return [session for session in found if not _is_over(session, limits, now)]


def end(tx: Transaction, session_id: int, user_id: int | None = None) -> bool:
    """End one; with `user_id` only if it is theirs."""
    if user_id is None:
        return tx.run(END, id=session_id) == 1
    return tx.run(END_ONE_OF, id=session_id, user_id=user_id) == 1


def end_all(tx: Transaction, user_id: int, but: int = 0) -> int:
    """End all of somebody's sessions but one; how many there were."""
    return tx.run(END_OF, user_id=user_id, but=but)


def sweep(tx: Transaction, limits: Limits, now: int) -> None:
    """Forget those that have long been over."""
    tx.run(SWEEP, then=now - limits.absolute - REMEMBERED_MS)


def csrf_token(key: bytes, session: Session) -> str:
    """What each change must carry: it fits this session alone, and stays when its token changes."""
    named = f"{session.id}:{session.user_id}:{session.created_at}"
    return hmac.new(key, named.encode(), hashlib.sha256).hexdigest()


def _is_over(session: Session, limits: Limits, now: int) -> bool:
    if session.stage is Stage.ENDED:
        return True
    if max(session.seen_at, session.created_at) > now + AHEAD_MS:
        return True
    absolute = limits.absolute if session.stage is Stage.FULL else HALF_WAY_MS
    return now - session.seen_at >= limits.idle or now - session.created_at >= absolute


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _session(row: Row) -> Session:
    id_, user_id, stage, created_at, seen_at, network, browser = row
    return Session(
        id=id_,
        user_id=user_id,
        stage=Stage(stage),
        created_at=created_at,
        seen_at=seen_at,
        network=network,
        browser=browser,
    )
