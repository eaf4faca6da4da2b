"""
Services, requests and updates as rows of an answer.

A request tells what anybody may know of a case: topic, state, times, place. Never who complained,
nor what they wrote: it may name them or their neighbours. Of a case that is not public only the
state is told, and only to who knows its code.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from channels.contract import PublicCase, PublicStatus, Topic
from channels.open311_answer import Row, stamp
from channels.open311_options import Open311Options
from channels.open311_search import STATES

#: What was served last changed then.
CHANGESET = "2026-01-01T00:00:00Z"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"

_SHORT = 3
_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "diterima": "Laporan diterima",
        "diteruskan": "Laporan diteruskan ke instansi",
        "ditindaklanjuti": "Laporan sedang ditindaklanjuti",
        "selesai": "Laporan selesai",
        "diarsipkan": "Laporan diarsipkan tanpa tindak lanjut",
        "dibatalkan": "Laporan ditarik kembali oleh pelapor",
    }
)
# The words of the FixMyStreet extension.
_UPDATES: Mapping[str, str] = MappingProxyType(
    {
        "diterima": "open",
        "diteruskan": "investigating",
        "ditindaklanjuti": "in_progress",
        "selesai": "closed",
        "diarsipkan": "no_further_action",
        "dibatalkan": "closed",
    }
)


def discovery_row(options: Open311Options, url: str) -> Row:
    """Where this server is and what it speaks."""
    return {
        "changeset": CHANGESET,
        "contact": options.contact,
        "key_service": options.key_service,
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": url,
                "changeset": CHANGESET,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


def service_row(topic: Topic, kind: str) -> Row:
    """A topic as a service."""
    name = service_name(topic)
    return {
        "service_code": topic.code,
        "service_name": name,
        "description": f"Laporan tentang {name[0].lower()}{name[1:]}",
        "metadata": False,
        "type": kind,
        "keywords": ",".join(topic.keywords),
        "group": topic.name,
    }


def service_name(topic: Topic) -> str:
    """What people call it: "Lalu lintas", "PJU"."""
    words = topic.code.replace("_", " ")
    return words.upper() if len(words) <= _SHORT else words[:1].upper() + words[1:]


def case_row(case: PublicCase, names: Mapping[str, str]) -> Row:
    """A public case; `names` are those of the services by code."""
    row = status_row(case)
    topic = case.topic or ""
    return row | {
        "service_name": names.get(topic),
        "service_code": topic,
        "agency_responsible": case.agency,
        "address": case.place or None,
        "lat": case.point.lat if case.point else None,
        "long": case.point.lon if case.point else None,
    }


def status_row(status: PublicStatus) -> Row:
    """What the code of any case shows."""
    return {
        "service_request_id": status.case_code,
        "status": "closed" if status.state in STATES["closed"] else "open",
        "status_notes": _NOTES.get(status.state),
        "service_name": None,
        "service_code": "",
        "description": None,
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": stamp(status.received_at),
        "updated_datetime": stamp(status.updated_at),
        "expected_datetime": None,
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def update_rows(cases: Sequence[PublicCase]) -> list[Row]:
    """The newest change of each case, oldest first; its id is equal whenever it is asked for."""
    return [
        {
            "update_id": f"{case.case_code}-{case.state}",
            "service_request_id": case.case_code,
            "status": _UPDATES.get(case.state, "open"),
            "updated_datetime": stamp(case.updated_at),
            "description": _NOTES.get(case.state),
            "media_url": None,
        }
        for case in sorted(cases, key=lambda case: (case.updated_at, case.case_code))
    ]
