"""The X channel in its tests: its settings for the stand-in, its routes, its reading."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
from doors import Site
from x_server import ACCESS_SECRET, ACCESS_TOKEN, BEARER, CONSUMER_KEY, CONSUMER_SECRET, FakeX

from channels.contract import InboundMessage, Parsed, Secret, Signal
from channels.x import X
from channels.x_money import READS, Ledger
from channels.x_options import Rule, XOptions

KEY = bytes(range(32))
# Twenty seconds and more: other things may run on this machine.
LOOKS, PAUSE = 12_000, 0.005


def options_for(x: FakeX, **more: Any) -> XOptions:  # noqa: ANN401 (options)
    """Every key, and no waiting."""
    told: dict[str, Any] = {
        "bearer_token": Secret(BEARER),
        "consumer_key": Secret(CONSUMER_KEY),
        "consumer_secret": Secret(CONSUMER_SECRET),
        "access_token": Secret(ACCESS_TOKEN),
        "access_token_secret": Secret(ACCESS_SECRET),
        "mentions_every": 0.01,
        "probe": 0.01,
        "api_url": x.url,
        "media_url": x.url,
    }
    return XOptions(**(told | more))


def opened(x: FakeX, clock: Callable[[], float] = time.time, **more: Any) -> X:  # noqa: ANN401 (options)
    """The channel, pointed at the stand-in."""
    return X(options_for(x, **more), KEY, clock)


def rule(name: str = "banjir", **more: Any) -> Rule:  # noqa: ANN401 (options)
    """A rule that looks for its own name all the time."""
    told: dict[str, Any] = {"name": name, "query": name, "every": 0.01}
    return Rule(**(told | more))


async def until_stored(site: Site, count: int) -> list[str]:
    """Wait until the journal holds so many rows; gives their ids."""
    for _ in range(LOOKS):
        ids = await site.external_ids()
        if len(ids) >= count:
            return ids
        await asyncio.sleep(PAUSE)
    raise AssertionError(f"{count} rows do not come, only {len(ids)}")


async def until_told(site: Site, true: Callable[[Ledger], bool]) -> Ledger:
    """Wait until the cursor says so."""
    for _ in range(LOOKS):
        ledger = await ledger_of(site)
        if true(ledger):
            return ledger
        await asyncio.sleep(PAUSE)
    raise AssertionError(f"the cursor never says so: {ledger}")


async def until_troubles(site: Site, count: int) -> None:
    """Wait until the channel has spoken of its trouble so many times."""
    for _ in range(LOOKS):
        if len(site.troubles) >= count:
            return
        await asyncio.sleep(PAUSE)
    raise AssertionError(f"{count} troubles do not come, only {site.troubles}")


async def ledger_of(site: Site) -> Ledger:
    """How far X was read and what it cost, as stored."""
    return msgspec.json.decode(await site.inbox.cursor(READS) or "{}", type=Ledger)


async def said(channel: X, site: Site) -> list[Parsed]:
    """What every row of the journal means."""
    return [channel.parse(payload) for payload in await site.payloads()]


def texts(parsed: list[Parsed]) -> list[str]:
    """The words of messages and signals."""
    return [one.text for one in parsed if isinstance(one, InboundMessage | Signal)]


def event(post: dict[str, Any], account: str) -> bytes:
    """A post of the stand-in, as the Account Activity API would push it."""
    mentions = [
        {"id_str": one["id"], "screen_name": one["username"]}
        for one in post.get("entities", {}).get("mentions", ())
    ]
    pushed = {
        "id_str": post["id"],
        "text": post["text"],
        "timestamp_ms": "1795255200000",
        "user": {"id_str": post["author_id"], "name": "Warga", "screen_name": "warga"},
        "entities": {"user_mentions": mentions},
    }
    return json.dumps({"for_user_id": account, "tweet_create_events": [pushed]}).encode()
