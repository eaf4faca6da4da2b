"""
Where a report is about: the village, district or regency its words mean, or who it may be.

Names are found (places_names), what speaks for each candidate is gathered (places_evidence) and
weighed (places_weights). A place is told only where it is likely enough, at the smallest level that
is: a village, else its district, else a regency or province that was named. Otherwise the likely
ones are candidates, for the question to the citizen, and no code is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp

from normalizer.gazetteer import (
    DISTRICT,
    Area,
    Gazetteer,
    Level,
    Number,
    code_of,
    level_of,
    lies_in,
    read_gazetteer,
)
from normalizer.places_evidence import weigh_up
from normalizer.places_heard import Evidence, Learned
from normalizer.places_meaning import Mention, Named
from normalizer.places_names import MOST_NAMESAKES, Names
from normalizer.places_parts import NO_PARTS, Parts, point_in, small_parts
from normalizer.places_weights import LEARNED, RULES, Weights
from normalizer.places_words import cut

VERSION = "2"
# A mail may hold megabytes; it says where in its first pages.
_READ = 6_000
_LEAST_CANDIDATE = 0.08
_SURE_CUE, _BARE_NAME = 0.97, 0.9
_MOST_WHY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place the words may mean."""

    code: str
    name: str
    level: Level
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What was found: no code where the words do not tell it well enough."""

    code: str | None = None
    #: With what it lies in: "Sukamulya, Cikupa, Kabupaten Tangerang".
    name: str = ""
    level: Level | None = None
    confidence: float = 0.0
    #: The likely ones where no village was told, the likeliest first.
    candidates: tuple[Candidate, ...] = ()
    #: The citizen's words that led to it.
    why: tuple[str, ...] = ()
    parts: Parts = NO_PARTS
    #: Latitude and longitude.
    point: tuple[float, float] | None = None
    learned: bool = False


class Places:
    """Everything that is known about places; the table is read when first asked."""

    def __init__(
        self,
        table: bytes,
        common: frozenset[str] = frozenset(),
        area: Area = (),
        learned: Learned | None = None,
    ) -> None:
        """Take a table that `check_table` has seen, and the area this gateway serves."""
        self._table = table
        self.common = common
        self.area = area
        self.learned = learned

    @cached_property
    def names(self) -> Names:
        """The table, read."""
        return Names(read_gazetteer(self._table), self.common, self.area)

    @property
    def gazetteer(self) -> Gazetteer:
        """All places."""
        return self.names.gazetteer

    def called(self) -> str:
        """What is known, in words for a person: how many places, whose area, what was learned."""
        parts = [f"{len(self.gazetteer)} places"]
        if self.area:
            own = sum(len(self.gazetteer.within(whole)) for whole in self.area)
            names = "; ".join(self.gazetteer.called(whole) or code_of(whole) for whole in self.area)
            parts.append(f"{own} of them in {names}")
        parts.append(self.learned.streets.called() if self.learned else "no streets learned")
        return ", ".join(parts)

    def lacks(self) -> Area:
        """The tenant's places without any place in them: the table is of another area."""
        table = self.gazetteer
        village = {whole for whole in self.area if whole % DISTRICT and table.name(whole)}
        return tuple(n for n in self.area if not table.within(n) and n not in village)


def locate(text: str, address: str, places: Places) -> Located:
    """Find where a report is about; `address` is what the citizen gave apart, often empty."""
    text, address = text[:_READ], address[:_READ]
    said = cut(address, text)
    named = places.names.find_in(said)
    weights = LEARNED if places.learned else RULES
    found = weigh_up(said, named, area=places.area, learned=places.learned)
    likely = _probabilities(found, weights) if len(found) > 1 else {}
    both = f"{address}\n{text}" if address else text
    return _told(
        likely, named, places, weights, parts=small_parts(both, said), point=point_in(both)
    )


def _probabilities(found: Mapping[Number, Evidence], weights: Weights) -> dict[Number, float]:
    of = weights.of
    sums = {
        number: sum(of.get(name, 0.0) * value for name, value in evidence.items())
        for number, evidence in found.items()
    }
    highest = max(sums.values())
    raised = {number: exp(total - highest) for number, total in sums.items()}
    whole = sum(raised.values())
    return {number: value / whole for number, value in raised.items()}


def _told(  # noqa: PLR0913 (all that was found)
    likely: Mapping[Number, float],
    named: Named,
    places: Places,
    weights: Weights,
    *,
    parts: Parts,
    point: tuple[float, float] | None,
) -> Located:
    number, confidence = _best(likely, weights)
    if not number:
        number, confidence = _regency(named)
    ambiguous = _ambiguous(likely, named, number)
    return Located(
        code=code_of(number) if number else None,
        name=places.gazetteer.called(number) if number else "",
        level=level_of(number) if number else None,
        confidence=round(confidence, 3),
        candidates=tuple(
            Candidate(
                code=code_of(each),
                name=places.gazetteer.called(each),
                level=level_of(each),
                confidence=round(likely.get(each, 0.0), 3),
            )
            for each in ambiguous
        ),
        why=_why(named, number or (ambiguous[0] if ambiguous else 0)),
        parts=parts,
        point=point,
        learned=places.learned is not None,
    )


def _best(likely: Mapping[Number, float], weights: Weights) -> tuple[Number, float]:
    """The village that is likely enough, else the district, villages in it included."""
    villages = [number for number in likely if number % DISTRICT]
    village = max(villages, key=lambda number: likely[number], default=0)
    if village and likely[village] >= weights.village_limit:
        return village, likely[village]
    districts: dict[Number, float] = {}
    for number, probability in likely.items():
        if number:
            district = number - number % DISTRICT
            districts[district] = districts.get(district, 0.0) + probability
    district = max(districts, key=lambda number: districts[number], default=0)
    if district and districts[district] >= weights.district_limit:
        return district, districts[district]
    return 0, 0.0


def _regency(named: Named) -> tuple[Number, float]:
    """The one regency, city or province that was named."""
    certain = [mention for mention in named.large if len(mention.numbers) == 1]
    if not certain or len(certain) < len({m.numbers for m in named.large}):
        return 0, 0.0
    smallest = max({m.numbers[0] for m in certain}, key=lambda number: number % 10**8 > 0)
    if any(not lies_in(smallest, m.numbers[0]) for m in certain):
        return 0, 0.0
    announced = any(m.cue in ("regency", "province") for m in certain)
    return smallest, _SURE_CUE if announced else _BARE_NAME


def _ambiguous(likely: Mapping[Number, float], named: Named, told: Number) -> tuple[Number, ...]:
    """What may be meant below what was told."""
    if told % DISTRICT:
        return ()
    spoken_of = {number for mention in named.small for number in mention.numbers}
    small = [
        number
        for number, probability in likely.items()
        if number
        and number != told
        and lies_in(number, told)
        and probability >= _LEAST_CANDIDATE
        and (number % DISTRICT or number in spoken_of)
    ]
    if small:
        return tuple(sorted(small, key=lambda number: (-likely[number], number))[:MOST_NAMESAKES])
    large = [number for mention in named.large for number in mention.numbers]
    return () if told else tuple(dict.fromkeys(large))[:MOST_NAMESAKES]


def _why(named: Named, number: Number) -> tuple[str, ...]:
    speaking = [mention for mention in (*named.small, *named.large) if _speaks(mention, number)]
    return tuple(dict.fromkeys(mention.words for mention in speaking))[:_MOST_WHY]


def _speaks(mention: Mention, number: Number) -> bool:
    return any(lies_in(number, each) or lies_in(each, number) for each in mention.numbers if number)
