"""The forms at the door: what is read from them, and how they are shown."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from gateway.access import users
from gateway.access.passwords import LEAST
from gateway.access.sessions import Stage
from gateway.access.signing_in import Step
from gateway.console import door_safe
from gateway.console.csrf import field_of
from gateway.console.door_safe import DOOR
from gateway.console.frame import ROOT, show
from gateway.console.office import Office

LOGIN = f"{ROOT}/login"
MOST_TYPED = 1_000
# A sealed form, see kept.py.
MOST_KEPT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What came with a step, and what travels along."""

    login: str = ""
    password: str = ""
    code: str = ""
    next: str = ""
    kept: str = ""
    #: Where `kept` also lies for the way to the identity provider, which carries no form.
    aside: str = ""
    #: It lay there for too long, or was taken out already.
    gone: bool = False


async def read(request: web.Request) -> tuple[Form, str]:
    """A step's fields, and the token that came with them."""
    sent = await request.post()

    def text(name: str, most: int = MOST_TYPED) -> str:
        value = sent.get(name, "")
        return value[:most] if isinstance(value, str) else ""

    form = Form(
        login=text("login", users.MOST_NAME),
        password=text("password"),
        code=text("code"),
        next=door_safe.safe_next(text("next")),
        kept=text("kept", MOST_KEPT),
    )
    return form, text("csrf")


def ask(
    request: web.Request,
    office: Office,
    form: Form,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    **said: object,
) -> web.Response:
    """The form for login and password, with what is said above it."""
    cookie = request.cookies.get(DOOR, "") or door_safe.new_door_cookie()
    csrf = door_safe.door_token(office, cookie)
    oidc = office.parts.settings.console.oidc
    response = show(
        request,
        "door.html",
        status=status,
        csrf_field=field_of(csrf),
        form=form,
        oidc=bool(oidc.issuer),
        **{"said": "", "wait": 0} | said,
    )
    door_safe.put_cookie(response, DOOR, cookie)
    return response


def next_form(
    request: web.Request,
    stage: Stage,
    csrf: str,
    form: Form,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    **said: object,
) -> web.Response:
    """The form of a later step."""
    return show(
        request,
        "door_step.html",
        status=status,
        csrf_field=field_of(csrf),
        form=form,
        stage=stage.value,
        least=LEAST,
        **{"said": "", "wait": 0} | said,
    )


def refused(step: Step, again: Callable[..., web.Response]) -> web.Response:
    """The same form, with why it was not taken."""
    if step.wait:
        seconds = -(-step.wait // 1000)
        response = again(status=HTTPStatus.TOO_MANY_REQUESTS, said="wait", wait=seconds)
        response.headers["Retry-After"] = str(seconds)
        return response
    said = step.refused or "wrong"
    return again(status=HTTPStatus.UNPROCESSABLE_ENTITY, said=said)
