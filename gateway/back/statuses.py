"""
What a store's words for the state of a case mean: config/statuses.toml, read once.

Words are compared without regard to case and spaces. One that ends in `*` stands for every word
that begins like it, and what follows is who has the case now. A word nobody has put down means
nothing to us and is shown as it is.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from forwarder.update import Update, UpdateKind
from gateway.config_files import find_config_file
from gateway.decode import Decoder, read_toml
from gateway.secrets import Secrets
from normalizer.wording import STATES

FILE = "statuses.toml"
ANY = "*"


class Meaning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one word says about a case."""

    #: The public state it puts the case into; "" leaves that as it is.
    state: str = ""
    #: What an update with this word is, unless the store says so itself.
    kind: UpdateKind = "status"
    #: Citizens are told at any hour.
    urgent: bool = False
    #: It stands in the timeline and nobody is told.
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.state and self.state not in STATES:
            raise ValueError(f"state: expected one of {', '.join(STATES)}")


class StatusesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as a whole."""

    #: The words of every store.
    words: dict[str, Meaning] = {}
    #: Those of one store, by the name it has in gateway.toml; they come first.
    stores: dict[str, dict[str, Meaning]] = {}


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """An update as we understand it."""

    kind: UpdateKind
    #: None: the public state stays as it is.
    state: str | None
    #: Who has the case now; "" where nobody says.
    agency: str = ""
    #: The store's word is in no table.
    unknown: bool = False
    urgent: bool = False
    quiet: bool = False


class Statuses:
    """The table of words."""

    def __init__(self, file: StatusesFile) -> None:
        self._words = _plain(file.words)
        self._stores = {name: _plain(words) for name, words in file.stores.items()}

    def read(self, store: str, update: Update) -> Read:
        """What an update of this store says."""
        word = plain(update.status)
        found, rest = self._meaning(store, word) if word else (None, "")
        kind = update.kind or (found.kind if found else _kind_of(update))
        # "Closed" without a word of its own is the end of the case all the same.
        state = (found.state if found else "") or ("selesai" if kind == "closed" else "")
        return Read(
            kind=kind,
            state=state or None,
            agency=update.agency or rest,
            unknown=bool(word) and found is None,
            urgent=found.urgent if found else False,
            quiet=found.quiet if found else False,
        )

    def _meaning(self, store: str, word: str) -> tuple[Meaning | None, str]:
        for words in (self._stores.get(store, {}), self._words):
            if word in words:
                return words[word], ""
            for known in sorted(words, key=len, reverse=True):
                begin = known.removesuffix(ANY)
                if begin != known and word.startswith(begin):
                    return words[known], word[len(begin) :].strip()
        return None, ""


def read_statuses(config_dir: Path | None) -> Statuses:
    """The operator's table, or the shipped one; SettingsError names the entry that does not fit."""
    file = find_config_file(config_dir, FILE)
    return Statuses(Decoder(file, Secrets({})).section(read_toml(file), StatusesFile))


def plain(word: str) -> str:
    """A word as it is compared."""
    return " ".join(word.casefold().split())


def _plain(words: Mapping[str, Meaning]) -> Mapping[str, Meaning]:
    return {plain(word): meaning for word, meaning in words.items()}


def _kind_of(update: Update) -> UpdateKind:
    """What an update is that says neither its kind nor a word we know."""
    if update.text and not update.status:
        return "answer"
    return "transfer" if update.agency and not update.status else "status"
