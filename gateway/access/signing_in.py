"""
From a login and a password to a session, step by step; each step has its bound and its trail.

Password, code of the app (or a recovery code), then whatever is still missing: a password nobody
else knows, an app. An unknown login costs what a wrong password costs.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from forwarder.ports import Database, Transaction
from gateway.access import sessions, totp, tries, users
from gateway.access.options import Console
from gateway.access.passwords import Passwords, refusal
from gateway.access.sessions import Limits, Origin, Session, Stage
from gateway.access.trail import enter
from gateway.access.tries import Try
from gateway.access.users import User
from gateway.store import StoreUnavailable
from gateway.vault import Vault

CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How a step ended."""

    #: What the browser holds from now on; empty: the step did not go well.
    token: str = ""
    stage: Stage | None = None
    #: A cookie by which this browser is known again, once somebody is in.
    device: str = ""
    #: Milliseconds until it may be tried again.
    wait: int = 0
    #: Why a password cannot be one.
    refused: str = ""
    #: Shown once.
    recovery_codes: tuple[str, ...] = ()


WRONG = Step()


class SigningIn:
    """What the door works with."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        options: Console,
        *,
        clock: Callable[[], int],
        counted: Callable[[str], None],
    ) -> None:
        """`clock` gives milliseconds since 1970; `counted` hears how each attempt ended."""
        self._database = database
        self._vault = vault
        self._needs_app = options.totp == "required"
        self.limits = Limits(idle=int(options.idle * 1000), absolute=int(options.absolute * 1000))
        self.passwords = Passwords()
        self._clock = clock
        self._counted = counted
        self._csrf = vault.derive("console csrf")
        self._recovery = vault.derive("recovery codes")

    # --- who is there --------------------------------------------------------------------------

    async def session(self, token: str, *, touch: bool = False) -> tuple[Session, User] | None:
        """Whose browser this is; `touch` says that a person does something in it."""
        if not token:
            return None
        now = self._clock()
        found = await self._database.read(lambda tx: sessions.find(tx, token, self.limits, now))
        if found and touch and sessions.is_quiet(found[0], now):
            with suppress(StoreUnavailable):  # who only reads needs no disk
                await self._database.write(lambda tx: sessions.touch(tx, found[0], now))
        return found

    async def remembered(self, token: str) -> Session | None:
        """The session of a token, also when it is over."""
        return await self._database.read(lambda tx: sessions.remembered(tx, token))

    def csrf(self, session: Session) -> str:
        """What each change made in this session must carry."""
        return sessions.csrf_token(self._csrf, session)

    # --- the steps -----------------------------------------------------------------------------

    async def with_password(
        self, login: str, password: str, origin: Origin, *, device: str = "", before: str = ""
    ) -> Step:
        """The first step; a session the browser had `before` ends."""
        login = login.strip().lower()[: users.MOST_NAME]
        attempt = tries.attempt(self._vault, login, origin.network, device)
        if wait := await self._take(attempt):
            return Step(wait=wait)
        user = await self._database.read(lambda tx: users.find(tx, login))
        usable = user if user and user.enabled else None
        fits = await self.passwords.fits(usable.password if usable else None, password)
        if usable is None or usable.password is None or not fits:
            self._counted("wrong")
            return WRONG
        fresh = (
            await self.passwords.hashed(password)
            if self.passwords.is_old(usable.password)
            else None
        )
        stage = Stage.CODE if usable.totp_since is not None else self._after_code(usable)

        def come_in(tx: Transaction) -> Step:
            now_is = users.by_id(tx, usable.id)
            if now_is is None or now_is.password != usable.password:
                return WRONG  # changed while it was checked
            tries.succeeded(tx, attempt)
            if fresh:
                users.set_password(tx, usable.id, fresh, must_change=usable.must_change)
            return self._begin(tx, usable, stage, origin=origin, before=before)

        return await self._write(come_in)

    async def from_provider(self, user: User, origin: Origin, *, before: str = "") -> Step:
        """Somebody the identity provider vouches for; it asks for a second factor itself."""
        return await self._write(
            lambda tx: self._begin(tx, user, Stage.FULL, origin=origin, before=before)
        )

    async def with_code(self, token: str, typed: str, *, network: str, device: str = "") -> Step:
        """The second step: the app's code, or one of the recovery codes."""
        found = await self.session(token)
        if found is None or found[0].stage is not Stage.CODE:
            return WRONG
        session, user = found
        attempt = self._code_attempt(user, network, device)
        if wait := await self._take(attempt):
            return Step(wait=wait)

        def check(tx: Transaction) -> Step:
            how = self._how(tx, user, typed)
            if how is None:
                return WRONG
            tries.succeeded(tx, attempt)
            return self._go_on(tx, session, user, self._after_code(user), how=how)

        return await self._write(check)

    async def new_password(self, token: str, password: str) -> Step:
        """A password of one's own, where somebody else has set the one before."""
        found = await self.session(token)
        if found is None or found[0].stage is not Stage.PASSWORD:
            return WRONG
        session, user = found
        if why := refusal(password, user.login):
            return Step(refused=why)
        if await self.passwords.fits(user.password, password):
            return Step(refused="same")
        kept = await self.passwords.hashed(password)

        def change(tx: Transaction) -> Step:
            now = self._clock()
            users.set_password(tx, user.id, kept)
            sessions.end_all(tx, user.id, but=session.id)
            enter(tx, who=user.login, what="changed their password", now=now)
            lacks_app = self._needs_app and user.totp_since is None
            return self._go_on(tx, session, user, Stage.APP if lacks_app else Stage.FULL)

        return await self._write(change)

    async def new_app(self, session: Session, user: User) -> str:
        """The secret for an app that is being set up, made when it is first asked for."""

        def made(tx: Transaction) -> str:
            if user.totp_since is None and (there := users.totp_secret(tx, self._vault, user.id)):
                return there
            secret = totp.new_secret()
            users.keep_totp(tx, self._vault, user.id, secret)
            return secret

        if session.stage is not Stage.APP:
            raise LookupError("app")
        return await self._database.write(made)

    async def with_new_app(self, token: str, typed: str, *, network: str) -> Step:
        """The last step: the first code of the new app."""
        found = await self.session(token)
        if found is None or found[0].stage is not Stage.APP:
            return WRONG
        session, user = found
        attempt = self._code_attempt(user, network, "")
        if wait := await self._take(attempt):
            return Step(wait=wait)

        def confirm(tx: Transaction) -> Step:
            now = self._clock()
            if not self.used_code(tx, user, typed, now):
                return WRONG
            tries.succeeded(tx, attempt)
            codes = self.new_recovery_codes(tx, user)
            enter(tx, who=user.login, what="set up an app for sign-in codes", now=now)
            return replace(self._go_on(tx, session, user, Stage.FULL), recovery_codes=codes)

        return await self._write(confirm)

    async def sign_out(self, token: str) -> None:
        """End the session; its token opens nothing any more."""
        found = await self.session(token)
        if found:
            session, user = found

            def end(tx: Transaction) -> None:
                sessions.end(tx, session.id)
                enter(tx, who=user.login, what="signed out", now=self._clock())

            await self._database.write(end)

    # --- parts of steps ------------------------------------------------------------------------

    def used_code(self, tx: Transaction, user: User, typed: str, now: int) -> bool:
        """Whether it is a code of their app that was not used yet; now it is used."""
        secret = users.totp_secret(tx, self._vault, user.id)
        current = users.by_id(tx, user.id)
        if secret is None or current is None:
            return False
        step = totp.step_of(secret, typed, now=now, used=current.totp_step)
        return step is not None and users.use_step(tx, user.id, step, now)

    def new_recovery_codes(self, tx: Transaction, user: User) -> tuple[str, ...]:
        """Ten codes in place of what there was; nobody can show them again."""
        codes = totp.new_recovery_codes()
        digests = [totp.recovery_digest(self._recovery, code) for code in codes]
        users.keep_recovery_codes(tx, user.id, digests)
        return tuple(codes)

    def _how(self, tx: Transaction, user: User, typed: str) -> str | None:
        """What the trail says of a code that fits; None where it does not."""
        if self.used_code(tx, user, typed, self._clock()):
            return "signed in"
        digest = totp.recovery_digest(self._recovery, typed)
        if not users.use_recovery_code(tx, user.id, digest):
            return None
        left = users.recovery_codes_left(tx, user.id)
        return f"signed in with a recovery code, {left} are left"

    def _after_code(self, user: User) -> Stage:
        if user.must_change:
            return Stage.PASSWORD
        return Stage.APP if self._needs_app and user.totp_since is None else Stage.FULL

    def _begin(
        self, tx: Transaction, user: User, stage: Stage, *, origin: Origin, before: str
    ) -> Step:
        now = self._clock()
        sessions.sweep(tx, self.limits, now)
        tries.sweep(tx, now)
        if before and (old := sessions.find(tx, before, self.limits, now)):
            sessions.end(tx, old[0].id)
        token = sessions.start(tx, user.id, stage, origin=origin, now=now)
        return self._entered(tx, user, Step(token=token, stage=stage), "signed in")

    def _go_on(
        self, tx: Transaction, session: Session, user: User, stage: Stage, *, how: str = "signed in"
    ) -> Step:
        token = sessions.advance(tx, session, stage, self._clock())
        return self._entered(tx, user, Step(token=token, stage=stage), how)

    def _entered(self, tx: Transaction, user: User, step: Step, how: str) -> Step:
        if step.stage is not Stage.FULL:
            return step
        now = self._clock()
        users.signed_in(tx, user.id, now)
        enter(tx, who=user.login, what=how, now=now)
        return replace(step, device=tries.new_device(self._vault, user.login))

    async def _write(self, step: Callable[[Transaction], Step]) -> Step:
        """Take a step and count how it ended."""
        done = await self._database.write(step)
        if done.stage is Stage.FULL:
            self._counted("in")
        elif not done.token:
            self._counted("wrong")
        return done

    def _code_attempt(self, user: User, network: str, device: str) -> Try:
        return tries.attempt(self._vault, user.login, network, device, kind=CODE)

    async def _take(self, attempt: Try) -> int:
        wait = await self._database.write(lambda tx: tries.take(tx, attempt, self._clock()))
        if wait:
            self._counted("wait")
        return wait
