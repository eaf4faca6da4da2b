"""Where a person can be told something: where they wrote, or else where they left an address."""

from collections.abc import Mapping
from dataclasses import dataclass

from channels.contract import Channel
from gateway.back.people import Person
from gateway.naming import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a notice may go."""

    channel: str
    to: str
    #: When the provider stops letting us answer there; None: it never does.
    closes: int | None = None


def way_to(
    channels: Mapping[str, Channel], person: Person, now: int
) -> tuple[Way | None, Way | None]:
    """The way a person is to be told by now, and what else there is where that one closes."""
    way, other = _own_way(channels, person), _other_way(channels, person)
    if way is None or (way.closes and way.closes <= now):
        way = other or way
    return way, other


def _own_way(channels: Mapping[str, Channel], person: Person) -> Way | None:
    channel = channels.get(person.channel)
    if channel is None or person.return_address is None:
        return None
    closes = channel.open_until(moment(person.heard_at))
    at = int(closes.timestamp() * 1000) if closes else None
    return Way(channel=person.channel, to=person.return_address, closes=at)


def _other_way(channels: Mapping[str, Channel], person: Person) -> Way | None:
    """Where else they left an address of theirs."""
    for name, channel in channels.items():
        if person.contact and name != person.channel and not channel.keeps():
            to = channel.reach(person.contact)
            if to:
                return Way(channel=name, to=to)
    return None
