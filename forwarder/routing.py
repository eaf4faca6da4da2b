"""
Which central stores get a record: rules over what the record says, decided by one pure function.

A store without a rule gets every record. Of a rule each list that is not empty must name the
record's value; what the software could not decide is named by no list, so it goes to the stores
without a rule, of which there is always one. Whoever has had a record gets its later revisions,
also those its rule no longer names: see gateway/revise.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from normalizer.record import Record


class Only(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [central.<name>.only]: which records a store gets; an empty list names all."""

    types: tuple[str, ...] = ()
    #: A topic stands for those under it as well.
    topics: tuple[str, ...] = ()
    #: Kemendagri codes; each stands for everything within it.
    places: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()

    def named(self) -> str:
        """The rule for a person, such as "topics jalan, places 36.03"."""
        lists = msgspec.structs.asdict(self)
        return ", ".join(f"{name} {' '.join(some)}" for name, some in lists.items() if some)


ALL = Only()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The stores of a gateway by name, each with its rule."""

    stores: Mapping[str, Only]
    #: Those whose records are seen by everybody: nothing confidential begins there.
    public: frozenset[str] = frozenset()

    def of(self, record: Record) -> tuple[str, ...]:
        """The stores whose rules name this record."""
        return tuple(
            name
            for name, only in self.stores.items()
            if _lets(only, record) and not (record.confidential and name in self.public)
        )

    def __bool__(self) -> bool:
        return bool(self.stores)


def everything_to(*names: str) -> Routes:
    """Routes on which every record goes to every one of these stores."""
    return Routes(stores=dict.fromkeys(names, ALL))


NOWHERE = everything_to()


def _lets(only: Only, record: Record) -> bool:
    if only == ALL:
        return True
    place = record.place.code if record.place and record.place.code else ""
    return (
        _names(only.types, record.type.value)
        and _names(only.topics, record.topic.value)
        and _names(only.agencies, record.agency.value)
        and (not only.places or any(_within(place, wanted) for wanted in only.places))
    )


def _names(wanted: tuple[str, ...], value: str | None) -> bool:
    return not wanted or value in wanted


def _within(code: str, area: str) -> bool:
    return code == area or code.startswith(f"{area}.")
