"""
What a list is narrowed to and how it is ordered: a value that an address in the browser can hold.

Whatever the address says that makes no sense is left out, so an old bookmark shows a list and no
error. `clauses` turns it into conditions made of our own text alone; every value is a parameter.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import urlencode

import msgspec

from gateway.access.person import Person, Right
from gateway.board.glance import ACCEPTED, OVER, floor

Order = Literal["attention", "newest", "oldest", "due"]
#: Not decided by an officer yet, decided by one, by me; open or over; everything.
Stand = Literal["waiting", "accepted", "mine", "open", "closed", "all"]
ORDERS: tuple[Order, ...] = get_args(Order)
STANDS: tuple[Stand, ...] = get_args(Stand)
HOUR_MS = 3_600_000
_LONGEST = 200
_MOST_VALUES = 20
#: What may be one of several, each with the column it is about.
LISTS = ("channel", "state", "type", "topic", "agency", "urgency")
_AFTER = re.compile(r"[0-9]{1,18}\.[0-9]{1,18}")
# Where it may be missing, "-" asks for just that.
NONE = "-"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks: what they see of the board at all."""

    #: Empty: the whole office.
    agency: str = ""
    #: Their login, for what is theirs.
    who: str = ""
    #: Whether they may find what one person sent.
    may_identify: bool = False


def scope_of(person: Person) -> Scope:
    """What somebody who is signed in sees."""
    return Scope(agency=person.agency, who=person.login, may_identify=person.may(Right.REVEAL))


class Filter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a list shows; nothing given is everything that waits, who needs attention first."""

    channel: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    agency: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    #: The beginning of a Kemendagri code: a village, or all in a district.
    place: str = ""
    #: A kind of flag, or "any".
    flag: str = ""
    #: Received within so many hours, or before so many.
    within: int = 0
    older: int = 0
    #: The lowest confidence is below so many hundredths.
    below: int = 0
    unrouted: bool = False
    incomplete: bool = False
    #: "any", "same" or "related".
    duplicates: str = ""
    #: The record a cluster began with.
    cluster: str = ""
    #: Pseudonyms, of what one person sent.
    sender: tuple[str, ...] = ()
    stand: Stand = "waiting"
    words: str = ""
    order: Order = "attention"
    #: Where the page before ended.
    after: str = ""

    def query(self) -> str:
        """The address's query for it, without a question mark; empty for the usual list."""
        pairs = []
        for name, value in msgspec.to_builtins(self).items():
            values = value if isinstance(value, list | tuple) else [value]
            pairs += [(name, "1" if one is True else str(one)) for one in values]
        return urlencode(pairs)

    def with_(self, **changes: object) -> "Filter":
        """The same with changes, from the first page on."""
        return msgspec.structs.replace(self, **{"after": "", **changes})

    def is_usual(self) -> bool:
        """Whether nothing is narrowed; order and page do not count."""
        return self.with_(order="attention") == Filter()


def read_filter(query: Mapping[str, Sequence[str]]) -> Filter:
    """The filter an address stands for, by its query: every name with all its values."""
    first = {name: values[0].strip()[:_LONGEST] for name, values in query.items() if values}
    values: dict[str, object] = {
        name: tuple(dict.fromkeys(_texts(query.get(name, ())))) for name in (*LISTS, "sender")
    }
    for name in ("place", "flag", "duplicates", "cluster", "words"):
        values[name] = first.get(name, "")
    if _AFTER.fullmatch(after := first.get("after", "")):
        values["after"] = after
    for name in ("within", "older", "below"):
        values[name] = _number(first.get(name, ""))
    for name in ("unrouted", "incomplete"):
        values[name] = first.get(name) == "1"
    for name, possible in (("stand", STANDS), ("order", ORDERS)):
        if first.get(name) in possible:
            values[name] = first[name]
    return msgspec.convert(values, Filter)


# Each condition and the parameters it takes. How a record stands is told by its rank.
CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "scope": "b.agency = :scope",
        "place": "b.place like :place",
        "flag": "b.flags like :flag",
        "flag any": "b.flags <> ''",
        "within": "b.received_at >= :within",
        "older": "b.received_at < :older",
        "below": "b.least < :below",
        "unrouted": "b.unrouted = 1",
        "incomplete": "b.incomplete = 1",
        "duplicates": "b.relation = :duplicates",
        "duplicates any": "b.relation <> ''",
        "cluster": """b.number in (
            select r.number from records r where r.record_id in (
                select cast(:cluster as text) union all
                select c.cluster from clusters c where c.whole = :cluster)
            union all
            select m.number from board m where m.cluster in (
                select cast(:cluster as text) union all
                select c.cluster from clusters c where c.whole = :cluster))""",
        "sender": """b.number in (
            select r.number from records r where r.pseudonym {among:senders})""",
        "nothing": "1 = 0",
        "waiting": "b.rank < :until",
        "accepted": "b.rank >= :since and b.rank < :until and b.accepted_by is not null",
        "mine": "b.accepted_by = :who",
        "open": "b.rank < :until",
        "closed": "b.rank >= :since",
        **{name: f"b.{name} {{among:{name}}}" for name in LISTS},
        **{f"{name} none": f"b.{name} is null" for name in LISTS},
        **{f"{name} or none": f"(b.{name} is null or b.{name} {{among:{name}}})" for name in LISTS},
    }
)


def clauses(wanted: Filter, scope: Scope, now: int) -> tuple[list[str], dict[str, object]]:
    """The conditions of a filter, each a name in `CONDITIONS`, and their parameters."""
    found = [*_stands(wanted, scope), *_lists(wanted), *_others(wanted, now)]
    if wanted.sender and scope.may_identify:
        found.append(("sender", {"senders": list(wanted.sender)}))
    elif wanted.sender:
        found.append(("nothing", {}))
    if scope.agency:
        found.append(("scope", {"scope": scope.agency}))
    names = [name for name, _ in found]
    return names, {key: value for _, values in found for key, value in values.items()}


_Clause = tuple[str, dict[str, object]]


def _stands(wanted: Filter, scope: Scope) -> Iterator[_Clause]:
    accepted, over = floor(ACCEPTED), floor(OVER)
    bounds: dict[Stand, dict[str, object]] = {
        "waiting": {"until": accepted},
        "accepted": {"since": accepted, "until": over},
        "mine": {"who": scope.who},
        "open": {"until": over},
        "closed": {"since": over},
    }
    if wanted.stand in bounds:
        yield wanted.stand, bounds[wanted.stand]


def _lists(wanted: Filter) -> Iterator[_Clause]:
    for name in LISTS:
        values = list(getattr(wanted, name))
        named = [value for value in values if value != NONE]
        if values and not named:
            yield f"{name} none", {}
        elif values:
            yield (name if len(named) == len(values) else f"{name} or none"), {name: named}


def _others(wanted: Filter, now: int) -> Iterator[_Clause]:
    if wanted.place:
        yield "place", {"place": f"{_literal(wanted.place)}%"}
    if wanted.flag:
        yield from _any_or("flag", wanted.flag, f"% {_literal(wanted.flag)} %")
    if wanted.duplicates:
        yield from _any_or("duplicates", wanted.duplicates, wanted.duplicates)
    if wanted.cluster:
        yield "cluster", {"cluster": wanted.cluster}
    if wanted.within:
        yield "within", {"within": now - wanted.within * HOUR_MS}
    if wanted.older:
        yield "older", {"older": now - wanted.older * HOUR_MS}
    if wanted.below:
        yield "below", {"below": wanted.below}
    if wanted.unrouted:
        yield "unrouted", {}
    if wanted.incomplete:
        yield "incomplete", {}


def _any_or(name: str, value: str, parameter: str) -> Iterator[_Clause]:
    yield (f"{name} any", {}) if value == "any" else (name, {name: parameter})


def _literal(text: str) -> str:
    """Without the signs that stand for others in a pattern."""
    return text.replace("%", "").replace("_", "")


def _texts(values: Sequence[str]) -> list[str]:
    return [value[:_LONGEST] for value in values if value][:_MOST_VALUES]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0  # noqa: PLR2004
