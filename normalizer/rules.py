"""
What an operator may edit about understanding and answering, read once and never changed.

`read_rules` takes the bytes of the files in config/ and gives `Rules`; the gateway reads them at
start and again on SIGHUP. A file that does not fit ends in a RulesError, one sentence that names
the file and the key, and the old rules stay in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from tomllib import TOMLDecodeError
from types import MappingProxyType
from typing import TypeVar

import msgspec

from normalizer.agencies import Agencies, AgenciesError, agencies_of
from normalizer.deadlines import Clock, DaysOff, DeadlinesError, DeadlinesFile
from normalizer.flags import FlagRules, FlagsFile, flag_rules
from normalizer.gazetteer import GazetteerError, area_of, check_table
from normalizer.model import Model, ModelError
from normalizer.places import Places
from normalizer.places_heard import Learned
from normalizer.places_streets import StreetsError, read_streets
from normalizer.shapes import (
    AbbreviationsFile,
    AgenciesFile,
    PlacesFile,
    TaxonomyFile,
)
from normalizer.taxonomy import Taxonomy, TaxonomyError, taxonomy_of
from normalizer.text_table import Abbreviations, abbreviations_of
from normalizer.toml_files import parsed
from normalizer.wording import Replies, hole_in

LANGUAGES = ("id", "en")
FILES = (
    "abbreviations.toml",
    "taxonomy.toml",
    "agencies.toml",
    "flags.toml",
    "places.toml",
    "places.csv",
    "deadlines.toml",
    *(f"replies/{language}.toml" for language in LANGUAGES),
)

#: Learned by `places learn`; read where it is there.
STREETS = "streets.json"
#: Learned by `train`: the model of each task that decides now, as "models/topic".
MODELS = "models/"

#: Hours ahead of UTC where nothing else is said.
WIB = 7

T = TypeVar("T")


class RulesError(Exception):
    """A file of rules cannot be used; the message names it and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything `normalize` and `phrase` know."""

    abbreviations: Abbreviations
    taxonomy: Taxonomy
    agencies: Agencies
    flags: FlagRules
    places: Places
    replies: Mapping[str, Replies]
    clock: Clock
    #: What was learned from officers' corrections, by task: type, topic, agency.
    models: Mapping[str, Model]


def read_rules(
    files: Mapping[str, bytes],
    tenant: str = "",
    *,
    utc_hours: int = WIB,
    days_off: DaysOff = lambda _: frozenset(),
) -> Rules:
    """
    Read the files by their names in `FILES`; raise RulesError where one does not fit.

    `tenant` is the code of the area this gateway serves, such as "36.03", or several with commas;
    empty: the country. `utc_hours` is how far its clock is ahead, `days_off` when nobody works.
    """
    taxonomy = _taxonomy(files)
    return Rules(
        abbreviations=_abbreviations(_decoded(files, "abbreviations.toml", AbbreviationsFile)),
        taxonomy=taxonomy,
        agencies=_agencies(files, taxonomy),
        flags=flag_rules(_decoded(files, "flags.toml", FlagsFile)),
        places=_places(files, tenant),
        replies=read_replies(files),
        clock=read_clock(files, utc_hours, days_off),
        models=MappingProxyType(_models(files)),
    )


def read_clock(files: Mapping[str, bytes], utc_hours: int, days_off: DaysOff) -> Clock:
    """The deadlines alone; RulesError where the file does not fit."""
    try:
        return Clock(_decoded(files, "deadlines.toml", DeadlinesFile), utc_hours, days_off)
    except DeadlinesError as exc:
        raise RulesError(f"deadlines.toml: {exc}.") from exc


def read_replies(files: Mapping[str, bytes]) -> Mapping[str, Replies]:
    """The sentences for citizens by language; raises RulesError where a file does not fit."""
    return MappingProxyType({language: _replies(files, language) for language in LANGUAGES})


def _decoded(files: Mapping[str, bytes], name: str, shape: type[T]) -> T:
    content = files.get(name)
    if content is None:
        raise RulesError(f"{name} is missing.")
    try:
        return msgspec.convert(parsed(content), shape)
    except (msgspec.ValidationError, UnicodeDecodeError, TOMLDecodeError) as exc:
        raise RulesError(f"{name}: {exc}.") from exc


def _models(files: Mapping[str, bytes]) -> dict[str, Model]:
    names = [name for name in files if name.startswith(MODELS)]
    try:
        return {name.removeprefix(MODELS): Model(files[name]) for name in names}
    except ModelError as exc:
        raise RulesError(f"{names[0]}: {exc}.") from exc


def _places(files: Mapping[str, bytes], tenant: str) -> Places:
    words_about_places = _decoded(files, "places.toml", PlacesFile)
    table = files.get("places.csv")
    if table is None:
        raise RulesError("places.csv is missing.")
    learned = files.get(STREETS)
    try:
        check_table(table)
        area = area_of(tenant)
        streets = read_streets(learned) if learned else None
    except (GazetteerError, StreetsError) as exc:
        raise RulesError(f"{exc}.") from exc
    return Places(
        table,
        frozenset(words_about_places.common),
        area,
        Learned.of(streets) if streets else None,
    )


def _taxonomy(files: Mapping[str, bytes]) -> Taxonomy:
    try:
        return taxonomy_of(_decoded(files, "taxonomy.toml", TaxonomyFile))
    except TaxonomyError as exc:
        raise RulesError(f"taxonomy.toml: {exc}.") from exc


def _agencies(files: Mapping[str, bytes], taxonomy: Taxonomy) -> Agencies:
    try:
        return agencies_of(_decoded(files, "agencies.toml", AgenciesFile), taxonomy)
    except AgenciesError as exc:
        raise RulesError(f"agencies.toml: {exc}.") from exc


def _abbreviations(file: AbbreviationsFile) -> Abbreviations:
    for table in ("address", "slashed", "words", "spoken"):
        for short, full in getattr(file, table).items():
            if short != short.lower() or not (full or table == "spoken"):
                where = f"{table}.{short}"
                raise RulesError(f"abbreviations.toml: {where} must be lower case and not empty.")
    for entry in file.meanings:
        if not entry.full or entry.short != entry.short.lower():
            where = f"meanings.{entry.short}"
            raise RulesError(f"abbreviations.toml: {where} must be lower case and not empty.")
    return abbreviations_of(file)


def _replies(files: Mapping[str, bytes], language: str) -> Replies:
    name = f"replies/{language}.toml"
    replies = _decoded(files, name, Replies)
    wrong = hole_in(replies)
    if wrong:
        raise RulesError(f"{name}: {wrong}.")
    return replies
