"""
The door: how somebody gets in, and out. Login, code, first password, app, back to work.

Each step answers with the next one, so that what somebody had typed when their session was over
travels along (see kept.py) and is given back at the end.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus

from aiohttp import web

from gateway.access import totp
from gateway.access.ordering import ISSUER
from gateway.access.passwords import TooBusy
from gateway.access.person import Right
from gateway.access.sessions import Stage
from gateway.access.signing_in import Step
from gateway.console import door_safe
from gateway.console.csrf import field_of, fits
from gateway.console.door_forms import LOGIN, Form, ask, next_form, read, refused
from gateway.console.door_safe import DEVICE, DOOR, SESSION, YEAR_SECONDS
from gateway.console.frame import ROOT, Entry, show
from gateway.console.guard import from_us
from gateway.console.kept import opened
from gateway.console.office import Office

Taking = Callable[[web.Request, Form], Awaitable[Step]]


class Door:
    """What answers at the door's addresses."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def look(self, request: web.Request) -> web.StreamResponse:
        """The form for login and password."""
        form = Form(next=door_safe.safe_next(request.query.get("next", "")))
        if await self._is_in(request):
            raise web.HTTPSeeOther(form.next or ROOT)
        return ask(request, self._office, form)

    async def _is_in(self, request: web.Request) -> bool:
        found = await self._office.access.session(request.cookies.get(SESSION, ""))
        return found is not None and found[0].stage is Stage.FULL

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Login and password."""
        form, shown = await read(request)
        again = partial(ask, request, self._office, form)
        cookie = request.cookies.get(DOOR, "")
        if not from_us(request) or not door_safe.is_meant(self._office, cookie, shown):
            return again(status=HTTPStatus.FORBIDDEN, said="again")
        try:
            step = await self._office.access.with_password(
                form.login,
                form.password,
                door_safe.origin_of(request, self._office),
                device=request.cookies.get(DEVICE, ""),
                before=request.cookies.get(SESSION, ""),
            )
        except TooBusy:
            self._office.parts.metrics.signed_in("busy")
            return again(status=HTTPStatus.SERVICE_UNAVAILABLE, said="busy")
        if not step.token:
            return refused(step, again)
        return await self.go_on(request, step, form)

    async def with_code(self, request: web.Request, form: Form) -> Step:
        """The code of the app."""
        return await self._office.access.with_code(
            request.cookies.get(SESSION, ""),
            form.code,
            network=door_safe.origin_of(request, self._office).network,
            device=request.cookies.get(DEVICE, ""),
        )

    async def with_new_password(self, request: web.Request, form: Form) -> Step:
        """A password of one's own."""
        return await self._office.access.new_password(
            request.cookies.get(SESSION, ""), form.password
        )

    async def with_new_app(self, request: web.Request, form: Form) -> Step:
        """The first code of a new app."""
        return await self._office.access.with_new_app(
            request.cookies.get(SESSION, ""),
            form.code,
            network=door_safe.origin_of(request, self._office).network,
        )

    def step(self, stage: Stage, taking: Taking) -> Callable[..., Awaitable[web.StreamResponse]]:
        """The handler of a later step."""

        async def handle(request: web.Request) -> web.StreamResponse:
            form, shown = await read(request)
            found = await self._office.access.session(request.cookies.get(SESSION, ""))
            if found is None or found[0].stage is not stage:
                return ask(request, self._office, form, status=HTTPStatus.UNAUTHORIZED, said="late")
            csrf = self._office.access.csrf(found[0])
            again = partial(next_form, request, stage, csrf, form)
            if not from_us(request) or not fits(shown, csrf):
                return again(status=HTTPStatus.FORBIDDEN, said="again")
            try:
                step = await taking(request, form)
            except TooBusy:
                return again(status=HTTPStatus.SERVICE_UNAVAILABLE, said="busy")
            if not step.token:
                return refused(step, again)
            return await self.go_on(request, step, form)

        return handle

    async def current(self, request: web.Request) -> web.StreamResponse:
        """The step this browser has come to."""
        found = await self._office.access.session(request.cookies.get(SESSION, ""))
        if found is None or found[0].stage is Stage.FULL:
            raise web.HTTPSeeOther(LOGIN)
        return next_form(request, found[0].stage, self._office.access.csrf(found[0]), Form())

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """The secret of a new app, as a picture for the phone."""
        found = await self._office.access.session(request.cookies.get(SESSION, ""))
        if found is None or found[0].stage is not Stage.APP:
            raise web.HTTPNotFound
        secret = await self._office.access.new_app(*found)
        svg = totp.picture(totp.address(secret, found[1].login, ISSUER))
        headers = {"Cache-Control": "no-store", "Content-Type": "image/svg+xml"}
        return web.Response(body=svg, headers=headers)

    async def go_on(self, request: web.Request, step: Step, form: Form) -> web.StreamResponse:
        """What comes after a step that went well, with the cookies it changes."""
        response = await self._after(request, step, form)
        door_safe.put_cookie(response, SESSION, step.token)
        if step.device:
            door_safe.put_cookie(response, DEVICE, step.device, YEAR_SECONDS)
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session."""
        await self._office.access.sign_out(request.cookies.get(SESSION, ""))
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": LOGIN})
        door_safe.drop_cookie(response, SESSION)
        # Nothing of a case is meant to be kept; a browser may have thought otherwise.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    # --- what is shown -------------------------------------------------------------------------

    async def _after(self, request: web.Request, step: Step, form: Form) -> web.StreamResponse:
        found = await self._office.access.session(step.token)
        if found is None:
            raise web.HTTPConflict  # disabled or ended in this very moment
        session, user = found
        csrf = self._office.access.csrf(session)
        if session.stage is not Stage.FULL:
            if session.stage is Stage.APP:
                await self._office.access.new_app(session, user)
            return next_form(request, session.stage, csrf, form)
        kept = opened(self._office, form.kept, user.id) if form.kept else None
        if step.recovery_codes or form.kept or form.gone:
            return show(
                request,
                "door_in.html",
                csrf_field=field_of(csrf),
                codes=step.recovery_codes,
                kept=kept,
                lost="gone" if form.gone else "others" if form.kept and not kept else "",
                next=form.next or ROOT,
            )
        where = form.next or ROOT
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": where})


def routes(office: Office) -> list[Entry]:
    """The door's addresses; only leaving needs somebody who is in."""
    door = Door(office)
    steps = {
        "code": door.step(Stage.CODE, door.with_code),
        "password": door.step(Stage.PASSWORD, door.with_new_password),
        "app": door.step(Stage.APP, door.with_new_app),
    }
    return [
        Entry("GET", LOGIN, door.look, None),
        Entry("POST", LOGIN, door.take, None),
        *(Entry("POST", f"{LOGIN}/{name}", handler, None) for name, handler in steps.items()),
        *(Entry("GET", f"{LOGIN}/{name}", door.current, None) for name in steps),
        Entry("GET", f"{LOGIN}/app.svg", door.picture, None),
        Entry("POST", f"{ROOT}/logout", door.sign_out, Right.READ),
    ]
