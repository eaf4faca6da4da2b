"""The console's gate: who a request is from, and the way to the door for everybody else."""

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from gateway.access import aside, keys
from gateway.access.sessions import Stage
from gateway.console import door_safe
from gateway.console.door_forms import LOGIN, Form, ask
from gateway.console.door_safe import SESSION
from gateway.console.frame import ROOT, Visitor
from gateway.console.guard import SAFE
from gateway.console.kept import keep, sealed
from gateway.console.office import Office
from gateway.store import StoreUnavailable

#: What a machine's key opens: tables as files.
FILES = (".csv", ".json", ".xlsx")
BEARER = "Bearer "


class SessionGate:
    """Knows sessions and keys of machines."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def visitor(self, request: web.Request) -> Visitor | None:
        """Who this is; None for nobody, or whose session is over."""
        shown = request.headers.get("Authorization", "")
        if shown.startswith(BEARER):
            return await self._machine(request, shown.removeprefix(BEARER))
        access = self._office.access
        # What a page fetches by itself is no work: nobody may be there any more.
        by_itself = request.path.endswith("/live") or "X-Refresh" in request.headers
        found = await access.session(request.cookies.get(SESSION, ""), touch=not by_itself)
        if found is None or found[0].stage is not Stage.FULL:
            return None
        session, user = found
        return Visitor(person=user.person, csrf=access.csrf(session))

    async def turn_away(self, request: web.Request) -> web.StreamResponse:
        """The door, for who is not signed in; what they had typed comes back after it."""
        if "Authorization" in request.headers:
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        if "X-Refresh" in request.headers or request.path.endswith("/live"):
            raise web.HTTPUnauthorized
        if request.method in SAFE:
            path = door_safe.safe_next(str(request.rel_url))
            query = {"next": path} if path and path != ROOT else {}
            raise web.HTTPSeeOther(request.url.with_path(LOGIN).with_query(query).relative())
        kept = await keep(request, self._office, request.cookies.get(SESSION, ""))
        form = await self._put_aside(Form(kept=sealed(self._office, kept)))
        return ask(request, self._office, form, status=HTTPStatus.UNAUTHORIZED, said="over")

    async def _put_aside(self, form: Form) -> Form:
        """The same form, which can be found again by who comes back from the provider."""
        office = self._office
        if not form.kept or not office.parts.settings.console.oidc.issuer:
            return form
        now = office.clock()
        with suppress(StoreUnavailable):  # the way by password still carries it
            name = await office.parts.store.write(lambda tx: aside.put(tx, form.kept, now))
            return replace(form, aside=name)
        return form

    async def _machine(self, request: web.Request, shown: str) -> Visitor | None:
        if request.method not in SAFE or not request.path.endswith(FILES):
            return None
        office, now = self._office, self._office.clock()
        key = await office.parts.store.read(lambda tx: keys.find(tx, shown, now))
        if key is None:
            return None
        if key.is_quiet(now):
            with suppress(StoreUnavailable):  # as with people
                await office.parts.store.write(lambda tx: keys.touch(tx, key.id, now))
        return Visitor(person=key.person, csrf="")
