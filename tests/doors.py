"""
A channel's routes on a real server on a free port, in front of the gateway's own inbox.

Journal, encryption and database are the real ones (SQLite below `folder`), so what a test sees is
what the gateway would hold.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from channels.contract import (
    Accepted,
    CaseQuery,
    Channel,
    Cursor,
    Delivery,
    InboundMessage,
    Inbox,
    NotStored,
    PublicCase,
    PublicStatus,
    Topic,
    Trouble,
)
from gateway.clock import now_ms
from gateway.codes import CaseCodes
from gateway.http import public_app, runner_of
from gateway.inbox import ChannelInbox
from gateway.journal import Journal
from gateway.metrics import Metrics
from gateway.naming import kept_id
from gateway.store import Store
from gateway.taking_in import taking_in
from gateway.troubles import Troubles
from gateway.vault import Vault
from normalizer.dialog import hear
from normalizer.privacy_hidden import self_told

TOPICS = (
    Topic(code="jalan", name="Pekerjaan umum", keywords=("jalan rusak", "jalan berlubang")),
    Topic(code="sampah", name="Lingkungan hidup", keywords=("sampah",)),
)
MOST_BYTES = 32 << 20


class LeanInbox:
    """The parts of an inbox that most channels do without; subclasses add what they need."""

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Nothing is taken here."""
        del deliveries, cursor
        raise NotStored

    def begin(self, delivery: Delivery) -> asyncio.Future[Accepted]:
        """By `accept`, in a task."""
        return asyncio.ensure_future(self._accept_one(delivery))

    async def _accept_one(self, delivery: Delivery) -> Accepted:
        return (await self.accept((delivery,)))[0]

    async def cursor(self, name: str = "") -> str:
        """Nothing was read yet."""
        del name
        return ""

    async def stored(self, external_id: str) -> bytes | None:
        """Nothing is held."""
        del external_id
        return None

    def case_code(self, accepted: Accepted) -> str:
        """No report was made."""
        raise NotImplementedError

    async def status(self, case_code: str) -> PublicStatus | None:
        """No case is known."""
        del case_code
        return None

    async def cases(self, wanted: CaseQuery) -> list[PublicCase]:
        """No case is public."""
        del wanted
        return []

    def topics(self) -> Sequence[Topic]:
        """A few kinds of complaint."""
        return TOPICS

    def self_told(self, message: InboundMessage) -> Sequence[str]:
        """As the gateway tells it."""
        return self_told(hear(message).message)

    def trouble(self, kind: Trouble | None, detail: str = "") -> None:
        """Nobody listens."""


#: The ids channels gave, by those the journal keeps them under; a restarted door knows them still.
GIVEN: dict[str, str] = {}


class _Inbox(ChannelInbox):
    """The gateway's inbox, which can be told to refuse as it does when the disk is full."""

    full = False

    def __init__(self, *names: str, vault: Vault, **rest: Any) -> None:  # noqa: ANN401 (as above it)
        super().__init__(*names, vault=vault, **rest)
        self._opener = vault

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        if self.full:
            raise NotStored("the disk is full")
        for one in deliveries:
            kept = kept_id(self._opener, self._channel, one.external_id)
            GIVEN[kept] = one.external_id
        return await super().accept(deliveries, cursor)


@dataclass(kw_only=True)
class Site:
    """One channel on the net."""

    url: str
    inbox: _Inbox
    store: Store
    vault: Vault
    session: aiohttp.ClientSession
    #: What was wrong with the channel, change by change.
    troubles: list[tuple[Trouble | None, str]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether the journal refuses."""
        return self.inbox.full

    @full.setter
    def full(self, value: bool) -> None:
        self.inbox.full = value

    async def payloads(self) -> list[bytes]:
        """What the journal holds, opened, in the order it came."""
        rows = await self.store.read(
            lambda tx: tx.all("select payload, data_key from journal order by id")
        )
        return [self.vault.open(bytes(row[0]), bytes(row[1])) for row in rows]

    async def external_ids(self) -> list[str]:
        """The ids their channel gave them, in the order they came."""
        rows = await self.store.read(
            lambda tx: tx.all("select external_id from journal order by id")
        )
        return [GIVEN.get(str(row[0]), str(row[0])) for row in rows]

    async def post(
        self, path: str, body: bytes | str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text of the answer to one POST."""
        async with self.session.post(self.url + path, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def get(
        self, path: str, headers: Mapping[str, str] | None = None, **query: str
    ) -> tuple[int, str]:
        """Status and text of the answer to one GET."""
        async with self.session.get(self.url + path, params=query, headers=headers) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def door(channel: Channel, folder: Path) -> AsyncIterator[Site]:
    """Serve a channel; the same folder again is the same gateway after a restart."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True, parents=True)
    store = await Store.open(f"sqlite://{folder}/gateway.db")
    vault = Vault(bytes(range(32)))
    journal = Journal(store, vault, clock=now_ms)
    await journal.open()
    troubles: list[tuple[Trouble | None, str]] = []
    noted = Troubles(lambda _, kind: troubles.append((kind, _detail(noted))), now_ms)
    inbox = _Inbox(
        channel.name,
        journal=journal,
        codes=CaseCodes(vault.derive("case codes")),
        database=store,
        vault=vault,
        metrics=Metrics([channel.name], []),
        troubles=noted,
        topics=TOPICS,
    )
    quick = channel.quick(inbox)
    runner = runner_of(
        public_app(channel.routes(inbox), most_bytes=MOST_BYTES, quick=quick), drain=60
    )
    await runner.setup()
    served = web.TCPSite(runner, "127.0.0.1", 0)
    await served.start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as session:
            yield Site(
                url=f"http://{host}:{port}",
                inbox=inbox,
                store=store,
                vault=vault,
                session=session,
                troubles=troubles,
            )
    finally:
        await runner.cleanup()
        await channel.close()
        await store.close()


@asynccontextmanager
async def reading(channel: Channel, inbox: Inbox) -> AsyncIterator[None]:
    """The channel listens until the block ends; if it stops by itself, the test fails."""
    task = asyncio.create_task(taking_in(channel, inbox))
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _detail(troubles: Troubles) -> str:
    return next((note.detail for note in troubles.notes()), "")
