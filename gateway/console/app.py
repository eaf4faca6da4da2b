"""The console as one aiohttp application below /console: its pages, behind their guard."""

from collections.abc import Sequence
from mimetypes import guess_type

from aiohttp import web

from gateway.access.person import Right
from gateway.console import live
from gateway.console.frame import (
    ROOT,
    Entry,
    Handler,
    Item,
    first_page,
    furnish,
    static_files,
)
from gateway.console.guard import Gate, guarded, pages_for_errors, put_headers
from gateway.console.office import OFFICE, Office

FOR_EVER = "public, max-age=31536000, immutable"


def console_app(
    office: Office, gate: Gate, pages: Sequence[Entry], navigation: Sequence[Item]
) -> web.Application:
    """Everything under /console; mount it with `add_subapp("/console", …)`."""
    app = web.Application(middlewares=[pages_for_errors])
    furnish(app, office, tuple(navigation))
    app.on_response_prepare.append(put_headers)
    app.on_shutdown.append(_end_news)
    home = [Entry("GET", ROOT, _home, Right.READ), Entry("GET", f"{ROOT}/", _home, Right.READ)]
    for entry in [*home, *_static(), *live.routes(gate), *pages]:
        path = entry.path.removeprefix(ROOT)
        app.router.add_route(entry.method, path, guarded(entry, gate))
    app.router.add_route("*", "/{rest:.*}", guarded(Entry("*", "", _nothing, Right.READ), gate))
    return app


async def _home(request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(first_page(request))


async def _nothing(_: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound


async def _end_news(app: web.Application) -> None:
    app[OFFICE].news.close()


def _static() -> list[Entry]:
    return [
        Entry("GET", f"{ROOT}/static/{name}", _file(name, body), None)
        for name, body in static_files().items()
    ]


def _file(name: str, body: bytes) -> Handler:
    media_type = guess_type(name)[0] or "application/octet-stream"

    async def give(_: web.Request) -> web.Response:
        headers = {"Content-Type": media_type, "Cache-Control": FOR_EVER}
        response = web.Response(body=body, headers=headers)
        response.enable_compression()
        return response

    return give
