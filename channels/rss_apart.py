"""
A feed taken apart in a process of its own, which has little time, little memory and no secrets.

feedparser needs hours for a megabyte of "<". A thread could not be stopped and would slow down
everybody else; the kernel ends a process. What feedparser keeps in memory goes with it, too.
Body ▶ standard input; entries as JSON ▶ standard output, for only json writes half an emoji.
"""

import asyncio
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from channels.rss_entry import Entry
from channels.rss_http import NotRead

#: Of processor time. The largest feed that is read (4 MB) needs about four.
MOST_SECONDS = 30

_MOST_MEMORY = 1 << 30
_NO_FEED = 3


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the other process is to do."""

    body: bytes
    content_type: str
    feed: str
    most_entries: int
    most_seconds: int


async def entries_apart(
    body: bytes,
    headers: Mapping[str, str],
    feed: str,
    most_entries: int,
    *,
    most_seconds: int = MOST_SECONDS,
) -> list[Entry]:
    """The entries, oldest first; raises NotRead where there are none to be had."""
    job = _Job(
        body=body,
        content_type=headers.get("Content-Type", ""),
        feed=feed,
        most_entries=most_entries,
        most_seconds=most_seconds,
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "channels.rss_apart"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        told, _ = await process.communicate(msgspec.msgpack.encode(job))
    finally:
        with suppress(ProcessLookupError):  # it ended, as it does unless we are cancelled
            process.kill()
        await process.wait()
    if process.returncode == -signal.SIGXCPU:
        raise NotRead("the feed takes too long to read")
    if process.returncode == _NO_FEED:
        raise NotRead("what came is no feed")
    if process.returncode:
        raise NotRead(f"the feed cannot be read: {process.returncode}")
    return msgspec.convert(json.loads(told), list[Entry])


def _main() -> int:
    from channels.rss_feed import NoFeed, entries_of  # noqa: PLC0415 (feedparser, here alone)

    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Job)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    # What starting cost is not the feed's: on a slow machine it alone may be seconds.
    most_seconds = math.ceil(time.process_time()) + job.most_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds + 1))
    try:
        entries = entries_of(
            job.body, {"content-type": job.content_type}, job.feed, job.most_entries
        )
    except NoFeed:
        return _NO_FEED
    json.dump(msgspec.to_builtins(entries), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
