"""
Taking what was learned meanwhile: a model that was put in force or taken back, streets.

`train` and `places learn` only write files in the data folder, beside a gateway that may run or
not. A running one looks at these few files every now and then, so nobody has to tell it.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from gateway.config_files import LEARNED_FILES
from gateway.errors import SettingsError
from gateway.learning.versions import active_models

log = structlog.get_logger()

EVERY_SECONDS = 20.0


async def heed(data_dir: Path, renew: Callable[[], None], every: float = EVERY_SECONDS) -> None:
    """Call `renew` whenever something else is in force than before."""
    known = _in_force(data_dir)
    while True:
        await asyncio.sleep(every)
        try:
            now = _in_force(data_dir)
            if now != known:
                renew()
                log.info("learned files taken", files=[file.name for file in now])
                known = now
        except SettingsError as exc:
            log.error("learned files refused", problem=str(exc))  # noqa: TRY400 (a sentence, no traceback)


def _in_force(data_dir: Path) -> dict[Path, int]:
    """Every learned file that is there, with when it was written."""
    files = [*(data_dir / name for name in LEARNED_FILES), *active_models(data_dir).values()]
    return {file: file.stat().st_mtime_ns for file in files if file.exists()}
