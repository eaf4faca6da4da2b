"""
Getting the files a provider still holds: each is an outbox row of its own.

So the words never wait for a photograph, a file that does not come is tried again in any weather,
and one that never comes is told in a remark. What arrived becomes one revision more of its record.
"""

import zlib
from collections.abc import Mapping, Sequence

import msgspec

from channels.contract import (
    Channel,
    Outcome,
    Point,
    Receipt,
    Refused,
    RemoteFile,
    TooLarge,
    TryLater,
    Uncertain,
)
from forwarder.item import Item
from forwarder.outbox import Entry
from forwarder.target import Target
from gateway.files import LEFT_OUT, Files, Kept
from gateway.images import WITH_METADATA
from gateway.turn import Fetch
from normalizer.privacy_hidden import hidden_file, hidden_remarks, is_erased
from normalizer.record import MapPoint, Record

KIND = "file"
MEDIA = "media:"
# A name for the officer; what is longer was made to be looked at by nobody.
MOST_NAME = 80
# More than are under way between a fetch and the commit that mentions it.
REMEMBERED = 1_000


def wanted(fetches: Sequence[Fetch], now: int) -> list[Entry]:
    """The outbox rows that get files of messages."""
    return [
        Entry(
            record_id=fetch.record_id,
            kind=KIND,
            revision=_number(fetch.file),
            target=f"{MEDIA}{fetch.channel}",
            # One file that does not come must hold up no other.
            lane=f"{fetch.record_id} {_number(fetch.file)}",
            body=msgspec.json.encode(fetch.file),
            due=now,
        )
        for fetch in fetches
    ]


class Fetching:
    """Fetches for one channel and remembers what came until it is written down."""

    def __init__(self, channel: Channel, files: Files) -> None:
        self._channel = channel
        self._files = files
        #: By outbox row; the oldest are forgotten, for they were written down long ago.
        self._kept: dict[int, Kept] = {}

    def target(self) -> Target:
        """Where the outbox sends its rows of this channel."""
        return Target(name=f"{MEDIA}{self._channel.name}", deliver=self._deliver, resend=True)

    def kept(self, item: Item) -> Kept | None:
        """What came of a row, also when writing it down is tried again."""
        return self._kept.get(item.id)

    async def _deliver(self, items: Sequence[Item]) -> Sequence[Outcome]:
        return [await self._fetch(item) for item in items]

    async def _fetch(self, item: Item) -> Outcome:
        file = msgspec.json.decode(item.body, type=RemoteFile)
        while len(self._kept) > REMEMBERED:
            del self._kept[next(iter(self._kept))]
        sink = self._files.sink()
        try:
            outcome = await self._channel.fetch(file, sink)
            if isinstance(outcome, Receipt):
                claimed = file.media_type or outcome.reference
                self._kept[item.id] = await sink.finish(file.name, claimed)
                return Receipt(reference="fetched")
        except TooLarge:
            outcome = Refused(reason="too large")
        finally:
            sink.abandon()
        if isinstance(outcome, Refused):
            # Nothing a person could retry: the record tells what is missing, and that is the end.
            self._kept[item.id] = Kept(file=None, remarks=(_missing(file, outcome.reason),))
            return Receipt(reference=f"not fetched: {outcome.reason}")
        # Fetching changes nothing over there, so doubt is no reason to ask a person.
        return TryLater(reason=outcome.reason) if isinstance(outcome, Uncertain) else outcome


def attached(record: Record, kept: Kept) -> Record:
    """The record with a file that came, or with a word about one that did not."""
    if is_erased(record):
        return record  # it came too late
    if record.anonymous:
        kept = _namelessly(kept, len(record.attachments) + 1)
    remarks = (
        *record.remarks,
        *(remark for remark in kept.remarks if remark not in record.remarks),
    )
    known = {file.sha256 for file in record.attachments}
    files = (kept.file,) if kept.file and kept.file.sha256 not in known else ()
    return msgspec.structs.replace(
        record,
        attachments=(*record.attachments, *files),
        point=record.point or _point(kept.point),
        remarks=remarks,
    )


def fetchings(channels: Mapping[str, Channel], files: Files) -> dict[str, Fetching]:
    """One for each channel whose messages name files."""
    return {
        f"{MEDIA}{name}": Fetching(channel, files)
        for name, channel in channels.items()
        if channel.fetches
    }


def _namelessly(kept: Kept, number: int) -> Kept:
    """A file of somebody anonymous: no name of theirs, and not where it was taken."""
    if any(WITH_METADATA in remark for remark in kept.remarks):
        return Kept(file=None, remarks=(LEFT_OUT,))
    file = hidden_file(kept.file, number) if kept.file else None
    return Kept(file=file, remarks=hidden_remarks(kept.remarks))


def _number(file: RemoteFile) -> int:
    """A number for a file that is the same whenever its message is read."""
    return zlib.crc32(file.key.encode("utf-8", "surrogatepass")) >> 1


def _missing(file: RemoteFile, reason: str) -> str:
    name = "".join(filter(str.isprintable, file.name or file.media_type or "a file"))[:MOST_NAME]
    return f"file not fetched: {name}: {reason}"


def _point(point: Point | None) -> MapPoint | None:
    return MapPoint(lat=point.lat, lon=point.lon) if point else None
