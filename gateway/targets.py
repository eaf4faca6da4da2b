"""
Where the outbox's rows go: every central store, every channel, the files of channels that fetch.

Each is measured, and what a provider says about its channel as a whole is noted as a trouble.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from channels.contract import Channel, Outcome, Receipt, Refused, Reply, TryLater, Uncertain
from forwarder.central.contract import Central
from forwarder.item import Item
from forwarder.target import Target, to_central, to_channel
from gateway.clock import now_ms
from gateway.fetching import MEDIA, Fetching
from gateway.metrics import Metrics
from gateway.naming import moment
from gateway.troubles import Troubles

#: What each outcome is called in the metrics.
OUTCOMES = {Receipt: "delivered", TryLater: "later", Refused: "refused", Uncertain: "uncertain"}


def build_targets(
    centrals: Mapping[str, Central],
    channels: Mapping[str, Channel],
    files: Mapping[str, Fetching],
    *,
    metrics: Metrics,
    troubles: Troubles,
) -> list[Target]:
    """All of them; `files` by the name of their target."""
    stores = [to_central(central) for central in centrals.values() if not central.by_hand]
    doors = [_watched(_door(name, channel), name, troubles) for name, channel in channels.items()]
    media = [
        _watched(fetching.target(), target.removeprefix(MEDIA), troubles)
        for target, fetching in files.items()
    ]
    return [_measured(target, metrics) for target in stores + doors + media]


def _measured(target: Target, metrics: Metrics) -> Target:
    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        began = time.perf_counter()
        outcomes = await target.deliver(items)
        seconds = time.perf_counter() - began
        for kind, count in Counter(map(type, outcomes)).items():
            metrics.delivered(target.name, OUTCOMES[kind], seconds, count)
        return outcomes

    return replace(target, deliver=deliver)


def _door(name: str, channel: Channel) -> Target:
    return to_channel(name, _replier(channel), channel.keeps, resend=channel.idempotent)


def _watched(target: Target, channel: str, troubles: Troubles) -> Target:
    """What a provider says about the channel as a whole is noted, and taken back by a success."""
    noted = False

    async def deliver(items: Sequence[Item]) -> Sequence[Outcome]:
        nonlocal noted
        outcomes = await target.deliver(items)
        for outcome in outcomes:
            if isinstance(outcome, TryLater) and outcome.trouble:
                noted = True
                troubles.note(channel, outcome.trouble, outcome.reason)
            elif noted and isinstance(outcome, Receipt):
                noted = False
                troubles.note(channel, None)
        return outcomes

    return replace(target, deliver=deliver)


def _replier(channel: Channel) -> Callable[[Item], Awaitable[Outcome]]:
    decoder = msgspec.json.Decoder(Reply)

    async def reply(item: Item) -> Outcome:
        return await channel.reply(replace(decoder.decode(item.body), now=moment(now_ms())))

    return reply
