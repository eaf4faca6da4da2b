"""What an address of *Ikhtisar* asks for, and what values are called there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from aiohttp import web

from gateway.console.frame import ROOT, office_of, sentences_of
from gateway.console.office import Office
from gateway.console.place_names import read_place_names
from gateway.figures.folding import Kind
from gateway.figures.periods import (
    Against,
    Name,
    Period,
    compared,
    named,
    read_against,
    read_period,
)
from gateway.figures.reading import REST
from gateway.naming import moment

PATH = f"{ROOT}/insights"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A period, and what it is compared with."""

    today: date
    period: Period
    against: Against

    @property
    def compared(self) -> Period:
        """The other period."""
        return compared(self.period, self.against)

    def address(
        self, name: Name | None = None, *, against: Against | None = None, file: str = ""
    ) -> str:
        """The page, or a file of it, for this or a named period."""
        period = named(name, self.today) if name else self.period
        query = period.query()
        if (against or self.against) == "year":
            query["against"] = "year"
        return f"{PATH}{'/' if file else ''}{file}?{urlencode(query)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What topics, channels and places are called."""

    office: Office
    places: Mapping[str, str]

    def name(self, request: web.Request, kind: Kind, value: str) -> str:
        """In the reader's language."""
        words = sentences_of(request)
        if value == REST:
            return str(words["insights"]["rest"])
        if not value:
            return str(words["insights"]["without"][kind])
        if kind == "channel":
            return str(words["values"]["channel"].get(value, value))
        known = {"topic": self.office.topics, "place": self.places}.get(kind, {})
        return known.get(value, value)


def names_of(office: Office) -> Names:
    """The names a gateway knows."""
    return Names(office=office, places=read_place_names(office.parts.settings))


def asked_in(request: web.Request) -> Asked:
    """What this address asks for."""
    office = office_of(request)
    today = moment(office.clock()).astimezone(office.zone).date()
    return Asked(
        today=today,
        period=read_period(request.query, today),
        against=read_against(request.query),
    )
