"""A runner of aiohttp's that listens on 127.0.0.1 for as long as a block lasts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def listening(runner: web.AppRunner, port: int = 0) -> AsyncIterator[str]:
    """Set it up on this port, or a free one; gives its address."""
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound = runner.addresses[0][:2]
        yield f"http://{host}:{bound}"
    finally:
        await runner.cleanup()
