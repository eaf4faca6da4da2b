"""The sentences for citizens alone, for who needs no other rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config_files import find_config_file
from gateway.errors import SettingsError
from normalizer.rules import LANGUAGES, RulesError, read_replies
from normalizer.wording import Replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """A `normalizer.replies.Speech`."""

    replies: Mapping[str, Replies]


def read_speech(config_dir: Path | None) -> Sentences:
    """config/replies, the operator's or the shipped ones; SettingsError names what is wrong."""
    names = [f"replies/{language}.toml" for language in LANGUAGES]
    files = {name: find_config_file(config_dir, name).read_bytes() for name in names}
    try:
        return Sentences(replies=read_replies(files))
    except RulesError as exc:
        raise SettingsError(str(exc)) from exc
