"""The stream of news a page listens to, as server-sent events (WHATWG HTML, section 9.2)."""

from contextlib import suppress

from aiohttp import web

from gateway.access.person import Right
from gateway.console.frame import ROOT, Entry, office_of
from gateway.console.guard import Gate

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep the news until it has a bufferful
}


def routes(gate: Gate) -> list[Entry]:
    """One stream, ended with the session it was opened in."""

    async def live(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=HEADERS)
        with suppress(ConnectionError):
            await response.prepare(request)
            await response.write(b"retry: 3000\n\n")
            async for changed in office_of(request).news.follow():
                if await gate.visitor(request) is None:
                    break
                line = f"data: {' '.join(sorted(changed))}\n\n" if changed else ": \n\n"
                await response.write(line.encode())
        return response

    return [Entry("GET", f"{ROOT}/live", live, Right.READ)]
