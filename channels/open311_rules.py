"""
What a client has to get right: every fault of a request at once, each in the specification's code.

A description names the field and never repeats what stood in it.
"""

from collections.abc import Collection, Iterator
from http import HTTPStatus

from channels.open311_answer import Fault
from channels.open311_fields import Pairs, degrees, first


def faults_of(pairs: Pairs, *, services: Collection[str], jurisdiction: str) -> list[Fault]:
    """Everything that is wrong with a new request; nothing where it can be taken."""
    return [
        *unknown_jurisdiction(pairs, jurisdiction),
        *_service(first(pairs, "service_code"), services),
        *_location(pairs),
    ]


def unknown_jurisdiction(pairs: Pairs, ours: str) -> Iterator[Fault]:
    """The one id we serve may be left out, but another one is somebody else's."""
    asked = first(pairs, "jurisdiction_id")
    if ours and asked and asked != ours:
        yield Fault(code=HTTPStatus.NOT_FOUND, description="jurisdiction_id was not found")


def _service(code: str, services: Collection[str]) -> Iterator[Fault]:
    if not code:
        yield Fault(code=HTTPStatus.BAD_REQUEST, description="service_code was not provided")
    elif code not in services:
        yield Fault(code=HTTPStatus.NOT_FOUND, description="service_code was not found")


def _location(pairs: Pairs) -> Iterator[Fault]:
    lat, long = first(pairs, "lat"), first(pairs, "long")
    if lat or long:
        yield from (_bad(why) for why in _bad_point(lat, long))
    elif not (first(pairs, "address_string") or first(pairs, "address_id")):
        yield _bad("No location: expected lat and long, address_string or address_id")


def _bad_point(lat: str, long: str) -> Iterator[str]:
    if not (lat and long):
        yield "lat and long belong together"
        return
    north, east = degrees(lat, 90), degrees(long, 180)
    if north is None and degrees(lat, 180) is not None and degrees(long, 90) is not None:
        yield "lat is out of range: lat and long seem to be swapped"
        return
    if north is None:
        yield "lat must be decimal degrees from -90 to 90, with a point"
    if east is None:
        yield "long must be decimal degrees from -180 to 180, with a point"
    if north == 0 and east == 0:
        yield "lat and long are 0: the position is not known"


def _bad(why: str) -> Fault:
    return Fault(code=HTTPStatus.BAD_REQUEST, description=why)
