"""Updates come in: told by the store over HTTP, or asked for; acknowledged after the commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

import aiohttp
import msgspec
import pytest
from aiohttp import web
from cases import STORE, reported, state_of, update
from forwarding import NOW, record_id
from listening import listening
from sms_gateway import serving

from channels.contract import Secret, TryLater
from channels.standard_webhooks import key_of, sign
from forwarder.backoff import Policy
from forwarder.central.contract import Central
from forwarder.ports import Database, Transaction
from forwarder.update import Page, Update
from gateway import leases
from gateway.back import timeline
from gateway.back.door import MOST_BYTES, MOST_UPDATES, Door
from gateway.back.poller import Poller
from gateway.back.statuses import read_statuses
from gateway.back.take import Taken, Taker
from gateway.http import public_app
from gateway.store import Store, StoreUnavailable
from gateway.vault import Vault

T = TypeVar("T")
KEY = key_of(Secret("whsec_" + "QUJD" * 11))
LATER = NOW + 3_600_000


class Office(Central):
    """A store that signs what it tells and has pages to be asked for over a real socket."""

    kind: ClassVar[str] = "office"
    Options: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    poll_every = 30.0

    def __init__(self, url: str = "") -> None:
        super().__init__(STORE)
        self._url = url

    async def poll(self, cursor: str) -> Page | TryLater:
        """The next page."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(self._url, params={"since": cursor}) as response,
        ):
            if response.status != 200:
                return TryLater(reason="away", wait=7.0)
            return msgspec.json.decode(await response.read(), type=Page)

    def heard(self, headers: Mapping[str, str], body: bytes, now: int) -> Sequence[Update]:
        """Updates as JSON, signed."""
        id_, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        signed = sign([KEY], id_, int(at), body)
        if headers.get("webhook-signature") != signed or abs(now // 1000 - int(at)) > 300:
            raise PermissionError("not signed")
        try:
            return msgspec.json.decode(body, type=list[Update])
        except msgspec.DecodeError as exc:
            raise ValueError("unreadable") from exc


class Weather:
    """A database that can be away."""

    def __init__(self, database: Store) -> None:
        self._database = database
        self.away = False

    async def write(self, work: Callable[[Transaction], T], /) -> T:
        """Write, unless it is away."""
        if self.away:
            raise StoreUnavailable("away")
        return await self._database.write(work)

    async def read(self, work: Callable[[Transaction], T], /) -> T:
        """Look."""
        return await self._database.read(work)


class Site:
    """The public listener with the door for stores."""

    def __init__(self, url: str, weather: Weather, told: list[Taken]) -> None:
        self.url = url
        self.weather = weather
        self.told = told

    async def post(
        self, updates: object, *, to: str = STORE, at: int = LATER // 1000, **changed: str
    ) -> tuple[int, Mapping[str, Any]]:
        """Tell of updates; status and answer."""
        body = updates if isinstance(updates, bytes) else msgspec.json.encode(updates)
        headers = {
            "webhook-id": "n1",
            "webhook-timestamp": str(at),
            "webhook-signature": sign([KEY], "n1", at, body),
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.url}/central/updates/{to}", data=BytesIO(body), headers=headers
            ) as response,
        ):
            answer = await response.read()
            assert response.status < 400 or "problem+json" in response.content_type
            return response.status, msgspec.json.decode(answer) if answer else {}


@pytest.fixture
def taker(vault: Vault) -> Taker:
    return Taker(vault=vault, statuses=read_statuses(None), on_news=lambda *_: None)


@pytest.fixture
async def site(database: Store, taker: Taker) -> AsyncIterator[Site]:
    told: list[Taken] = []
    weather = Weather(database)
    door = Door(
        {STORE: Office()},
        database=weather,
        taker=taker,
        clock=lambda: LATER,
        told=lambda _, taken: told.append(taken),
    )
    app = public_app(door.routes(), most_bytes=32 << 20)
    async with listening(web.AppRunner(app)) as url:
        yield Site(url, weather, told)


# --- the door ---------------------------------------------------------------------------------


async def test_a_signed_update_is_acknowledged_once_it_is_written_down(
    site: Site, database: Store, vault: Vault
) -> None:
    """And the same again is acknowledged as well."""
    await reported(database, vault, 1)
    told = [update("u1", record_id=record_id(1), status="selesai")]

    assert (await site.post(told))[0] == 204
    assert (await site.post(told))[0] == 204
    assert await state_of(database, 1) == "selesai"
    assert site.told == [Taken(news=1), Taken(known=1)]


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ({"webhook_signature": "v1,AAAA"}, 401),
        ({"webhook_signature": ""}, 401),
        ({"at": LATER // 1000 - 301}, 401),
        ({"to": "nobody"}, 401),
        ({"updates": b"[{"}, 400),
        ({"updates": b'[{"at": 1}]'}, 400),
        ({"updates": b" " * (MOST_BYTES + 1)}, 413),
        ({"updates": [update(str(n)) for n in range(MOST_UPDATES + 1)]}, 413),
    ],
)
async def test_a_refusal_is_a_problem_document_and_tells_nothing(
    site: Site, case: Mapping[str, Any], status: int
) -> None:
    """Neither whether the store exists nor what a right signature would be."""
    updates = case.get("updates", [update("u1")])
    changed = {name: value for name, value in case.items() if name != "updates"}

    found, document = await site.post(updates, **changed)

    assert (found, document["status"]) == (status, status)
    assert set(document) <= {"type", "title", "status"}
    assert site.told == []


async def test_without_a_commit_there_is_no_acknowledgement(
    site: Site, database: Store, vault: Vault
) -> None:
    """The store hears 503 and sends it again."""
    await reported(database, vault, 1)
    told = [update("u1", record_id=record_id(1), status="selesai")]

    site.weather.away = True
    assert (await site.post(told))[0] == 503
    site.weather.away = False
    assert (await site.post(told))[0] == 204
    assert site.told == [Taken(news=1)]


# --- asking -----------------------------------------------------------------------------------


class Pages:
    """What a store tells who asks, and how it was asked."""

    def __init__(self, *pages: Page) -> None:
        self.pages = {"": pages[0]} | {before.cursor: page for before, page in pairwise(pages)}
        self.asked: list[str] = []
        self.away = False

    async def handle(self, request: web.Request) -> web.Response:
        """The page behind a cursor."""
        self.asked.append(request.query["since"])
        if self.away:
            return web.Response(status=503)
        page = self.pages.get(request.query["since"], Page(cursor=request.query["since"]))
        return web.Response(body=msgspec.json.encode(page))

    def routes(self) -> list[web.AbstractRouteDef]:
        """One address."""
        return [web.get("/updates", self.handle)]


TWO_PAGES = (
    Page(updates=(update("u1", record_id=record_id(1), status="proses"),), cursor="7", more=True),
    Page(updates=(update("u2", at=1, record_id=record_id(1), status="selesai"),), cursor="8"),
)


def poller(
    database: Database,
    taker: Taker,
    url: str,
    *,
    owner: str = "a",
    clock: Callable[[], int] = lambda: LATER,
) -> Poller:
    return Poller(
        Office(f"{url}/updates"),
        database=database,
        taker=taker,
        policy=Policy(),
        clock=clock,
        jitter=lambda: 0.5,
        owner=owner,
        told=lambda *_: None,
    )


async def test_a_store_is_asked_page_by_page(database: Store, vault: Vault, taker: Taker) -> None:
    """The next page at once where there is one, else after the usual wait."""
    await reported(database, vault, 1)
    pages = Pages(*TWO_PAGES)
    async with serving(pages.routes()) as url:
        asking = poller(database, taker, url)
        waits = [await asking.turn() for _ in range(3)]

    assert pages.asked == ["", "7", "8"]
    assert waits == [0.0, 30.0, 30.0]
    assert await state_of(database, 1) == "selesai"


async def test_after_a_crash_the_page_is_asked_for_again(
    database: Store, vault: Vault, taker: Taker
) -> None:
    """Page and cursor are written together, so neither is without the other."""
    await reported(database, vault, 1)
    weather = Weather(database)
    pages = Pages(*TWO_PAGES)

    async def cut(work: Callable[[Transaction], T], /) -> T:
        done: Awaitable[T] = database.write(work)
        result = await done
        weather.write = _broken  # type: ignore[method-assign]
        return result

    async with serving(pages.routes()) as url:
        weather.write = cut  # type: ignore[method-assign]
        with pytest.raises(StoreUnavailable):
            await poller(weather, taker, url).turn()
        await poller(database, taker, url).turn()

    assert pages.asked == ["", ""]
    steps = await database.read(lambda tx: timeline.of(tx, record_id(1)))
    assert [step.word for step in steps] == ["proses"]


async def _broken(_: object) -> Any:  # noqa: ANN401 (as Database.write)
    raise StoreUnavailable("the power is gone")


async def test_a_store_that_is_away_is_asked_less_often(database: Store, taker: Taker) -> None:
    """What it says about waiting is a minimum."""
    pages = Pages(*TWO_PAGES)
    pages.away = True
    async with serving(pages.routes()) as url:
        asking = poller(database, taker, url)
        waits = [await asking.turn() for _ in range(9)]

    assert waits[0] == 30.0
    assert waits == sorted(waits)
    assert waits[-1] > 100
    assert set(pages.asked) == {""}


async def test_one_machine_asks_at_a_time(database: Store, vault: Vault, taker: Taker) -> None:
    """Another takes over when it is silent for long; what it wakes up with is not written."""
    await reported(database, vault, 1)
    pages = Pages(*TWO_PAGES)
    now = LATER
    async with serving(pages.routes()) as url:
        first = poller(database, taker, url, owner="a", clock=lambda: now)
        second = poller(database, taker, url, owner="b", clock=lambda: now)
        await first.turn()
        await second.turn()
        assert pages.asked == [""]

        now += 3_600_000
        frozen = await database.read(lambda tx: tx.one("select epoch from leases"))
        await second.turn()
        assert pages.asked == ["", "7"]
        late = await database.write(
            lambda tx: leases.held(tx, first.name, "a", frozen[0] if frozen else 0)
        )

    assert late is False
    cursor = await database.read(lambda tx: tx.one("select value from cursors"))
    assert cursor == ("8",)


async def test_two_machines_that_ask_for_a_lease_at_once_get_one(database: Store) -> None:
    """The database decides."""
    got = await asyncio.gather(
        *(
            database.write(
                lambda tx, name=name: leases.take(  # type: ignore[misc]
                    tx, "updates x", name, now=LATER, until=LATER + 1
                )
            )
            for name in ("a", "b", "c")
        )
    )

    assert sorted(got, key=lambda epoch: epoch or 0) == [None, None, 1]
