"""
LINE's webhooks: one POST into its events, each a webhook of its own with the bytes it came in.

A message's key is the message id, so that an unsend can name it; other events have their
webhookEventId. Both stay the same when LINE delivers again.
"""

from collections.abc import Iterator

import msgspec

from channels.contract import Delivery
from channels.webhooks import decode, digest


class _Batch(msgspec.Struct, rename="camel", frozen=True):
    events: list[msgspec.Raw]
    destination: str = ""


class _Keyed(msgspec.Struct, rename="camel", frozen=True):
    webhook_event_id: str = ""
    message: msgspec.Raw = msgspec.Raw(b"{}")


class _Named(msgspec.Struct, rename="camel", frozen=True):
    id: str = ""


def split(body: bytes) -> list[Delivery]:
    """Each event alone; a body that is no webhook is kept as it is, for a person to look at."""
    try:
        batch = decode(body, _Batch)
    except ValueError:
        return [Delivery(external_id=digest(body), payload=body)]
    return list(_deliveries(batch))


def _deliveries(batch: _Batch) -> Iterator[Delivery]:
    for event in batch.events:
        alone = {"destination": batch.destination, "events": [event]}
        yield Delivery(external_id=_key(bytes(event)), payload=msgspec.json.encode(alone))


def _key(event: bytes) -> str:
    try:
        keyed = decode(event, _Keyed)
    except ValueError:
        return digest(event)
    try:
        named = decode(bytes(keyed.message), _Named)
    except ValueError:
        named = _Named()
    return named.id or keyed.webhook_event_id or digest(event)
