"""From settings to the routes of records: a topic in a rule stands for those under it as well."""

from collections.abc import Iterator, Mapping

import msgspec

from forwarder.central.handoff import HandoffOptions
from forwarder.routing import Only, Routes
from gateway.config_files import find_config_file
from gateway.decode import Decoder, read_toml
from gateway.secrets import Secrets
from gateway.settings import Settings
from normalizer.shapes import TaxonomyFile


def build_routes(settings: Settings) -> Routes:
    """Which store gets which records."""
    rules = {name: chosen.only for name, chosen in settings.centrals.items()}
    public = frozenset(name for name, chosen in settings.centrals.items() if chosen.kind.public)
    if any(only.topics for only in rules.values()):
        taxonomy = read_taxonomy(settings)
        rules = {name: _grown(only, taxonomy) for name, only in rules.items()}
    return Routes(stores=rules, public=public)


def tracking_forms(settings: Settings) -> Mapping[str, str]:
    """What tracking ids look like, for each store an officer carries records to by hand."""
    return {
        name: chosen.options.tracking_id
        for name, chosen in settings.centrals.items()
        if isinstance(chosen.options, HandoffOptions)
    }


def categories_of(taxonomy: TaxonomyFile) -> Mapping[str, str]:
    """What topics are called in the national category tree: branch and topic."""
    groups = {topic.name: topic.group for topic in taxonomy.topics}
    return {
        topic.name: f"{topic.group or groups.get(topic.under, '')} / {topic.title}"
        for topic in taxonomy.topics
    }


def read_taxonomy(settings: Settings) -> TaxonomyFile:
    """The types and topics there are."""
    file = find_config_file(settings.config_dir, "taxonomy.toml")
    return Decoder(file, Secrets({})).section(read_toml(file), TaxonomyFile)


def strange_words(only: Only, taxonomy: TaxonomyFile) -> Iterator[str]:
    """The types and topics of a rule that no record will ever have."""
    known = {topic.name for topic in taxonomy.topics} | {kind.name for kind in taxonomy.types}
    yield from (word for word in (*only.types, *only.topics) if word not in known)


def _grown(only: Only, taxonomy: TaxonomyFile) -> Only:
    below = [topic.name for topic in taxonomy.topics if topic.under in only.topics]
    return msgspec.structs.replace(only, topics=(*only.topics, *below))
