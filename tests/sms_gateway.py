"""The two sides of the SMS channel in its tests: our own routes, and a send API that records."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from doors import LeanInbox
from listening import listening

from channels.contract import (
    Accepted,
    Channel,
    Cursor,
    Delivery,
    Inbox,
    NotStored,
    PublicStatus,
)
from channels.sms import Sms
from gateway.http import public_app, runner_of

KEY = bytes(range(32))

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RecordingInbox(LeanInbox):
    """Stands where the journal stands, and hands over what was accepted as it comes."""

    def __init__(self, *, is_full: bool = False) -> None:
        self.is_full = is_full
        self.refused = asyncio.Event()
        self.accepted: list[Delivery] = []
        self._arrived: asyncio.Queue[Delivery] = asyncio.Queue()

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Record them, or say that the disk is full."""
        del cursor
        if self.is_full:
            self.refused.set()
            raise NotStored
        self.accepted += deliveries
        for delivery in deliveries:
            self._arrived.put_nowait(delivery)
        return [Accepted(id=1, new=True) for _ in deliveries]

    async def next(self) -> Delivery:
        """The next delivery, as soon as it is there."""
        return await asyncio.wait_for(self._arrived.get(), 30)

    def case_code(self, accepted: Accepted) -> str:
        """Not asked for by SMS."""
        raise NotImplementedError

    async def status(self, case_code: str) -> PublicStatus | None:
        """Not asked for by SMS."""
        raise NotImplementedError


def opened(**options: object) -> Sms:
    """The channel with these options."""
    return Sms(Sms.Options(**options), KEY)  # type: ignore[arg-type]  # one test, one option


@contextlib.asynccontextmanager
async def serving(routes: Iterable[web.AbstractRouteDef], *, port: int = 0) -> AsyncIterator[str]:
    """A real server with these routes on 127.0.0.1; gives its address."""
    app = web.Application()
    app.add_routes(routes)
    async with listening(web.AppRunner(app), port) as url:
        yield url


@contextlib.asynccontextmanager
async def receiving(channel: Channel, inbox: Inbox, *, port: int = 0) -> AsyncIterator[str]:
    """The gateway's own listener before a channel, the quick way included; gives its address."""
    app = public_app(channel.routes(inbox), most_bytes=1 << 20, quick=channel.quick(inbox))
    async with listening(runner_of(app, drain=1), port) as url:
        yield url


@dataclass(slots=True)
class SendApiPeer:
    """An operator's send API that answers what it is told to and remembers what it was asked."""

    status: int = 202
    body: str = "0: Accepted for delivery"
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, str], str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Method, query, form and Authorization header are kept."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        authorization = request.headers.get("Authorization", "")
        self.asked.append((request.method, dict(request.query), form, authorization))
        return web.Response(status=self.status, text=self.body, headers=self.headers)

    def routes(self) -> list[web.AbstractRouteDef]:
        """One address for all."""
        return [web.route("*", "/send", self.handle)]
