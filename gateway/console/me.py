"""Akun saya: one's name and language, password, app, recovery codes, and where one is signed in."""

from http import HTTPStatus

from aiohttp import web

from forwarder.ports import Transaction
from gateway.access import sessions, tries, users
from gateway.access.passwords import LEAST, TooBusy, refusal
from gateway.access.person import Right
from gateway.access.sessions import Session
from gateway.access.trail import enter
from gateway.access.tries import Try
from gateway.access.users import LANGUAGES, User
from gateway.console import door_safe
from gateway.console.door_safe import DEVICE, SESSION
from gateway.console.frame import ROOT, Entry, Handler, go, show
from gateway.console.office import Office

HERE = f"{ROOT}/me"
#: What is shown once behind a change.
DONE = ("name", "password", "ended", "app")


class Me:
    """The pages of one's own account."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def look(self, request: web.Request) -> web.StreamResponse:
        """All of it."""
        return await self._shown(request)

    async def rename(self, request: web.Request) -> web.StreamResponse:
        """Name and language."""
        _, user = await self._self(request)
        sent = await request.post()
        name, language = " ".join(str(sent.get("name", "")).split()), str(sent.get("language", ""))
        if not name or not name.isprintable() or language not in LANGUAGES:
            return await self._shown(request, said="name", part="name")

        def change(tx: Transaction) -> None:
            users.set_name(tx, user.id, name, language)
            self._note(tx, user, "changed their name or language")

        await self._office.parts.store.write(change)
        raise go(f"{HERE}?done=name")

    async def password(self, request: web.Request) -> web.StreamResponse:
        """Another password; all other sessions end, and this one gets another token."""
        session, user = await self._self(request)
        sent = await request.post()
        fresh = str(sent.get("fresh", ""))
        if refused := await self._proven(request, user, "password"):
            return refused
        if why := refusal(fresh, user.login):
            return await self._shown(request, said=why, part="password")
        kept = await self._office.access.passwords.hashed(fresh)

        def change(tx: Transaction) -> str:
            users.set_password(tx, user.id, kept)
            sessions.end_all(tx, user.id, but=session.id)
            self._note(tx, user, "changed their password")
            return sessions.renew(tx, session)

        token = await self._office.parts.store.write(change)
        response = web.Response(
            status=HTTPStatus.SEE_OTHER, headers={"Location": f"{HERE}?done=password"}
        )
        door_safe.put_cookie(response, SESSION, token)
        return response

    async def codes(self, request: web.Request) -> web.StreamResponse:
        """New recovery codes, shown once; the old ones are good for nothing any more."""
        _, user = await self._self(request)
        if refused := await self._proven(request, user, "codes"):
            return refused

        def change(tx: Transaction) -> tuple[str, ...]:
            self._note(tx, user, "made new recovery codes")
            return self._office.access.new_recovery_codes(tx, user)

        made = await self._office.parts.store.write(change)
        return await self._shown(request, codes=made, part="codes")

    async def app(self, request: web.Request) -> web.StreamResponse:
        """Another app: the old one goes, and the door asks for the new one at once."""
        session, user = await self._self(request)
        if refused := await self._proven(request, user, "app"):
            return refused

        def change(tx: Transaction) -> str:
            users.forget_totp(tx, user.id)
            sessions.end_all(tx, user.id, but=session.id)
            self._note(tx, user, "takes another sign-in app")
            return sessions.advance(tx, session, sessions.Stage.APP, self._office.clock())

        token = await self._office.parts.store.write(change)
        response = web.Response(
            status=HTTPStatus.SEE_OTHER, headers={"Location": f"{ROOT}/login/app"}
        )
        door_safe.put_cookie(response, SESSION, token)
        return response

    async def end(self, request: web.Request) -> web.StreamResponse:
        """End one's other sessions, or one of them."""
        session, user = await self._self(request)
        which = str((await request.post()).get("session", ""))

        def change(tx: Transaction) -> None:
            if number := door_safe.number_of(which):
                sessions.end(tx, number, user.id)
            else:
                sessions.end_all(tx, user.id, but=session.id)
            self._note(tx, user, "ended sessions of their own")

        await self._office.parts.store.write(change)
        raise go(f"{HERE}?done=ended")

    # --- parts ---------------------------------------------------------------------------------

    async def _self(self, request: web.Request) -> tuple[Session, User]:
        found = await self._office.access.session(request.cookies.get(SESSION, ""))
        if found is None:
            raise web.HTTPForbidden  # a machine's key has no account
        return found

    async def _proven(
        self, request: web.Request, user: User, part: str
    ) -> web.StreamResponse | None:
        """None where the password was typed once more; else the page that says what is wrong."""
        typed = str((await request.post()).get("password", ""))
        attempt = self._attempt(request, user)
        office = self._office
        now = office.clock()
        wait = await office.parts.store.write(lambda tx: tries.take(tx, attempt, now))
        if wait:
            return await self._shown(request, said="wait", part=part, wait=-(-wait // 1000))
        try:
            fits = await office.access.passwords.fits(user.password, typed)
        except TooBusy:
            return await self._shown(request, said="busy", part=part)
        if not fits:
            return await self._shown(request, said="wrong", part=part)
        await office.parts.store.write(lambda tx: tries.succeeded(tx, attempt))
        return None

    def _attempt(self, request: web.Request, user: User) -> Try:
        network = door_safe.origin_of(request, self._office).network
        device = request.cookies.get(DEVICE, "")
        return tries.attempt(self._office.parts.vault, user.login, network, device)

    async def _shown(self, request: web.Request, **said: object) -> web.StreamResponse:
        session, user = await self._self(request)
        office, now = self._office, self._office.clock()

        def look(tx: Transaction) -> tuple[list[Session], int]:
            open_ones = sessions.listed(tx, user.id, office.access.limits, now)
            return open_ones, users.recovery_codes_left(tx, user.id)

        open_ones, left = await office.parts.store.read(look)
        done = request.query.get("done", "")
        status = HTTPStatus.UNPROCESSABLE_ENTITY if said.get("said") else HTTPStatus.OK
        values = {"said": "", "part": "", "wait": 0, "codes": ()} | said
        return show(
            request,
            "me.html",
            status=status,
            user=user,
            sessions=open_ones,
            mine=session.id,
            left=left,
            least=LEAST,
            done=done if done in DONE else "",
            **values,
        )

    def _note(self, tx: Transaction, user: User, what: str) -> None:
        enter(tx, who=user.login, what=what, now=self._office.clock())


def routes(office: Office) -> list[Entry]:
    """The pages of one's own account; everybody who is in has them."""
    me = Me(office)
    changes: dict[str, Handler] = {
        "name": me.rename,
        "password": me.password,
        "codes": me.codes,
        "app": me.app,
        "sessions": me.end,
    }
    return [
        Entry("GET", HERE, me.look, Right.READ),
        *(Entry("POST", f"{HERE}/{name}", change, Right.READ) for name, change in changes.items()),
    ]
