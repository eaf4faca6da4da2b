"""The console as a process of its own, beside a gateway on the same PostgreSQL."""

import asyncio

import aiohttp
from cluster_process import KEY
from gateway_process import Gateway
from postgres import Postgres


async def test_it_serves_officers_and_no_citizens(gateway: Gateway, postgres: Postgres) -> None:
    url = postgres.copy()
    gateway.settings = {"store": {"url": url}}
    gateway.role = "console"
    gateway.env = {"LAPOR_GATEWAY_KEY": KEY}
    try:
        async with gateway:
            status, page = await gateway.get("/console/static/console.css")
            assert (status, "--accent" in page) == (200, True)
            async with aiohttp.ClientSession() as session:
                try:
                    await session.get(f"{gateway.url}/lapor")
                except aiohttp.ClientConnectorError:
                    pass
                else:
                    raise AssertionError("the public listener is open")
            assert "/console" in gateway.log
    finally:
        await asyncio.to_thread(postgres.drop, url)


async def test_on_sqlite_it_is_part_of_the_one_process(gateway: Gateway) -> None:
    gateway.role = "console"
    await gateway.start(wait=False)
    assert await gateway.ended() != 0
    assert "SQLite belongs to one process" in gateway.log
    assert not list(gateway.data_dir.iterdir())
