"""The part of the composition the thinking process needs too: channels, rules, recorder."""

from functools import lru_cache

from channels.contract import Channel, Topic
from channels.registry import CHANNELS
from gateway.build_routes import build_routes, read_taxonomy
from gateway.codes import CaseCodes
from gateway.config_files import config_files, learned_files
from gateway.craft import Craft
from gateway.days_off import days_off
from gateway.errors import SettingsError
from gateway.file_places import FOLDER
from gateway.files import Files
from gateway.ministry import Ministry
from gateway.reading import Reader
from gateway.recording import Recorder
from gateway.settings import Settings
from gateway.turn import CHATS, Manners
from gateway.vault import Vault
from normalizer.deadlines import Clock
from normalizer.rules import Rules, RulesError, read_clock, read_rules

# What a directory of services shows of a topic's words.
MOST_KEYWORDS = 8


def build_craft(settings: Settings, key: bytes) -> Craft:
    """What reads and composes; `key` is the gateway key."""
    vault = Vault(key)
    channels = build_channels(settings, vault)
    return Craft(Reader(channels, vault), build_recorder(settings, vault))


def build_channels(settings: Settings, vault: Vault) -> dict[str, Channel]:
    """The channels that are switched on, each with a key of its own."""
    return {
        kind.name: kind(settings.channels[kind.name], vault.derive(f"channel {kind.name}"))
        for kind in CHANNELS
        if kind.name in settings.channels
    }


def build_rules(settings: Settings) -> Rules:
    """What config/ and the learned files say; SettingsError names the file that does not fit."""
    files = {**config_files(settings.config_dir), **learned_files(settings.data_dir)}
    try:
        return _rules_of(tuple(files.items()), settings.tenant.area, settings.tenant.utc_hours)
    except RulesError as exc:
        raise SettingsError(str(exc)) from exc


# A reload reads them twice, to look and then to use; often nothing in them has changed at all.
@lru_cache(maxsize=1)
def _rules_of(files: tuple[tuple[str, bytes], ...], area: str, utc_hours: int) -> Rules:
    return read_rules(dict(files), area, utc_hours=utc_hours, days_off=days_off)


def build_clock(settings: Settings) -> Clock:
    """The office's deadlines."""
    try:
        return read_clock(config_files(settings.config_dir), settings.tenant.utc_hours, days_off)
    except RulesError as exc:
        raise SettingsError(str(exc)) from exc


def read_topics(settings: Settings) -> tuple[Topic, ...]:
    """The kinds of complaint, as channels may offer them to apps."""
    taxonomy = read_taxonomy(settings)
    groups = {topic.name: topic.group for topic in taxonomy.topics}
    return tuple(
        Topic(
            code=topic.name,
            name=topic.group or groups.get(topic.under, ""),
            keywords=tuple(topic.sure[:MOST_KEYWORDS]),
        )
        for topic in taxonomy.topics
    )


def build_files(settings: Settings) -> Files:
    """Where attachments are kept."""
    return Files(settings.data_dir / FOLDER, settings.attachments)


def build_ministry(settings: Settings) -> Ministry | None:
    """What seals who an anonymous citizen is; None where no key was given."""
    return Ministry(settings.ministry) if settings.ministry else None


def build_recorder(settings: Settings, vault: Vault) -> Recorder:
    """What makes records of messages."""
    return Recorder(
        rules=build_rules(settings),
        vault=vault,
        codes=CaseCodes(vault.derive("case codes")),
        files=build_files(settings),
        ministry=build_ministry(settings),
        manners=Manners(
            centrals=build_routes(settings),
            receipt_patience=int(settings.pipeline.receipt_patience * 1000),
            replies_per_hour=settings.pipeline.replies_per_hour,
            share_identity=settings.identity.share,
            asks=CHATS if settings.pipeline.questions else frozenset(),
            utc_hours=settings.tenant.utc_hours,
            commented=tuple(
                name
                for name, chosen in settings.centrals.items()
                if chosen.kind.comments_with(chosen.options)
            ),
        ),
    )
