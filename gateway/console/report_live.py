"""
The stream of one open case: who has it open, and that it has changed, also in another process.

News of this process come at once; every few seconds the table is asked, which costs one small
read. The stream renews its reader's presence, and its end takes it back.
"""

from contextlib import suppress

from aiohttp import web

from forwarder.ports import Transaction
from gateway.console.frame import Handler, office_of, person_of
from gateway.console.guard import GATE
from gateway.console.live import HEADERS
from gateway.console.report_desk import ReportDesk
from gateway.console.report_view import code_in
from gateway.handling import presence
from gateway.handling.presence import LEASE_MS
from gateway.handling.seeing import NotHere, see

#: Between two looks at the tables.
LOOK_SECONDS = 3.0
RENEW_MS = LEASE_MS // 3


def live(desk: ReportDesk) -> Handler:
    """The handler of the stream; it ends with the session it was opened in."""

    async def stream(request: web.Request) -> web.StreamResponse:
        person, clock = person_of(request), office_of(request).clock
        store, code = desk.office.parts.store, code_in(request)
        try:
            seen = await store.read(lambda tx: see(tx, desk.vault, code, person.agency))
        except NotHere:
            raise web.HTTPNotFound from None
        record_id = seen.status.record_id

        def look(tx: Transaction) -> str:
            return presence.mark_of(tx, record_id, person.login, clock())

        def stay(tx: Transaction) -> None:
            presence.stay(tx, record_id, person, clock())

        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        await store.write(stay)
        desk.office.news.tell(f"case:{code}")
        # What the page was made of: what happened since then is news at once.
        was, renewed = request.query.get("mark", ""), clock()
        try:
            with suppress(ConnectionError):
                await response.write(b"retry: 3000\n\n")
                async for told in desk.office.news.follow(pulse=LOOK_SECONDS):
                    if await request[GATE].visitor(request) is None:
                        break
                    if clock() - renewed > RENEW_MS:
                        await store.write(stay)
                        renewed = clock()
                    mark = await store.read(look)
                    topics = told | ({f"case:{code}"} if mark != was else set())
                    was = mark
                    line = f"data: {' '.join(sorted(topics))}\n\n" if topics else ": \n\n"
                    await response.write(line.encode())
        finally:
            await store.write(lambda tx: presence.leave(tx, record_id, person.login))
            desk.office.news.tell(f"case:{code}")
        return response

    return stream
