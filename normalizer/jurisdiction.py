"""Where a report is, seen from the area this gateway serves: whose offices are meant there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from normalizer.agencies import Agencies, Office
from normalizer.gazetteer import (
    DISTRICT,
    PROVINCE,
    REGENCY,
    Area,
    Gazetteer,
    Number,
    district_of,
    lies_in,
    number_of,
    regency_of,
)
from normalizer.places import Located, Places
from normalizer.shapes import Layer

# The last four digits of a village's code: 1001 and on urban (kelurahan), 2001 and on rural (desa).
_RURAL = 2000
_REMEMBERED = 4_096
_NONE: frozenset[Layer] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """A place, the area served, and the names of both."""

    #: 0 where it is not known.
    place: Number
    #: The area served, empty for the country.
    served: Area
    #: Whether the place is known to lie outside the area served.
    abroad: bool
    #: The layers whose offices there are those of another government.
    foreign: frozenset[Layer]
    confidence: float
    #: The citizen's words that tell the place.
    why: tuple[str, ...]
    #: The names of places, read when first asked.
    names: Callable[[], Gazetteer]

    @classmethod
    def of(cls, located: Located | None, places: Places) -> "Jurisdiction":
        """The area of a report; one that was not located may be anywhere in the area served."""
        place = number_of(located.code) if located and located.code else 0
        served = places.area
        return cls(
            place=place,
            served=served,
            abroad=bool(place) and not any(_meet(place, whole) for whole in served or (0,)),
            foreign=_foreign(place, served) if place and served else _NONE,
            confidence=located.confidence if located else 0.0,
            why=located.why if located else (),
            names=lambda: places.gazetteer,
        )

    @property
    def known(self) -> Number:
        """The place, else the area served, where it is one."""
        return self.place or (self.served[0] if len(self.served) == 1 else 0)

    def name(self, office: Office, agencies: Agencies) -> str:
        """What an office is called here; elsewhere it is the government there."""
        if office.layer in self.foreign:
            return self.government(agencies, office.layer)
        return self._filled(office.name) if "{" in office.name else office.name

    def government(self, agencies: Agencies, layer: Layer) -> str:
        """The government of the place, of its province where no regency is known."""
        provincial = layer == "provinsi" or not regency_of(self.place)
        return self._filled(agencies.elsewhere["provinsi" if provincial else "kabupaten"])

    def _filled(self, name: str) -> str:
        return name.format_map(_holes(self.names(), self.place, self.known))


@lru_cache(maxsize=_REMEMBERED)
def _holes(names: Gazetteer, place: Number, known: Number) -> Mapping[str, str]:
    """What the names of offices there are filled with."""
    village = names.name(place) if place % DISTRICT else ""
    kind = "Desa" if place % DISTRICT > _RURAL else "Kelurahan"
    district = names.name(district_of(place)) if place % REGENCY else ""
    province = names.name(known - known % PROVINCE) if known else ""
    whole = province.startswith(("Daerah", "Provinsi"))
    regency = regency_of(known)
    return {
        "desa": f"{kind} {village}" if village else "desa atau kelurahan setempat",
        "kecamatan": f"Kecamatan {district}" if district else "Kecamatan setempat",
        "kabupaten": (regency and names.name(regency)) or "kabupaten atau kota setempat",
        "provinsi": province if whole else f"Provinsi {province}".rstrip(),
    }


def _meet(one: Number, other: Number) -> bool:
    return lies_in(one, other) or lies_in(other, one)


def _foreign(place: Number, served: Area) -> frozenset[Layer]:
    """Whose own the offices there are; a province has none of the layers below it."""
    layers: list[Layer] = []
    if regency_of(place) not in {0, *map(regency_of, served)}:
        layers += ["desa", "kabupaten"]
    if place // PROVINCE not in {whole // PROVINCE for whole in served}:
        layers += ["desa", "kabupaten", "provinsi"]
    return frozenset(layers)
