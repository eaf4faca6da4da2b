"""The door for accounts of the office's identity provider: there and back."""

from http import HTTPStatus

import msgspec
import structlog
from aiohttp import web

from forwarder.ports import Transaction
from gateway.access import aside, vouching
from gateway.access.oidc import Flow, NotVouched, Provider
from gateway.access.users import User
from gateway.console import door_safe
from gateway.console.door import Door
from gateway.console.door_forms import Form, ask
from gateway.console.door_safe import SESSION
from gateway.console.frame import ROOT, Entry
from gateway.console.office import Office
from gateway.console.sealing import opened, sealed

log = structlog.get_logger()

COOKIE = "__Host-lapor-oidc"
MINUTES_10 = 600
MOST_NAME = 40


class Sso:
    """Both ways."""

    def __init__(self, office: Office, provider: Provider) -> None:
        self._office = office
        self._provider = provider
        self._door = Door(office)

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """To the provider; a sealed cookie says what must come back."""
        next_ = door_safe.safe_next(request.query.get("next", ""))
        try:
            name = request.query.get("aside", "")[:MOST_NAME]
            where, flow = await self._provider.begin(next_, name)
        except NotVouched as exc:
            return self._refused(request, exc)
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": where})
        cookie = sealed(self._office.parts.vault, msgspec.json.encode(flow))
        door_safe.put_cookie(response, COOKIE, cookie, MINUTES_10)
        return response

    async def back(self, request: web.Request) -> web.StreamResponse:
        """From the provider, with a code or without."""
        try:
            flow = self._flow(request)
            vouched = await self._provider.finish(flow, request.query)
            now = self._office.clock()

            def vouch(tx: Transaction) -> tuple[User, str]:
                user = vouching.account_of(tx, vouched, now)
                return user, aside.take(tx, flow.aside, now) if flow.aside else ""

            user, kept = await self._office.parts.store.write(vouch)
        except NotVouched as exc:
            return self._refused(request, exc)
        step = await self._office.access.from_provider(
            user,
            door_safe.origin_of(request, self._office),
            before=request.cookies.get(SESSION, ""),
        )
        form = Form(next=flow.next, kept=kept, gone=bool(flow.aside) and not kept)
        response = await self._door.go_on(request, step, form)
        door_safe.drop_cookie(response, COOKIE)
        return response

    def _flow(self, request: web.Request) -> Flow:
        plain = opened(self._office.parts.vault, request.cookies.get(COOKIE, ""))
        if plain is None:
            raise NotVouched("this browser did not ask")
        return msgspec.json.decode(plain, type=Flow)

    def _refused(self, request: web.Request, exc: NotVouched) -> web.StreamResponse:
        self._office.parts.metrics.signed_in("wrong")
        log.warning("identity provider refused", problem=str(exc))
        return ask(
            request, self._office, Form(), status=HTTPStatus.UNPROCESSABLE_ENTITY, said="provider"
        )


def routes(office: Office) -> list[Entry]:
    """Nothing where there is no provider."""
    options = office.parts.settings.console.oidc
    if not options.issuer:
        return []
    sso = Sso(office, Provider(options, office.clock))
    return [
        Entry("GET", f"{ROOT}/oidc", sso.leave, None),
        Entry("GET", f"{ROOT}/oidc/back", sso.back, None),
    ]
