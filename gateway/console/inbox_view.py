"""What page Masuk shows, worked out for its template: tabs, chips, lists, what was done."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from gateway.board.filter import LISTS, Filter, read_filter
from gateway.console.frame import ROOT
from gateway.handling.deciding import Outcome
from normalizer.codes import read_case_code
from normalizer.wording import STATES

PATH = f"{ROOT}/inbox"
FLAGS = ("spam", "fraud", "promotion", "prank", "abuse")
LEVELS = ("any", "same", "related")
HOURS = (1, 24, 24 * 7, 24 * 30)
#: Of cases an act left alone, so many are named.
_MOST_NAMED = 8


class Chip(NamedTuple):
    """One thing a list is narrowed by, and where it goes without it."""

    kind: str
    value: str
    without: str


class Tab(NamedTuple):
    """A list most people want."""

    name: str
    query: str
    is_here: bool


class Told(NamedTuple):
    """What became of some cases."""

    outcome: str
    many: int
    codes: tuple[str, ...]


def filter_in(query: str) -> Filter:
    """The filter of an address's query; the usual one where nobody's list has so many fields."""
    try:
        return read_filter(parse_qs(query, max_num_fields=60))
    except ValueError:
        return Filter()


def address(query: str, **more: str) -> str:
    """The page with a filter's query and something beside it."""
    beside = urlencode({name: value for name, value in more.items() if value})
    both = "&".join(filter(None, (query, beside)))
    return f"{PATH}?{both}" if both else PATH


def tabs(wanted: Filter) -> list[Tab]:
    """The lists above the list; the one that is shown is marked."""
    known = {
        "waiting": Filter(),
        "emergency": Filter(urgency=("darurat",)),
        "unrouted": Filter(unrouted=True),
        "mine": Filter(stand="mine", order="newest"),
        "accepted": Filter(stand="accepted", order="newest"),
        "all": Filter(stand="all", order="newest"),
    }
    here = wanted.with_()
    return [Tab(name, one.query(), one == here) for name, one in known.items()]


def chips(wanted: Filter) -> Iterator[Chip]:
    """Everything the list is narrowed by, beside how it stands and is ordered."""
    for name in LISTS:
        values: Sequence[str] = getattr(wanted, name)
        for value in values:
            left = tuple(one for one in values if one != value)
            yield Chip(name, value, wanted.with_(**{name: left}).query())
    for name in ("place", "flag", "duplicates", "words", "cluster"):
        if value := getattr(wanted, name):
            yield Chip(name, value, wanted.with_(**{name: ""}).query())
    for name in ("within", "older", "below"):
        if number := getattr(wanted, name):
            yield Chip(name, str(number), wanted.with_(**{name: 0}).query())
    for name in ("unrouted", "incomplete"):
        if getattr(wanted, name):
            yield Chip(name, "1", wanted.with_(**{name: False}).query())
    if wanted.sender:
        yield Chip("sender", "", wanted.with_(sender=()).query())


def said_of(outcomes: Mapping[str, Outcome]) -> str:
    """What became of cases, by code, in one parameter of an address."""
    parts = []
    for outcome in Outcome:
        codes = [code for code, became in outcomes.items() if became == outcome]
        if codes:
            named = codes[:_MOST_NAMED] if outcome != Outcome.DONE or len(codes) == 1 else []
            parts.append(f"{outcome}.{len(codes)}.{'.'.join(named)}")
    return " ".join(parts)


def told_in(text: str) -> Iterator[Told]:
    """The same read back; what makes no sense is left out."""
    for part in text.split(" ")[: len(Outcome)]:
        outcome, _, rest = part.partition(".")
        count, _, named = rest.partition(".")
        if outcome in set(Outcome) and count.isdigit():
            codes = tuple(filter(None, map(read_case_code, named.split(".")[:_MOST_NAMED])))
            yield Told(outcome, int(count[:6]), codes)


def lists(channels: Sequence[str], topics: Sequence[str], agencies: Sequence[str]) -> Any:  # noqa: ANN401 (for a template)
    """What each list of the filter offers."""
    return {
        "channel": channels,
        "topic": topics,
        "agency": agencies,
        "urgency": ("darurat", "segera", "biasa"),
        "state": STATES,
        "flag": ("any", *FLAGS),
        "duplicates": LEVELS,
    }
