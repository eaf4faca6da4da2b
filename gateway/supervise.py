"""Keep a part of the gateway running: what fails is logged and started again, alone."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

FIRST_WAIT = 1.0


async def keep_running(
    name: str,
    run: Callable[[], Awaitable[None]],
    *,
    longest_wait: float,
    told: Callable[[bool], None] = lambda _: None,
) -> None:
    """
    Run until it returns; when it raises, wait and run it again, a little longer each time.

    `told` hears True before each start and False after each failure.
    """
    loop = asyncio.get_running_loop()
    wait = FIRST_WAIT
    while True:
        started = loop.time()
        told(True)  # noqa: FBT003 (up or down is all there is to tell)
        try:
            await run()
        except Exception:
            told(False)  # noqa: FBT003 (as above)
            log.exception("part failed", part=name, again_in=wait)
        else:
            return
        await asyncio.sleep(wait)
        # What ran well for a while has earned a quick restart.
        steady = loop.time() - started > longest_wait
        wait = FIRST_WAIT if steady else min(wait * 2, longest_wait)
