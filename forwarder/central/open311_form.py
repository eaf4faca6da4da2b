"""
A record as the form of a GeoReport v2 request; pure.

Nothing of an anonymous or confidential reporter goes there, and no photo of theirs: such lists are
public. Our mark stands at the end of the description; by it the request is found again where the
server does not say whether it has come.
"""

from collections.abc import Mapping

import msgspec

from forwarder.central.templates import address_of, filled, words_of
from normalizer.record import Record

LONGEST = 4000

Pairs = list[tuple[str, str]]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What is told beside the complaint itself."""

    #: Name and contact of reporters who are neither anonymous nor confidential.
    reporter: bool = False
    #: The office's own address, where a server insists on one.
    email: str = ""
    #: Where anybody may fetch a file, with {sha256}; empty: no file is named.
    media_url: str = ""
    #: What is told as address where the report tells none.
    no_address: str = ""


def form_of(
    record: Record, service_code: str, attributes: Mapping[str, str], share: Share
) -> Pairs:
    """The fields of a new request, but for api_key and jurisdiction."""
    pairs = [("service_code", service_code), *_location(record, share)]
    pairs.append(("description", described(record, record.text)))
    words = words_of(record)
    pairs += [(f"attribute[{code}]", filled(said, words)) for code, said in attributes.items()]
    reporter = record.reporter
    if share.reporter and is_open(record):
        first, _, last = (reporter.name or "").rpartition(" ")
        pairs += [("first_name", first or last), ("last_name", last if first else "")]
        contact = reporter.contact or ""
        pairs.append(("email" if "@" in contact else "phone", contact))
    if share.email and not any(name == "email" for name, _ in pairs):
        pairs.append(("email", share.email))
    if share.media_url and is_open(record) and record.attachments:
        sha256 = record.attachments[0].sha256
        pairs.append(("media_url", share.media_url.replace("{sha256}", sha256)))
    return [(name, value) for name, value in pairs if value]


def is_open(record: Record) -> bool:
    """Whether who reported it may be known at all."""
    return not (record.anonymous or record.confidential)


def mark_of(case_code: str) -> str:
    """What marks a request as ours."""
    return f"[LAPOR {case_code}]"


def described(record: Record, words: str) -> str:
    """Words with our mark, not longer than the standard allows."""
    mark = f"\n\n{mark_of(record.case_code)}"
    return words[: LONGEST - len(mark)].rstrip() + mark


def _location(record: Record, share: Share) -> Pairs:
    address = address_of(record)
    if record.point:
        point = [("lat", f"{record.point.lat:.6f}"), ("long", f"{record.point.lon:.6f}")]
        return [*point, ("address_string", address)]
    return [("address_string", address or share.no_address)]
