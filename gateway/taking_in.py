"""One channel at work: its own listener in every process that takes in, its questions in one."""

import asyncio
from functools import partial

from channels.contract import Channel, Inbox
from gateway.cluster import ALONE, Lead
from gateway.leading import while_leading


def pulling(channel: str) -> str:
    """The lease of who asks the provider of a channel."""
    return f"channel {channel}"


async def taking_in(
    channel: Channel, inbox: Inbox, *, lead: Lead = ALONE, fenced: Inbox | None = None
) -> None:
    """
    Until cancelled, or until there is nothing to do.

    What is pulled while we lead goes into `fenced`, which takes it only as long as we do.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(channel.listen(inbox))
        if channel.pulls():
            pull = partial(channel.pull, fenced or inbox)
            group.create_task(while_leading(lead, pull))
